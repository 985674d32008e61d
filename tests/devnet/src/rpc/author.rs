//! `author_*`: the transaction pool.

use std::sync::Arc;

use jsonrpsee::server::RegisterMethodError;
use jsonrpsee::types::Params;
use jsonrpsee::{PendingSubscriptionSink, RpcModule};
use parity_scale_codec::Encode;
use sp_core::Bytes;

use super::state::extrinsic;
use super::subscription::send;
use super::{Context, RpcError};

pub(super) fn register(module: &mut RpcModule<Context>) -> Result<(), RegisterMethodError> {
    module.register_blocking_method("author_submitExtrinsic", |params, context, _| {
        let bytes: Bytes = params.one()?;
        Ok::<_, RpcError>(context.node.submit(extrinsic(&bytes)?)?)
    })?;
    module.register_method("author_pendingExtrinsics", |_, context, _| {
        let pending = context.node.pending();
        pending.iter().map(|tx| Bytes(tx.extrinsic.encode())).collect::<Vec<_>>()
    })?;
    module.register_subscription(
        "author_submitAndWatchExtrinsic",
        "author_extrinsicUpdate",
        "author_unwatchExtrinsic",
        |params, pending, context, _| watch(params, pending, context),
    )?;
    Ok(())
}

async fn watch(params: Params<'static>, pending: PendingSubscriptionSink, context: Arc<Context>) {
    let submit = move || -> Result<_, RpcError> {
        let bytes: Bytes = params.one()?;
        Ok(context.node.submit_and_watch(extrinsic(&bytes)?)?)
    };
    let mut updates = match tokio::task::spawn_blocking(submit).await {
        Ok(Ok(updates)) => updates,
        Ok(Err(error)) => return pending.reject(error).await,
        // The runtime shuts down.
        Err(_cancelled) => return,
    };
    let Ok(sink) = pending.accept().await else { return };
    loop {
        let update = tokio::select! {
            () = sink.closed() => return,
            update = updates.recv() => update,
        };
        let Ok(status) = update else { return };
        if !send(&sink, &status).await || status.is_last() {
            return;
        }
    }
}
