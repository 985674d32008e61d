//! `system_*`: what the node says of itself.

use jsonrpsee::RpcModule;
use jsonrpsee::server::RegisterMethodError;
use parity_scale_codec::Encode;
use serde_json::json;
use sp_core::crypto::AccountId32;

use super::{Context, RpcError};

pub(super) fn register(module: &mut RpcModule<Context>) -> Result<(), RegisterMethodError> {
    module.register_method("system_name", |_, _, _| "prb-devnet")?;
    module.register_method("system_version", |_, _, _| env!("CARGO_PKG_VERSION"))?;
    module.register_method("system_chain", |_, context, _| context.identity.chain)?;
    module.register_method("system_chainType", |_, _, _| "Development")?;
    module.register_method("system_nodeRoles", |_, _, _| ["Authority"])?;
    module.register_method("system_properties", |_, context, _| {
        let identity = &context.identity;
        json!({
            "ss58Format": identity.ss58_prefix,
            "tokenDecimals": identity.decimals,
            "tokenSymbol": identity.token,
        })
    })?;
    module.register_method(
        "system_health",
        |_, _, _| json!({ "peers": 0, "isSyncing": false, "shouldHavePeers": false }),
    )?;
    module.register_method("system_syncState", |_, context, _| {
        let best = context.node.chain().best().number();
        json!({ "startingBlock": 0, "currentBlock": best, "highestBlock": best })
    })?;
    module.register_blocking_method("system_accountNextIndex", |params, context, _| {
        next_index(&context, &params.one()?)
    })?;
    module.register_alias("account_nextIndex", "system_accountNextIndex")
}

/// The nonce after those in the best block and in the pool without a gap.
fn next_index(context: &Context, account: &AccountId32) -> Result<u32, RpcError> {
    let best = context.node.chain().best().hash;
    let method = "AccountNonceApi_account_nonce";
    let nonce: u32 = context.node.chain().call_decoded(best, method, &account.encode())?;
    let tags = (nonce..).map(|nonce| (account, nonce).encode());
    Ok(nonce + context.node.provided_in_pool(tags) as u32)
}
