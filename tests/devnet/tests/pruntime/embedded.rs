//! A double on the embedded network: all of its history, and a worker's whole life.

use std::time::Duration;

use parity_scale_codec::{Compact, Decode, Encode};
use prb_devnet::engine::Extrinsic;
use prb_devnet::network::{Chains, HistoryBuilder, Network, NetworkConfig};
use prb_devnet::pruntime::{AttestationMethod, DoubleConfig, Mode, proto};
use prb_devnet_runtime::attestation::dcap;
use prb_devnet_runtime::para::dev_gatekeeper::AcceptedHeartbeat;
use prb_devnet_runtime::para::{
    GenesisConfig, RuntimeCall, VERSION, phala_mq, phala_registry, phala_stake_pool,
};
use prb_devnet_runtime::types::{
    AttestationProvider, AttestationReport, MessageOrigin, SignedMessage, WorkerInfoV2,
    WorkerPublicKey, WorkerRegistrationInfoV2,
};
use sp_core::Pair;
use sp_keyring::Sr25519Keyring::Alice;

use super::client::Peer;
use super::follow::accept;
use super::network::{feed, init};
use super::small_chain::key;

const STAKE: u128 = 10_000_000_000_000_000;
const POOL: u64 = 1;

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_history_with_set_changes_is_followed_to_its_last_state() {
    let config = NetworkConfig { seed: 7, session_blocks: 40, ..NetworkConfig::default() };
    let mut history = HistoryBuilder::new(&config).expect("settings");
    for _ in 0..400 {
        history.step().expect("a block");
    }
    let chains = history.finish();
    for (mode, light) in [(Mode::V2, false), (Mode::V0_2, false), (Mode::V2, true)] {
        let config = DoubleConfig {
            mode,
            light,
            attestation: AttestationMethod::Epid,
            ..DoubleConfig::default()
        };
        let peer = Peer::start(config).await;
        accept(&peer, "InitRuntime", &init(&chains)).await;
        feed(&chains, &peer).await;
        let info = peer.info().await;
        assert_eq!(info.headernum, chains.heights().relay_finalized + 1);
        assert_eq!(info.blocknum, chains.heights().para_finalized + 1);
        assert_eq!(info.para_headernum, info.blocknum);
        if !light {
            let last = chains.para.chain().block_at(info.blocknum - 1).expect("a block");
            assert_eq!(info.state_root, hex::encode(last.header.state_root));
        }
        peer.double.shutdown().await;
    }
}

/// What a bridge does for one worker, as directly as a test can.
struct Life {
    chains: Chains,
    peer: Peer,
    worker: WorkerPublicKey,
    nonce: u32,
    /// Messages up to this sequence are sent.
    sent: u64,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Fresh,
    Registering,
    Adding,
    Starting,
}

impl Life {
    fn storage<T: Decode>(&self, key: &[u8]) -> Option<T> {
        let chain = self.chains.para.chain();
        let value = chain.storage(chain.best().hash, key).expect("a state")?;
        Some(T::decode(&mut &value[..]).expect("SCALE"))
    }

    fn of_worker<T: Decode>(&self, pallet: &str, item: &str) -> Option<T> {
        self.storage(&key(pallet, item, Some(&self.worker.encode())))
    }

    /// Signs a call as Alice and puts it into the pool.
    fn submit(&mut self, call: impl Into<RuntimeCall>) {
        let call: RuntimeCall = call.into();
        let genesis = self.chains.para.chain().genesis().hash;
        // Immortal, no tip, no metadata hash.
        let extra = (0u8, Compact(self.nonce), Compact(0u128), 0u8).encode();
        let versions = (VERSION.spec_version, VERSION.transaction_version);
        let additional = (versions, genesis, genesis, None::<[u8; 32]>).encode();
        let mut payload = [call.encode(), extra.clone(), additional].concat();
        if payload.len() > 256 {
            payload = sp_io::hashing::blake2_256(&payload).to_vec();
        }
        let signature = Alice.pair().sign(&payload);
        let mut body = (0x84u8, 0u8, Alice.to_account_id(), 1u8, signature.0).encode();
        body.extend(extra);
        call.encode_to(&mut body);
        let extrinsic = Extrinsic::decode(&mut &body.encode()[..]).expect("an extrinsic");
        self.chains.para.submit(extrinsic).expect("a valid transaction");
        self.nonce += 1;
    }

    /// One round: feed, carry messages, take the next step towards computing.
    async fn round(&mut self) {
        feed(&self.chains, &self.peer).await;
        self.carry_messages().await;
        match self.stage {
            Stage::Fresh => self.register().await,
            Stage::Registering => {
                let info: Option<WorkerInfoV2> = self.of_worker("PhalaRegistry", "Workers");
                if info.is_some_and(|info| info.initial_score.is_some()) {
                    let pubkey = self.worker;
                    self.submit(phala_stake_pool::Call::add_worker { pid: POOL, pubkey });
                    self.stage = Stage::Adding;
                }
            }
            Stage::Adding => {
                let pool: Option<u64> = self.of_worker("PhalaStakePoolv2", "WorkerAssignments");
                if pool.is_some() {
                    let worker = self.worker;
                    let call =
                        phala_stake_pool::Call::start_computing { pid: POOL, worker, stake: STAKE };
                    self.submit(call);
                    self.stage = Stage::Starting;
                }
            }
            Stage::Starting => {}
        }
    }

    async fn register(&mut self) {
        let request = proto::GetRuntimeInfoRequest {
            force_refresh_ra: false,
            encoded_operator: Some(Alice.to_account_id().encode()),
        };
        let answer: proto::InitRuntimeResponse =
            accept(&self.peer, "GetRuntimeInfo", &request).await.ok();
        let Some(attestation) = answer.attestation else { return };
        let pruntime_info = WorkerRegistrationInfoV2::decode(&mut &answer.encoded_runtime_info[..]);
        let report = Option::<AttestationReport>::decode(&mut &attestation.encoded_report[..]);
        let report = report.expect("SCALE").map(dcap::completed);
        self.submit(phala_registry::Call::register_worker_v2 {
            pruntime_info: pruntime_info.expect("SCALE"),
            attestation: Box::new(report),
        });
        self.stage = Stage::Registering;
    }

    async fn carry_messages(&mut self) {
        let reply = accept(&self.peer, "GetEgressMessages", &proto::Empty {}).await;
        let answer: proto::GetEgressMessagesResponse = reply.ok();
        let senders =
            Vec::<(MessageOrigin, Vec<SignedMessage>)>::decode(&mut &answer.encoded_messages[..]);
        for (_, messages) in senders.expect("SCALE") {
            for signed_message in messages {
                if signed_message.sequence == self.sent {
                    self.sent += 1;
                    self.submit(phala_mq::Call::sync_offchain_message { signed_message });
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_registers_computes_and_its_heartbeats_are_accepted() {
    let free = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let config = NetworkConfig {
        relay_block_time: Duration::from_millis(200),
        relay_blocks_per_para_block: 1,
        session_blocks: 25,
        history: 30,
        genesis: GenesisConfig { heartbeat_interval: 3, ..GenesisConfig::default() },
        para_listen: free,
        relay_listen: free,
        ..NetworkConfig::default()
    };
    let network = Network::builder(config).build().expect("settings").start().await;
    let network = network.expect("free ports");
    let chains = network.chains().clone();
    let peer = Peer::start(DoubleConfig {
        attestation: AttestationMethod::Dcap,
        ..DoubleConfig::default()
    })
    .await;
    let request = proto::InitRuntimeRequest {
        attestation_provider: Some(AttestationProvider::Dcap.encode()),
        ..init(&chains)
    };
    let answer: proto::InitRuntimeResponse = accept(&peer, "InitRuntime", &request).await.ok();
    let public_key: [u8; 32] = answer.encoded_public_key.try_into().expect("32 bytes");
    let worker = WorkerPublicKey::from_raw(public_key);
    let mut life = Life { chains, peer, worker, nonce: 0, sent: 0, stage: Stage::Fresh };

    let last_heartbeat = |life: &Life| -> Option<AcceptedHeartbeat> {
        life.of_worker("DevGatekeeper", "LastHeartbeats")
    };
    let computes = tokio::time::timeout(Duration::from_mins(2), async {
        while last_heartbeat(&life).is_none() {
            life.round().await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let first = last_heartbeat(&life);
        while last_heartbeat(&life) == first {
            life.round().await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    assert!(computes.is_ok(), "stuck in {:?}: {:?}", life.stage, life.peer.info().await);

    let info = life.peer.info().await;
    assert!(info.registered);
    let block = life.chains.para.chain().block_at(info.blocknum - 1).expect("a block");
    assert_eq!(info.state_root, hex::encode(block.header.state_root));
    let registered: WorkerInfoV2 = life.of_worker("PhalaRegistry", "Workers").expect("registered");
    assert_eq!(registered.attestation_provider, Some(AttestationProvider::Dcap));
    assert!(registered.initial_score.is_some_and(|score| score > 500), "{registered:?}");
    network.shutdown().await.expect("an end");
}
