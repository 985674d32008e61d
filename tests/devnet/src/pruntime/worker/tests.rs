use prb_devnet_runtime::types::{
    HeartbeatChallenge, RegistryEvent, WorkerEvent, WorkingReportEvent,
};
use sp_core::{H256, U256, sr25519};

use super::*;
use crate::pruntime::identity::SealedIdentity;

/// A worker that lives through blocks a second apart.
struct Life {
    worker: Worker,
    identity: Identity,
    mode: Mode,
    block: u32,
    /// The sequence the chain expects next.
    ingress: u64,
}

impl Life {
    fn begin(mode: Mode) -> Self {
        let sealed = SealedIdentity::generate(Some(&[3; 32]), H256::zero(), 2004);
        let identity = sealed.open().expect("an own key");
        Self { worker: Worker::default(), identity, mode, block: 0, ingress: 0 }
    }

    fn now_ms(&self) -> u64 {
        u64::from(self.block) * 1000
    }

    /// The next block with these events of the chain.
    fn block(&mut self, events: &[SystemEvent]) {
        let sender = MessageOrigin::Pallet(b"phala".to_vec());
        let messages =
            events.iter().map(|event| Message::new(sender.clone(), topic::SYSTEM_EVENT, event));
        self.block_of(messages.collect());
    }

    fn block_of(&mut self, messages: Vec<Message>) {
        self.block += 1;
        let view = BlockView {
            number: self.block,
            now_ms: self.now_ms(),
            messages,
            ingress: self.ingress,
            ..BlockView::default()
        };
        let habits = Habits { score: 1200, mode: self.mode, master_key_seed: None };
        self.worker.on_block(&view, &self.identity, habits);
    }

    fn event(&self, event: WorkerEvent) -> SystemEvent {
        SystemEvent::WorkerEvent { pubkey: self.identity.public_key(), event }
    }

    fn sent(&self) -> Vec<SignedMessage> {
        let mut senders = self.worker.egress(self.identity.public_key());
        senders.pop().map_or_else(Vec::new, |(_, messages)| messages)
    }

    fn compute(mode: Mode) -> Self {
        let mut life = Self::begin(mode);
        let started = WorkerEvent::Started { session_id: 9, init_v: 0, init_p: 0 };
        life.block(&[
            life.event(WorkerEvent::Registered { confidence_level: 1 }),
            life.event(started),
        ]);
        life
    }
}

fn challenge_for_all() -> SystemEvent {
    let challenge = HeartbeatChallenge { seed: U256::from(1), online_target: U256::MAX };
    SystemEvent::HeartbeatChallenge(challenge)
}

fn payload<T: Decode>(message: &SignedMessage) -> T {
    T::decode(&mut &message.message.payload[..]).expect("SCALE")
}

#[test]
fn a_benchmark_is_reported_when_its_blocks_have_passed() {
    let mut life = Life::begin(Mode::V2);
    life.block(&[
        life.event(WorkerEvent::Registered { confidence_level: 1 }),
        life.event(WorkerEvent::BenchStart { duration: 3 }),
    ]);
    life.block(&[]);
    life.block(&[]);
    assert!(life.sent().is_empty());
    life.block(&[]);
    let sent = life.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].message.destination.0, topic::REGISTRY_EVENT);
    // Three seconds at 1200 iterations per six seconds.
    let report = RegistryEvent::BenchReport { start_time: 1000, iterations: 600 };
    assert_eq!(payload::<RegistryEvent>(&sent[0]), report);
    life.block(&[]);
    assert_eq!(life.sent().len(), 1, "reported once");
}

#[test]
fn a_challenge_is_answered_only_while_computing() {
    let mut life = Life::compute(Mode::V2);
    life.block(&[challenge_for_all()]);
    life.block(&[life.event(WorkerEvent::EnterUnresponsive), challenge_for_all()]);
    assert_eq!(life.sent().len(), 2, "also while unresponsive");
    life.block(&[life.event(WorkerEvent::Stopped), challenge_for_all()]);
    let sent = life.sent();
    assert_eq!(sent.len(), 2, "not after the session");
    let heartbeat = WorkingReportEvent::HeartbeatV2 {
        session_id: 9,
        challenge_block: 2,
        challenge_time: 2000,
        iterations: 200,
        n_clusters: 0,
        n_contracts: 0,
    };
    assert_eq!(sent[0].message.destination.0, topic::WORKING_REPORT);
    assert_eq!(payload::<WorkingReportEvent>(&sent[0]), heartbeat);
}

#[test]
fn the_older_generation_sends_the_shorter_heartbeat() {
    let mut life = Life::compute(Mode::V0_2);
    life.block(&[challenge_for_all()]);
    let heartbeat = WorkingReportEvent::Heartbeat {
        session_id: 9,
        challenge_block: 2,
        challenge_time: 2000,
        iterations: 200,
    };
    assert_eq!(payload::<WorkingReportEvent>(&life.sent()[0]), heartbeat);
}

#[test]
fn a_challenge_for_others_is_not_answered() {
    let mut life = Life::compute(Mode::V2);
    let nobody = HeartbeatChallenge { seed: U256::from(1), online_target: U256::zero() };
    life.block(&[SystemEvent::HeartbeatChallenge(nobody)]);
    assert!(life.sent().is_empty());
}

#[test]
fn only_the_chain_is_listened_to_and_only_about_oneself() {
    let mut life = Life::begin(Mode::V2);
    let bench = life.event(WorkerEvent::BenchStart { duration: 0 });
    let impostor = MessageOrigin::AccountId(H256::zero());
    life.block_of(vec![Message::new(impostor, topic::SYSTEM_EVENT, &bench)]);
    let other = sr25519::Public::from_raw([8; 32]);
    let event = WorkerEvent::BenchStart { duration: 0 };
    life.block(&[SystemEvent::WorkerEvent { pubkey: other, event }]);
    assert!(life.sent().is_empty());
    life.block(&[bench]);
    assert_eq!(life.sent().len(), 1);
}

#[test]
fn messages_are_signed_in_sequence_and_forgotten_once_accepted() {
    let mut life = Life::compute(Mode::V2);
    for _ in 0..4 {
        life.block(&[challenge_for_all()]);
    }
    let sent = life.sent();
    assert_eq!(sent.iter().map(|m| m.sequence).collect::<Vec<_>>(), [0, 1, 2, 3]);
    for signed in &sent {
        let bytes = SignedMessage::signed_bytes(&signed.message, signed.sequence);
        let signature = sr25519::Signature::try_from(&signed.signature[..]).expect("64 bytes");
        assert!(sr25519::Pair::verify(&signature, bytes, &life.identity.public_key()));
    }
    life.ingress = 3;
    life.block(&[challenge_for_all()]);
    assert_eq!(life.sent().iter().map(|m| m.sequence).collect::<Vec<_>>(), [3, 4]);
    life.ingress = 5;
    life.block(&[]);
    assert_eq!(life.worker.pending(), 0);
}

#[test]
fn too_many_addresses_are_not_signed() {
    let life = Life::begin(Mode::V2);
    assert!(life.worker.sign_endpoints(vec!["x".repeat(2100)], &life.identity).is_none());
    let (payload, signature) =
        life.worker.sign_endpoints(vec!["http://w".into()], &life.identity).expect("short");
    let wrapped = wrap_signed_content(&payload.encode(), SignedContentType::EndpointInfo);
    let signature = sr25519::Signature::try_from(&signature[..]).expect("64 bytes");
    assert!(sr25519::Pair::verify(&signature, wrapped, &life.identity.public_key()));
}
