//! `state_*`: storage, proofs and runtime calls.

mod query;
mod subscribe;

use jsonrpsee::RpcModule;
use jsonrpsee::server::RegisterMethodError;
use jsonrpsee::types::Params;
use parity_scale_codec::Decode;
use serde::de::DeserializeOwned;
use serde_json::json;
use sp_core::Bytes;
use sp_state_machine::Backend as _;
use sp_version::RuntimeVersion;

use super::{Context, RpcError};
use crate::engine::archive::{State, keys_after, pairs, read_proof};
use crate::engine::chain::ChainError;
use crate::engine::{Extrinsic, Hash};

/// Most keys in one page.
const MAX_KEYS: u32 = 1000;

pub(super) fn register(module: &mut RpcModule<Context>) -> Result<(), RegisterMethodError> {
    module.register_blocking_method("state_call", |params, context, _| {
        let (method, arguments, at): (String, Bytes, Option<Hash>) = three(&params)?;
        let at = context.block_with_state(context.block_or_best(at))?.hash;
        Ok::<_, RpcError>(Bytes(context.node.chain().call(at, &method, &arguments)?))
    })?;
    module.register_blocking_method("state_getStorage", |params, context, _| {
        let (key, at): (Bytes, Option<Hash>) = two(&params)?;
        Ok::<_, RpcError>(state(&context, at)?.storage(&key).map_err(unreadable)?.map(Bytes))
    })?;
    module.register_blocking_method("state_getStorageHash", |params, context, _| {
        let (key, at): (Bytes, Option<Hash>) = two(&params)?;
        state(&context, at)?.storage_hash(&key).map_err(unreadable)
    })?;
    module.register_blocking_method("state_getStorageSize", |params, context, _| {
        let (key, at): (Bytes, Option<Hash>) = two(&params)?;
        size(&state(&context, at)?, &key)
    })?;
    module.register_blocking_method("state_getKeysPaged", |params, context, _| {
        keys_paged(&context, &params)
    })?;
    module.register_blocking_method("state_getPairs", |params, context, _| {
        if !context.allow_unsafe {
            return Err(RpcError::Unsafe);
        }
        let (prefix, at): (Bytes, Option<Hash>) = two(&params)?;
        let state = state(&context, at)?;
        let pairs = pairs(&state, &prefix).map_err(unreadable)?;
        let hex = pairs.map(|pair| pair.map(|(key, value)| (Bytes(key), Bytes(value))));
        hex.collect::<Result<Vec<_>, _>>().map_err(unreadable)
    })?;
    module.register_blocking_method("state_getReadProof", |params, context, _| {
        let (keys, at): (Vec<Bytes>, Option<Hash>) = two(&params)?;
        let at = context.block_or_best(at);
        let state = context.node.chain().state_of(&*context.block_with_state(at)?);
        let proof = read_proof(&state, keys.iter().map(|key| &key.0)).map_err(unreadable)?;
        let proof: Vec<Bytes> = proof.into_iter().map(Bytes).collect();
        Ok::<_, RpcError>(json!({ "at": at, "proof": proof }))
    })?;
    module.register_blocking_method("state_getMetadata", |params, context, _| {
        let at = context.block_or_best(params.sequence().optional_next()?);
        context.block_with_state(at)?;
        let opaque = context.node.chain().call_decoded(at, "Metadata_metadata", &[])?;
        Ok::<_, RpcError>(Bytes(opaque))
    })?;
    module.register_blocking_method("state_getRuntimeVersion", |params, context, _| {
        let at = context.block_or_best(params.sequence().optional_next()?);
        version(&context, at)
    })?;
    query::register(module)?;
    subscribe::register(module)?;
    for (alias, method) in [
        ("state_callAt", "state_call"),
        ("state_getStorageAt", "state_getStorage"),
        ("state_getStorageHashAt", "state_getStorageHash"),
        ("state_getStorageSizeAt", "state_getStorageSize"),
        ("state_getKeysPagedAt", "state_getKeysPaged"),
        ("chain_getRuntimeVersion", "state_getRuntimeVersion"),
    ] {
        module.register_alias(alias, method)?;
    }
    Ok(())
}

fn keys_paged(context: &Context, params: &Params<'_>) -> Result<Vec<Bytes>, RpcError> {
    let mut params = params.sequence();
    let prefix: Option<Bytes> = params.optional_next()?;
    let count: u32 = params.next()?;
    let start: Option<Bytes> = params.optional_next()?;
    let at: Option<Hash> = params.optional_next()?;
    if count > MAX_KEYS {
        return Err(RpcError::Count { value: count, max: MAX_KEYS });
    }
    let state = state(context, at)?;
    let (prefix, start) = (prefix.as_deref(), start.as_deref());
    let keys = keys_after(&state, prefix, start).map_err(unreadable)?;
    keys.take(count as usize).map(|key| Ok(Bytes(key.map_err(unreadable)?))).collect()
}

/// The version of the runtime in a block's state.
fn version(context: &Context, at: Hash) -> Result<RuntimeVersion, RpcError> {
    let at = context.block_with_state(at)?.hash;
    Ok(context.node.chain().call_decoded(at, "Core_version", &[])?)
}

/// Bytes of a value or, where the key is a prefix only, of all values below it.
fn size(state: &State, key: &[u8]) -> Result<Option<usize>, RpcError> {
    if let Some(value) = state.storage(key).map_err(unreadable)? {
        return Ok(Some(value.len()));
    }
    let below = pairs(state, key).map_err(unreadable)?;
    let sum =
        below.map(|pair| Ok(pair.map_err(unreadable)?.1.len())).sum::<Result<_, RpcError>>()?;
    Ok(Some(sum).filter(|sum| *sum > 0))
}

fn state(context: &Context, at: Option<Hash>) -> Result<State, RpcError> {
    let block = context.block_with_state(context.block_or_best(at))?;
    Ok(context.node.chain().state_of(&block))
}

fn unreadable(error: String) -> RpcError {
    RpcError::State(ChainError::State(error))
}

/// One parameter and the block to look at.
fn two<A: DeserializeOwned>(params: &Params<'_>) -> Result<(A, Option<Hash>), RpcError> {
    let mut params = params.sequence();
    Ok((params.next()?, params.optional_next()?))
}

/// Two parameters and the block to look at.
fn three<A: DeserializeOwned, B: DeserializeOwned>(
    params: &Params<'_>,
) -> Result<(A, B, Option<Hash>), RpcError> {
    let mut params = params.sequence();
    Ok((params.next()?, params.next()?, params.optional_next()?))
}

/// An extrinsic as clients send it: SCALE with its length in front.
pub(super) fn extrinsic(bytes: &Bytes) -> Result<Extrinsic, RpcError> {
    Extrinsic::decode(&mut &bytes[..]).map_err(RpcError::ExtrinsicFormat)
}
