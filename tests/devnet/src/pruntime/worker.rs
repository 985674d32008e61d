//! The worker inside a pRuntime: it reads the chain's messages in each dispatched block and
//! answers with signed ones.

mod activity;
mod block_view;
mod egress;
mod gatekeeper;

use parity_scale_codec::{Decode, Encode};
use prb_devnet_runtime::types::{
    Message, MessageOrigin, SignedContentType, SignedMessage, SystemEvent,
    VersionedWorkerEndpoints, WorkerEndpointPayload, WorkerPublicKey, topic, wrap_signed_content,
};
use sp_core::Pair;

use super::config::Mode;
use super::identity::Identity;
use activity::Activity;
pub(crate) use block_view::{BlockView, WorkerKeys};
use egress::Egress;
use gatekeeper::Gatekeeper;

/// The longest endpoint payload a worker signs, in bytes.
const MAX_ENDPOINT_PAYLOAD: usize = 2048;

/// What a worker is and does, all of it part of a checkpoint; its keys are kept apart.
#[derive(Clone, Debug, Default, Encode, Decode)]
pub(crate) struct Worker {
    activity: Activity,
    egress: Egress,
    gatekeeper: Gatekeeper,
    registered: bool,
    now_ms: u64,
}

/// How fast the double pretends to be, and how it reports.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Habits {
    /// Iterations per six seconds.
    pub(crate) score: u32,
    /// Decides the form of a heartbeat.
    pub(crate) mode: Mode,
    /// Seed of the key that the gatekeepers share.
    pub(crate) master_key_seed: Option<[u8; 32]>,
}

impl Worker {
    /// Lives through one applied block: what the chain has accepted is forgotten first, then the
    /// block's messages are read in order.
    pub(crate) fn on_block(&mut self, view: &BlockView, identity: &Identity, habits: Habits) {
        let public_key = identity.public_key();
        self.egress.purge(view.ingress);
        self.registered = view.registered;
        self.now_ms = view.now_ms;
        let clock = activity::Clock { block: view.number, now_ms: view.now_ms, habits };
        for message in &view.messages {
            let Some(event) = system_event(message) else { continue };
            if let Some(report) = self.activity.on_event(&event, &public_key, clock) {
                self.send(report.into_message(&public_key, habits.mode), identity);
            }
        }
        if let Some(report) = self.activity.on_block_end(clock) {
            self.send(report.into_message(&public_key, habits.mode), identity);
        }
        self.gatekeeper.on_block(view, habits.master_key_seed);
    }

    fn send(&mut self, message: Message, identity: &Identity) {
        self.egress.push(message, identity.pair());
    }

    /// Whether the chain knows the worker, as of the last dispatched block.
    pub(crate) fn registered(&self) -> bool {
        self.registered
    }

    /// Time of the last dispatched block, ms since 1970.
    pub(crate) fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// Messages the chain has not accepted yet.
    pub(crate) fn pending(&self) -> usize {
        self.egress.len()
    }

    /// Those messages by sender.
    pub(crate) fn egress(
        &self,
        public_key: WorkerPublicKey,
    ) -> Vec<(MessageOrigin, Vec<SignedMessage>)> {
        let mut all = self.egress.by_sender(MessageOrigin::Worker(public_key));
        if self.registered {
            all.extend(self.gatekeeper.egress());
        }
        all
    }

    /// Signs a statement of the worker's addresses, as of the last dispatched block.
    pub(crate) fn sign_endpoints(
        &self,
        endpoints: Vec<String>,
        identity: &Identity,
    ) -> Option<(WorkerEndpointPayload, Vec<u8>)> {
        let payload = WorkerEndpointPayload {
            pubkey: identity.public_key(),
            versioned_endpoints: VersionedWorkerEndpoints::V1(endpoints),
            signing_time: self.now_ms,
        };
        let encoded = payload.encode();
        if encoded.len() > MAX_ENDPOINT_PAYLOAD {
            return None;
        }
        let wrapped = wrap_signed_content(&encoded, SignedContentType::EndpointInfo);
        let signature = identity.pair().sign(&wrapped);
        Some((payload, signature.0.to_vec()))
    }
}

/// The event in a message, if it is one that only the chain may send.
fn system_event(message: &Message) -> Option<SystemEvent> {
    let from_chain = matches!(message.sender, MessageOrigin::Pallet(_));
    if !from_chain || message.destination.0 != topic::SYSTEM_EVENT {
        return None;
    }
    SystemEvent::decode(&mut &message.payload[..]).ok()
}

#[cfg(test)]
mod tests;
