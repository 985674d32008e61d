//! What the chain keeps of an account.

use subxt::utils::{AccountId32, H256};

use crate::chain::{ChainClient, ChainError, keys};

/// Next nonce and free balance in planck after `block`.
pub(super) async fn nonce_and_balance(
    chain: &ChainClient,
    account: &AccountId32,
    block: H256,
) -> Result<(u32, u128), ChainError> {
    let key = keys::blake2_128_entry("System", "Account", &account.0);
    let info = chain.storage(&key, block).await?;
    Ok(decode(info.as_deref().unwrap_or_default()))
}

/// AccountInfo begins with nonce u32 and three counters u32; the free balance u128 follows. An
/// account without an entry has neither.
fn decode(info: &[u8]) -> (u32, u128) {
    let nonce = info.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
    let free = info.get(16..).and_then(|rest| rest.first_chunk());
    (nonce, free.map_or(0, |bytes| u128::from_le_bytes(*bytes)))
}
