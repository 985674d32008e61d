//! `payment_*`: fees.

use jsonrpsee::RpcModule;
use jsonrpsee::server::RegisterMethodError;
use parity_scale_codec::{Compact, Encode};
use serde_json::{Value, json};
use sp_core::Bytes;

use super::state::extrinsic;
use super::{Context, RpcError};
use crate::engine::Hash;

pub(super) fn register(module: &mut RpcModule<Context>) -> Result<(), RegisterMethodError> {
    module.register_blocking_method("payment_queryInfo", |params, context, _| {
        let mut params = params.sequence();
        let bytes: Bytes = params.next()?;
        query_info(&context, &bytes, params.optional_next()?)
    })?;
    Ok(())
}

fn query_info(context: &Context, bytes: &Bytes, at: Option<Hash>) -> Result<Value, RpcError> {
    const CLASSES: [&str; 3] = ["normal", "operational", "mandatory"];
    let extrinsic = extrinsic(bytes)?;
    let arguments = (&extrinsic, bytes.len() as u32).encode();
    let at = context.block_or_best(at);
    let (ref_time, proof_size, class, fee): (Compact<u64>, Compact<u64>, u8, u128) =
        context.node.chain().call_decoded(at, "TransactionPaymentApi_query_info", &arguments)?;
    Ok(json!({
        "weight": { "ref_time": ref_time.0, "proof_size": proof_size.0 },
        "class": CLASSES.get(usize::from(class)),
        "partialFee": fee.to_string(),
    }))
}
