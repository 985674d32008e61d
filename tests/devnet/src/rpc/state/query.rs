//! `state_queryStorage*`: the same keys at several blocks.

use std::collections::HashMap;

use jsonrpsee::RpcModule;
use jsonrpsee::server::RegisterMethodError;
use sp_core::storage::{StorageChangeSet, StorageData, StorageKey};

use super::{Context, RpcError};
use crate::engine::Hash;
use crate::engine::chain::Chain;

pub(super) fn register(module: &mut RpcModule<Context>) -> Result<(), RegisterMethodError> {
    module.register_blocking_method("state_queryStorageAt", |params, context, _| {
        let (keys, at): (Vec<StorageKey>, Option<Hash>) = super::two(&params)?;
        let at = context.block_with_state(context.block_or_best(at))?.hash;
        change_sets(context.node.chain(), &keys, at, at)
    })?;
    module.register_blocking_method("state_queryStorage", |params, context, _| {
        if !context.allow_unsafe {
            return Err(RpcError::Unsafe);
        }
        let (keys, from, to): (Vec<StorageKey>, Hash, Option<Hash>) = super::three(&params)?;
        change_sets(context.node.chain(), &keys, from, context.block_or_best(to))
    })?;
    Ok(())
}

/// The values at `from`, then those that changed in each block up to `to`.
fn change_sets(
    chain: &Chain,
    keys: &[StorageKey],
    from: Hash,
    to: Hash,
) -> Result<Vec<StorageChangeSet<Hash>>, RpcError> {
    let mut last: HashMap<&StorageKey, Option<StorageData>> = HashMap::new();
    let mut sets = Vec::new();
    for block in route(chain, from, to)? {
        let mut changes = Vec::new();
        for key in keys {
            let value = chain.storage(block, &key.0)?.map(StorageData);
            if last.get(key) != Some(&value) {
                changes.push((key.clone(), value.clone()));
                last.insert(key, value);
            }
        }
        if !changes.is_empty() {
            sets.push(StorageChangeSet { block, changes });
        }
    }
    Ok(sets)
}

/// The blocks from `from` to `to` by parent, oldest first.
fn route(chain: &Chain, from: Hash, to: Hash) -> Result<Vec<Hash>, RpcError> {
    let invalid = |details: &str| RpcError::BlockRange {
        from: format!("{from:?}"),
        to: format!("{to:?}"),
        details: details.to_owned(),
    };
    let first = chain.block(from)?.number();
    let mut block = chain.block(to)?;
    if first > block.number() {
        return Err(invalid("from number > to number"));
    }
    let mut route = vec![to];
    while block.number() > first {
        block = chain.block(block.header.parent_hash)?;
        route.push(block.hash);
    }
    if block.hash != from {
        return Err(invalid("from and to are on different forks"));
    }
    route.reverse();
    Ok(route)
}
