//! A worker that does what the chain's messages ask of it.

use parity_scale_codec::{Decode, Encode};
use sp_core::{H256, Pair as _, sr25519};
use sp_keyring::Sr25519Keyring;

use super::{super::*, Fixture};
use crate::{
    chain::Balance,
    para::phala_stake_pool::session_account,
    types::{
        AccountId, Message, MessageOrigin, RegistryEvent, SessionInfo, SignedMessage, SystemEvent,
        WorkerRegistrationInfoV2, WorkingReportEvent, runtime_version_code, topic,
    },
};

pub(super) type RegistryCall = phala_registry::Call<Runtime>;
pub(super) type PoolCall = phala_stake_pool::Call<Runtime>;
pub(super) type MqCall = phala_mq::Call<Runtime>;
pub(super) type AdminCall = dev_gatekeeper::Call<Runtime>;

pub(super) struct Worker {
    pub(super) pair: sr25519::Pair,
    pub(super) operator: Sr25519Keyring,
    pub(super) sequence: u64,
}

impl Worker {
    pub(super) fn new(seed: u8, operator: Sr25519Keyring) -> Self {
        Self { pair: sr25519::Pair::from_seed(&[seed; 32]), operator, sequence: 0 }
    }

    pub(super) fn key(&self) -> sr25519::Public {
        self.pair.public()
    }

    pub(super) fn info(&self) -> WorkerRegistrationInfoV2 {
        WorkerRegistrationInfoV2 {
            version: runtime_version_code(2, 2, 1),
            machine_id: vec![],
            pubkey: self.key(),
            ecdh_pubkey: self.key(),
            genesis_block_hash: H256::repeat_byte(9),
            features: vec![4, 1],
            operator: Some(self.operator.to_account_id()),
            para_id: KHALA_PARA_ID,
            max_consensus_version: 0,
        }
    }

    pub(super) fn sign(&self, destination: &[u8], event: &impl Encode) -> SignedMessage {
        let message = Message::new(MessageOrigin::Worker(self.key()), destination, event);
        SignedMessage::sign(message, self.sequence, &self.pair)
    }

    /// Sends the next message in a block of its own.
    pub(super) fn send(&mut self, fixture: &mut Fixture, destination: &[u8], event: &impl Encode) {
        let signed_message = self.sign(destination, event);
        fixture
            .result(Sr25519Keyring::Ferdie, MqCall::sync_offchain_message { signed_message })
            .unwrap();
        self.sequence += 1;
    }

    pub(super) fn register(&self, fixture: &mut Fixture) {
        let call = RegistryCall::register_worker_v2 {
            pruntime_info: self.info(),
            attestation: Box::new(None),
        };
        fixture.result(self.operator, call).unwrap();
    }

    /// Reports a benchmark that gives `score`.
    pub(super) fn bench(&mut self, fixture: &mut Fixture, score: u64) {
        let start_time = fixture.now();
        let elapsed = fixture.next_time - start_time;
        let iterations = (score * elapsed).div_ceil(6_000);
        let report = RegistryEvent::BenchReport { start_time, iterations };
        self.send(fixture, topic::REGISTRY_EVENT, &report);
    }

    /// Registers, scores 100 and joins a pool.
    pub(super) fn join(&mut self, fixture: &mut Fixture, pid: u64) {
        self.register(fixture);
        self.bench(fixture, 100);
        let call = PoolCall::add_worker { pid, pubkey: self.key() };
        fixture.result(self.operator, call).unwrap();
    }

    pub(super) fn start_call(&self, pid: u64, stake: Balance) -> PoolCall {
        PoolCall::start_computing { pid, worker: self.key(), stake }
    }

    pub(super) fn session(&self, pid: u64) -> AccountId {
        session_account(pid, &self.key())
    }

    pub(super) fn session_info(&self, fixture: &mut Fixture, pid: u64) -> SessionInfo {
        let session = self.session(pid);
        fixture.read(|| phala_computation::Sessions::<Runtime>::get(session)).unwrap()
    }
}

/// The system events among the block's outbound messages.
pub(super) fn system_events(fixture: &mut Fixture) -> Vec<SystemEvent> {
    fixture
        .read(phala_mq::OutboundMessages::<Runtime>::get)
        .iter()
        .filter(|message| message.destination.0 == topic::SYSTEM_EVENT)
        .map(|message| SystemEvent::decode(&mut message.payload.as_slice()).unwrap())
        .collect()
}

pub(super) fn heartbeat(session_id: u32, challenge_block: u32) -> WorkingReportEvent {
    WorkingReportEvent::Heartbeat {
        session_id,
        challenge_block,
        challenge_time: 5_000,
        iterations: 77,
    }
}
