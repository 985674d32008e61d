//! `pha_*`: what Phala's nodes add for bridges.

use std::sync::Arc;

use jsonrpsee::RpcModule;
use jsonrpsee::server::RegisterMethodError;
use jsonrpsee::types::Params;
use parity_scale_codec::{Decode, Encode};
use prb_devnet_runtime::para::phala_mq::sequence_tag;
use prb_devnet_runtime::types::MessageOrigin;
use serde_json::{Value, json};
use sp_core::Bytes;
use sp_io::hashing::{twox_64, twox_128};

use super::{Context, RpcError};
use crate::engine::chain::{ChainError, StoredBlock};
use crate::engine::changes::{Collection, EncodedChanges};
use crate::engine::{BlockNumber, Hash};

/// Most blocks between the two ends of a request.
const MAX_DISTANCE: BlockNumber = 10_000;

pub(super) fn register(module: &mut RpcModule<Context>) -> Result<(), RegisterMethodError> {
    module.register_blocking_method("pha_getStorageChanges", |params, context, _| {
        let blocks = range(&context, &params)?;
        let changes = blocks.iter().map(|block| changes_json(&block.changes));
        Ok::<_, RpcError>(changes.collect::<Vec<_>>())
    })?;
    module.register_blocking_method("pha_getStorageChangesWithRoot", |params, context, _| {
        let blocks = range(&context, &params)?;
        let changes = blocks.iter().map(|block| {
            let root = block.header.state_root.as_bytes();
            json!({ "changes": changes_json(&block.changes), "stateRoot": root })
        });
        Ok::<_, RpcError>(changes.collect::<Vec<_>>())
    })?;
    module.register_blocking_method("pha_getStorageChangesAt", |params, context, _| {
        let block = context.block_with_state(params.one()?).map_err(client)?;
        Ok::<_, RpcError>(Bytes(context.faults.of_node().changes(&block)))
    })?;
    module.register_blocking_method("pha_getMqNextSequence", |params, context, _| {
        let sender: String = params.one()?;
        next_sequence(&context, &sender)
    })?;
    Ok(())
}

/// The blocks from the first to the second hash, oldest first.
fn range(context: &Context, params: &Params<'_>) -> Result<Vec<Arc<StoredBlock>>, RpcError> {
    let (from, to): (Hash, Hash) = params.parse()?;
    let chain = context.node.chain();
    let first = chain.block(from).map_err(client)?.number();
    let mut block = chain.block(to).map_err(client)?;
    let unresolved =
        || RpcError::Phala(format!("Cannot resolve a block range [{from:?} ... {to:?}]"));
    let distance = block.number().checked_sub(first).ok_or_else(unresolved)?;
    if distance > MAX_DISTANCE {
        return Err(RpcError::Phala("Resource limited, Too large number of blocks".to_owned()));
    }
    let mut blocks = Vec::with_capacity(distance as usize + 1);
    while block.number() > first {
        let parent = chain.block(block.header.parent_hash).map_err(client)?;
        blocks.push(std::mem::replace(&mut block, parent));
    }
    if block.hash != from {
        return Err(unresolved());
    }
    blocks.push(block);
    blocks.reverse();
    Ok(blocks)
}

fn changes_json(changes: &EncodedChanges) -> Value {
    let pairs = |collection: Collection| -> Vec<(Bytes, Option<Bytes>)> {
        collection.into_iter().map(|(key, value)| (Bytes(key), value.map(Bytes))).collect()
    };
    let changes = changes.decode();
    let children = changes.child_storage_changes.into_iter();
    let children: Vec<_> = children.map(|(key, child)| (Bytes(key), pairs(child))).collect();
    json!({
        "mainStorageChanges": pairs(changes.main_storage_changes),
        "childStorageChanges": children,
    })
}

/// The sequence the next message of a sender must have, messages in the pool counted.
///
/// Only messages that are transactions of their own are seen, none inside a batch.
fn next_sequence(context: &Context, sender: &str) -> Result<u64, RpcError> {
    let invalid = || RpcError::Phala("Invalid sender".to_owned());
    let bytes = hex::decode(sender).map_err(|_| invalid())?;
    let origin = MessageOrigin::decode(&mut &bytes[..]).map_err(|_| invalid())?;
    let encoded = origin.encode();
    let item = [twox_128(b"PhalaMq"), twox_128(b"OffchainIngress")].concat();
    let key = [&item[..], &twox_64(&encoded), &encoded].concat();
    let chain = context.node.chain();
    let value = chain.storage(chain.best().hash, &key).map_err(client)?.unwrap_or_default();
    let on_chain = u64::decode(&mut &value[..]).unwrap_or(0);
    let tags = (on_chain..).map(|sequence| sequence_tag(&origin, sequence));
    Ok(on_chain + context.node.provided_in_pool(tags))
}

#[expect(clippy::needless_pass_by_value, reason = "its place is in map_err")]
fn client(error: ChainError) -> RpcError {
    RpcError::Phala(format!("Client error: {error}"))
}
