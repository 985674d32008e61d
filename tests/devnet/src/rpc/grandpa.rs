//! `grandpa_*`: the relay chain's finality.

use std::sync::Arc;

use jsonrpsee::server::RegisterMethodError;
use jsonrpsee::{PendingSubscriptionSink, RpcModule};
use parity_scale_codec::Encode;
use serde_json::{Value, json};
use sp_core::Bytes;

use super::subscription::forward;
use super::{Context, RelayFinality, RpcError};
use crate::engine::BlockNumber;
use crate::grandpa::threshold;

pub(super) fn register(module: &mut RpcModule<Context>) -> Result<(), RegisterMethodError> {
    module.register_blocking_method("grandpa_proveFinality", |params, context, _| {
        let number: BlockNumber = params.one()?;
        let Some(relay) = &context.finality else { return Ok(None) };
        let proof = relay.finality.read().prove(context.node.chain(), number);
        let proof = context.faults.of_node().proof(&context, number, proof)?;
        Ok::<_, RpcError>(proof.map(|proof| Bytes(proof.encode())))
    })?;
    module.register_method("grandpa_roundState", |_, context, _| {
        context.finality.as_ref().map(round_state)
    })?;
    module.register_subscription(
        "grandpa_subscribeJustifications",
        "grandpa_justifications",
        "grandpa_unsubscribeJustifications",
        |_, pending: PendingSubscriptionSink, context: Arc<Context>, _| async move {
            let Some(relay) = &context.finality else { return };
            let justifications = relay.justifications.subscribe();
            let Ok(sink) = pending.accept().await else { return };
            forward(&sink, justifications, |bytes: &Arc<[u8]>| {
                let faults = context.faults.of_node();
                let heard = faults.stuck_at.is_none();
                heard.then(|| Bytes(faults.justification(bytes.to_vec())))
            })
            .await;
        },
    )?;
    Ok(())
}

/// The round that runs: nobody has voted yet.
fn round_state(relay: &RelayFinality) -> Value {
    let finality = relay.finality.read();
    let set = finality.running_set();
    let missing: Vec<_> = set.list().into_iter().map(|(id, _)| id).collect();
    let votes = json!({ "currentWeight": 0, "missing": missing });
    json!({
        "setId": set.id,
        "best": {
            "round": finality.next_round(),
            "totalWeight": set.pairs.len(),
            "thresholdWeight": threshold(set.pairs.len()),
            "prevotes": votes,
            "precommits": votes,
        },
        "background": [],
    })
}
