//! `state_subscribe*`: storage values and the runtime's version as they change.

use std::collections::HashSet;
use std::sync::Arc;

use jsonrpsee::server::RegisterMethodError;
use jsonrpsee::types::Params;
use jsonrpsee::{PendingSubscriptionSink, RpcModule};
use sp_core::storage::{StorageChangeSet, StorageData, StorageKey};
use sp_runtime::DigestItem;

use super::{Context, RpcError};
use crate::engine::Hash;
use crate::engine::chain::StoredBlock;
use crate::rpc::subscription::{forward, send};

pub(super) fn register(module: &mut RpcModule<Context>) -> Result<(), RegisterMethodError> {
    module.register_subscription(
        "state_subscribeStorage",
        "state_storage",
        "state_unsubscribeStorage",
        |params, pending, context, _| storage(params, pending, context),
    )?;
    module.register_subscription(
        "state_subscribeRuntimeVersion",
        "state_runtimeVersion",
        "state_unsubscribeRuntimeVersion",
        |_, pending: PendingSubscriptionSink, context: Arc<Context>, _| async move {
            let events = context.node.subscribe_imported();
            let Ok(sink) = pending.accept().await else { return };
            let mut last = None;
            let mut news = |at| {
                let version = super::version(&context, at).ok()?;
                let newer = last.replace(version.spec_version) != Some(version.spec_version);
                newer.then_some(version)
            };
            let Some(first) = news(context.best().hash) else { return };
            if send(&sink, &first).await {
                forward(&sink, events, |block: &Arc<StoredBlock>| {
                    // A new runtime shows in the header.
                    let logs = &block.header.digest.logs;
                    let changed = logs.contains(&DigestItem::RuntimeEnvironmentUpdated);
                    changed.then(|| news(block.hash)).flatten()
                })
                .await;
            }
        },
    )?;
    for (alias, method) in [
        ("chain_subscribeRuntimeVersion", "state_subscribeRuntimeVersion"),
        ("chain_unsubscribeRuntimeVersion", "state_unsubscribeRuntimeVersion"),
    ] {
        module.register_alias(alias, method)?;
    }
    Ok(())
}

async fn storage(params: Params<'static>, pending: PendingSubscriptionSink, context: Arc<Context>) {
    let keys: Option<Vec<StorageKey>> = match params.sequence().optional_next() {
        Ok(keys) => keys,
        Err(error) => return pending.reject(error).await,
    };
    let Some(keys) = keys else {
        // Without keys every change of the chain would have to be sent.
        return pending.reject(RpcError::Unsafe).await;
    };
    let events = context.node.subscribe_imported();
    let current = context.node.chain().best();
    let Ok(sink) = pending.accept().await else { return };
    let values = keys.iter().map(|key| {
        let value = context.node.chain().storage(current.hash, &key.0).ok().flatten();
        (key.clone(), value.map(StorageData))
    });
    let first = StorageChangeSet { block: current.hash, changes: values.collect() };
    let keys: HashSet<Vec<u8>> = keys.into_iter().map(|key| key.0).collect();
    if first.changes.is_empty() || send(&sink, &first).await {
        forward(&sink, events, |block: &Arc<StoredBlock>| {
            (block.number() > current.number()).then(|| changed(block, &keys)).flatten()
        })
        .await;
    }
}

fn changed(block: &StoredBlock, keys: &HashSet<Vec<u8>>) -> Option<StorageChangeSet<Hash>> {
    let changes = block.changes.decode().main_storage_changes.into_iter();
    let changes: Vec<_> = changes
        .filter(|(key, _)| keys.contains(key))
        .map(|(key, value)| (StorageKey(key), value.map(StorageData)))
        .collect();
    (!changes.is_empty()).then_some(StorageChangeSet { block: block.hash, changes })
}
