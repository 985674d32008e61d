//! Sending what happens to subscribers, without ever waiting for a slow one.

use std::sync::Arc;

use jsonrpsee::server::{RegisterMethodError, SubscriptionSink};
use jsonrpsee::{PendingSubscriptionSink, RpcModule};
use serde::Serialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::Context;
use crate::engine::chain::StoredBlock;

/// Sends one item; false when the subscriber is gone.
pub(super) async fn send(sink: &SubscriptionSink, item: &impl Serialize) -> bool {
    let Ok(message) = serde_json::value::to_raw_value(item) else { return false };
    sink.send(message).await.is_ok()
}

/// Sends what `item` makes of each event until the subscriber leaves.
///
/// A subscriber that falls behind by the whole buffer loses its subscription, as on a real node.
pub(super) async fn forward<E: Clone, T: Serialize>(
    sink: &SubscriptionSink,
    mut events: Receiver<E>,
    mut item: impl FnMut(&E) -> Option<T>,
) {
    loop {
        let event = tokio::select! {
            () = sink.closed() => return,
            event = events.recv() => event,
        };
        match event {
            Ok(event) => {
                let Some(item) = item(&event) else { continue };
                if !send(sink, &item).await {
                    return;
                }
            }
            Err(RecvError::Lagged(missed)) => {
                tracing::warn!(method = sink.method_name(), missed, "subscriber too slow, dropped");
                return;
            }
            Err(RecvError::Closed) => return,
        }
    }
}

/// Blocks that come, and the one that is there already.
type BlockSource = fn(&Context) -> (Receiver<Arc<StoredBlock>>, Arc<StoredBlock>);

/// Registers a subscription to blocks: the current one first, then each that follows.
///
/// `names` are the methods to subscribe, of the messages, and to unsubscribe.
pub(super) fn follow_blocks<T: Serialize + Send + Sync + 'static>(
    module: &mut RpcModule<Context>,
    names: [&'static str; 3],
    source: BlockSource,
    item: fn(&StoredBlock) -> T,
) -> Result<(), RegisterMethodError> {
    let [subscribe, message, unsubscribe] = names;
    let serve = move |_, pending: PendingSubscriptionSink, context: Arc<Context>, _| async move {
        // Listening begins before the current block is read, so none is missed in between.
        let (events, current) = source(&context);
        let Ok(sink) = pending.accept().await else { return };
        if send(&sink, &item(&current)).await {
            let new = |block: &Arc<StoredBlock>| {
                let known = context.faults.of_node().knows(block.number());
                (known && block.number() > current.number()).then(|| item(block))
            };
            forward(&sink, events, new).await;
        }
    };
    module.register_subscription(subscribe, message, unsubscribe, serve)?;
    Ok(())
}
