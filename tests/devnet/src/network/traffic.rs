//! What fills a live parachain's blocks: the heartbeats of its workers.

use parity_scale_codec::Encode;
use prb_devnet_runtime::chain::{AccountId, Nonce};
use prb_devnet_runtime::para::{Runtime, RuntimeCall, UncheckedExtrinsic, VERSION, phala_mq};
use prb_devnet_runtime::types::{
    Message, MessageOrigin, SignedMessage, WorkerPublicKey, WorkingReportEvent, topic,
};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use schnorrkel::context::attach_rng;
use schnorrkel::{ExpansionMode, Keypair, MiniSecretKey, signing_context};
use sp_core::{Pair as _, ed25519};
use sp_io::hashing::blake2_256;
use sp_runtime::MultiSigner;
use sp_runtime::generic::{Era, SignedPayload};
use sp_runtime::traits::IdentifyAccount as _;

use super::Traffic;
use crate::engine::{BlockNumber, Extrinsic, Hash};

/// Messages in one batch, as a bridge sends them.
const BATCH: usize = 50;
/// Benchmark iterations a worker does per block.
const ITERATIONS_PER_BLOCK: u64 = 1000;

/// Workers that report regularly, through one operator who batches their messages.
///
/// The workers are registered nowhere: the message queue takes their messages all the same. All
/// signatures are the same in every run, so that the same seed gives the same blocks.
pub(super) struct Reporters {
    traffic: Traffic,
    workers: Vec<Reporter>,
    operator: ed25519::Pair,
    nonce: Nonce,
    genesis: Hash,
}

struct Reporter {
    key: Keypair,
    sequence: u64,
}

/// The account that signs the traffic's transactions.
pub(super) fn operator(seed: u64) -> AccountId {
    account(&operator_key(seed))
}

impl Reporters {
    /// Workers of a network with this seed, whose parachain has this genesis hash.
    pub(super) fn new(seed: u64, traffic: Traffic, genesis: Hash) -> Self {
        let workers = (0..traffic.workers).map(|index| {
            let secret = blake2_256(&("traffic worker", seed, index).encode());
            Reporter { key: worker_key(&secret), sequence: 0 }
        });
        let operator = operator_key(seed);
        Self { traffic, workers: workers.collect(), operator, nonce: 0, genesis }
    }

    /// The transactions of the parachain block at `number`.
    pub(super) fn transactions(&mut self, number: BlockNumber, time: u64) -> Vec<Extrinsic> {
        let due = number % self.traffic.interval;
        let workers = self.workers.iter_mut().skip(due as usize);
        let reports = workers.step_by(self.traffic.interval as usize);
        let calls: Vec<_> = reports.map(|worker| worker.report(number, time)).collect();
        let batches = calls.chunks(BATCH).map(<[_]>::to_vec);
        batches.map(|calls| self.sign(pallet_utility::Call::force_batch { calls }.into())).collect()
    }

    fn sign(&mut self, call: RuntimeCall) -> Extrinsic {
        let extensions = (
            frame_system::CheckNonZeroSender::<Runtime>::new(),
            frame_system::CheckSpecVersion::<Runtime>::new(),
            frame_system::CheckTxVersion::<Runtime>::new(),
            frame_system::CheckGenesis::<Runtime>::new(),
            frame_system::CheckEra::<Runtime>::from(Era::Immortal),
            frame_system::CheckNonce::<Runtime>::from(self.nonce),
            frame_system::CheckWeight::<Runtime>::new(),
            phala_mq::CheckMqSequence::<Runtime>::new(),
            pallet_transaction_payment::ChargeTransactionPayment::<Runtime>::from(0),
            frame_metadata_hash_extension::CheckMetadataHash::<Runtime>::new(false),
        );
        let (spec, transactions) = (VERSION.spec_version, VERSION.transaction_version);
        let genesis = self.genesis;
        let implicit = ((), spec, transactions, genesis, genesis, (), (), (), (), None);
        let payload = SignedPayload::from_raw(call, extensions, implicit);
        let signature = payload.using_encoded(|bytes| self.operator.sign(bytes));
        let (call, extensions, _) = payload.deconstruct();
        self.nonce += 1;
        let account = account(&self.operator);
        UncheckedExtrinsic::new_signed(call, account.into(), signature.into(), extensions).into()
    }
}

impl Reporter {
    fn report(&mut self, number: BlockNumber, time: u64) -> RuntimeCall {
        let heartbeat = WorkingReportEvent::HeartbeatV2 {
            session_id: 1,
            challenge_block: number.saturating_sub(1),
            challenge_time: time,
            iterations: u64::from(number) * ITERATIONS_PER_BLOCK,
            n_clusters: 0,
            n_contracts: 0,
        };
        let sender = MessageOrigin::Worker(WorkerPublicKey::from_raw(self.key.public.to_bytes()));
        let message = Message::new(sender, topic::WORKING_REPORT, &heartbeat);
        let bytes = SignedMessage::signed_bytes(&message, self.sequence);
        let signature = self.sign(&bytes);
        let signed_message = SignedMessage { message, sequence: self.sequence, signature };
        self.sequence += 1;
        phala_mq::Call::sync_offchain_message { signed_message }.into()
    }

    /// A signature whose nonce follows from the message instead of from the system's randomness.
    fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        let nonces = StdRng::from_seed(blake2_256(&(self.key.secret.to_bytes(), bytes).encode()));
        let transcript = attach_rng(signing_context(b"substrate").bytes(bytes), nonces);
        self.key.sign(transcript).to_bytes().to_vec()
    }
}

fn account(key: &ed25519::Pair) -> AccountId {
    MultiSigner::from(key.public()).into_account()
}

fn operator_key(seed: u64) -> ed25519::Pair {
    ed25519::Pair::from_seed(&blake2_256(&("traffic operator", seed).encode()))
}

#[expect(clippy::expect_used, reason = "a mini secret key is any 32 bytes")]
fn worker_key(secret: &[u8; 32]) -> Keypair {
    let secret = MiniSecretKey::from_bytes(secret).expect("32 bytes were given");
    secret.expand_to_keypair(ExpansionMode::Ed25519)
}

impl std::fmt::Debug for Reporters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reporters").field("traffic", &self.traffic).finish_non_exhaustive()
    }
}
