use parity_scale_codec::Encode;
use sp_core::{H256, Pair, U256, sr25519};

use super::*;

#[test]
fn origins_have_the_live_indices() {
    let index = |origin: MessageOrigin| origin.encode()[0];
    assert_eq!(index(MessageOrigin::Pallet(vec![])), 0);
    assert_eq!(index(MessageOrigin::Worker(sr25519::Public::default())), 2);
    assert_eq!(index(MessageOrigin::Gatekeeper), 5);
    assert_eq!(index(MessageOrigin::Cluster(H256::zero())), 6);
    assert_eq!(index(MessageOrigin::Reserved), 255);
}

#[test]
fn a_message_is_signed_with_its_sequence_and_no_wrapping() {
    let pair = sr25519::Pair::from_seed(&[7; 32]);
    let message =
        Message::new(MessageOrigin::Worker(pair.public()), topic::WORKING_REPORT, &0xabu8);
    let signed = SignedMessage::sign(message.clone(), 3, &pair);
    let mut expected = message.encode();
    expected.extend_from_slice(&3u64.to_le_bytes());
    assert_eq!(SignedMessage::signed_bytes(&message, 3), expected);
    let signature = sr25519::Signature::try_from(signed.signature.as_slice()).unwrap();
    assert!(sr25519::Pair::verify(&signature, &expected, &pair.public()));
}

#[test]
fn topics_are_valid_unless_empty_or_reserved() {
    assert!(Topic(b"phala/x".to_vec()).is_valid());
    assert!(Topic(b"^phala/x".to_vec()).is_valid());
    for bad in [b"".as_slice(), b"_x", b"/x", b"'x"] {
        assert!(!Topic(bad.to_vec()).is_valid(), "{bad:?}");
    }
    assert!(!Topic(b"^phala/x".to_vec()).is_offchain());
}

#[test]
fn the_widest_target_hits_all_and_the_narrowest_only_an_equal_seed() {
    let worker = sr25519::Public::from_raw([9; 32]);
    let all = HeartbeatChallenge { seed: U256::from(5), online_target: U256::MAX };
    assert!(all.hits(&worker));
    let id = U256::from_big_endian(&sp_io::hashing::blake2_256(worker.as_ref()));
    assert!(HeartbeatChallenge { seed: id, online_target: U256::zero() }.hits(&worker));
    assert!(!HeartbeatChallenge { seed: id + 1, online_target: U256::zero() }.hits(&worker));
}

#[test]
fn a_version_packs_into_one_number() {
    assert_eq!(runtime_version_code(2, 2, 1), 0x0002_0201);
}

#[test]
fn signed_content_is_wrapped_by_type() {
    let wrapped = wrap_signed_content(b"abc", SignedContentType::EndpointInfo);
    assert_eq!(wrapped, [0xff, 2, b'a', b'b', b'c']);
}

/// Bytes put together by hand, as a reader of the live chain's metadata would.
#[derive(Default)]
struct Bytes(Vec<u8>);

impl Bytes {
    fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn u32(self, value: u32) -> Self {
        self.raw(&value.to_le_bytes())
    }

    fn u64(self, value: u64) -> Self {
        self.raw(&value.to_le_bytes())
    }

    fn u128(self, value: u128) -> Self {
        self.raw(&value.to_le_bytes())
    }
}

fn account(byte: u8) -> AccountId {
    AccountId::new([byte; 32])
}

fn key(byte: u8) -> WorkerPublicKey {
    WorkerPublicKey::from_raw([byte; 32])
}

#[test]
fn registration_info_is_laid_out_as_on_the_live_chain() {
    let info = WorkerRegistrationInfoV2 {
        version: 0x0002_0201,
        machine_id: vec![8],
        pubkey: key(1),
        ecdh_pubkey: key(2),
        genesis_block_hash: H256::repeat_byte(3),
        features: vec![4, 1],
        operator: Some(account(5)),
        para_id: 2004,
        max_consensus_version: 6,
    };
    let v1 = Bytes::default()
        .u32(0x0002_0201)
        .raw(&[4, 8])
        .raw(&[1; 32])
        .raw(&[2; 32])
        .raw(&[3; 32])
        .raw(&[8])
        .u32(4)
        .u32(1)
        .raw(&[1])
        .raw(&[5; 32]);
    let legacy = WorkerRegistrationInfo {
        version: info.version,
        machine_id: info.machine_id.clone(),
        pubkey: info.pubkey,
        ecdh_pubkey: info.ecdh_pubkey,
        genesis_block_hash: info.genesis_block_hash,
        features: info.features.clone(),
        operator: info.operator.clone(),
    };
    assert_eq!(legacy.encode(), v1.0);
    assert_eq!(info.encode(), v1.u32(2004).u32(6).0);
}

#[test]
fn a_worker_is_stored_as_on_the_live_chain() {
    let worker = WorkerInfoV2 {
        pubkey: key(1),
        ecdh_pubkey: key(2),
        runtime_version: 3,
        last_updated: 4,
        operator: None,
        attestation_provider: Some(AttestationProvider::Ias),
        confidence_level: 128,
        initial_score: Some(700),
        features: vec![],
    };
    let expected = Bytes::default()
        .raw(&[1; 32])
        .raw(&[2; 32])
        .u32(3)
        .u64(4)
        .raw(&[0, 1, 1, 128, 1])
        .u32(700)
        .raw(&[0]);
    assert_eq!(worker.encode(), expected.0);
}

#[test]
fn a_session_is_stored_as_on_the_live_chain() {
    let session = SessionInfo {
        state: WorkerState::WorkerCoolingDown,
        ve: 1,
        v: 2,
        v_updated_at: 3,
        benchmark: BenchmarkState {
            p_init: 4,
            p_instant: 5,
            iterations: 6,
            working_start_time: 7,
            challenge_time_last: 8,
        },
        cool_down_start: 9,
        stats: SessionStats { total_reward: 10 },
    };
    let expected = Bytes::default()
        .raw(&[4])
        .u128(1)
        .u128(2)
        .u64(3)
        .u32(4)
        .u32(5)
        .u64(6)
        .u64(7)
        .u64(8)
        .u64(9)
        .u128(10);
    assert_eq!(session.encode(), expected.0);
}

#[test]
fn a_pool_is_stored_as_on_the_live_chain() {
    let pool = PoolProxy::StakePool(StakePool {
        basepool: BasePool {
            pid: 1,
            owner: account(2),
            total_shares: 3,
            total_value: 4,
            withdraw_queue: vec![Withdrawal { user: account(5), start_time: 6, nft_id: 7 }],
            value_subscribers: vec![8],
            cid: 9,
            pool_account_id: account(10),
        },
        payout_commission: None,
        cap: Some(11),
        workers: vec![key(12)],
        cd_workers: vec![],
        lock_account: account(13),
        owner_reward_account: account(14),
    });
    let expected = Bytes::default()
        .raw(&[0])
        .u64(1)
        .raw(&[2; 32])
        .u128(3)
        .u128(4)
        .raw(&[4])
        .raw(&[5; 32])
        .u64(6)
        .u32(7)
        .raw(&[4])
        .u64(8)
        .u32(9)
        .raw(&[10; 32])
        .raw(&[0, 1])
        .u128(11)
        .raw(&[4])
        .raw(&[12; 32])
        .raw(&[0])
        .raw(&[13; 32])
        .raw(&[14; 32]);
    assert_eq!(pool.encode(), expected.0);
}

#[test]
fn attestation_reports_are_laid_out_as_on_the_live_chain() {
    let ias = AttestationReport::SgxIas {
        ra_report: vec![1],
        signature: vec![2, 3],
        raw_signing_cert: vec![],
    };
    assert_eq!(ias.encode(), [0, 4, 1, 8, 2, 3, 0]);
    let legacy =
        Attestation::SgxIas { ra_report: vec![1], signature: vec![2, 3], raw_signing_cert: vec![] };
    assert_eq!(legacy.encode(), ias.encode());
    let dcap = AttestationReport::SgxDcap { quote: vec![1], collateral: None };
    assert_eq!(dcap.encode(), [1, 4, 1, 0]);
    let collateral = SgxV30QuoteCollateral {
        tcb_info: "t".to_owned(),
        qe_identity_signature: vec![9],
        ..Default::default()
    };
    let dcap = AttestationReport::SgxDcap {
        quote: vec![],
        collateral: Some(Collateral::SgxV30(collateral)),
    };
    assert_eq!(dcap.encode(), [1, 0, 1, 0, 0, 0, 0, 0, 4, b't', 0, 0, 0, 4, 9]);
    let providers =
        [AttestationProvider::Root, AttestationProvider::Ias, AttestationProvider::Dcap];
    assert_eq!(providers.encode(), [0, 1, 2]);
}

#[test]
fn events_are_laid_out_as_on_the_live_chain() {
    let started = SystemEvent::WorkerEvent {
        pubkey: key(1),
        event: WorkerEvent::Started { session_id: 2, init_v: 3, init_p: 4 },
    };
    let expected = Bytes::default().raw(&[0]).raw(&[1; 32]).raw(&[3]).u32(2).u128(3).u32(4);
    assert_eq!(started.encode(), expected.0);
    let challenge = SystemEvent::HeartbeatChallenge(HeartbeatChallenge {
        seed: U256::from(1),
        online_target: U256::MAX,
    });
    let expected = Bytes::default().raw(&[1, 1]).raw(&[0; 31]).raw(&[0xff; 32]);
    assert_eq!(challenge.encode(), expected.0);
    let heartbeat = WorkingReportEvent::HeartbeatV2 {
        session_id: 1,
        challenge_block: 2,
        challenge_time: 3,
        iterations: 4,
        n_clusters: 5,
        n_contracts: 6,
    };
    let expected = Bytes::default().raw(&[1]).u32(1).u32(2).u64(3).u64(4).u32(5).u32(6);
    assert_eq!(heartbeat.encode(), expected.0);
    let report = RegistryEvent::BenchReport { start_time: 1, iterations: 2 };
    assert_eq!(report.encode(), Bytes::default().raw(&[0]).u64(1).u64(2).0);
}

#[test]
fn validation_data_and_parameters_are_laid_out_as_on_the_live_chain() {
    let data = PersistedValidationData {
        parent_head: vec![1],
        relay_parent_number: 2,
        relay_parent_storage_root: H256::repeat_byte(3),
        max_pov_size: 4,
    };
    let expected = Bytes::default().raw(&[4, 1]).u32(2).raw(&[3; 32]).u32(4);
    assert_eq!(data.encode(), expected.0);
    let parameters = TokenomicParameters {
        pha_rate: 1,
        rho: 2,
        budget_per_block: 3,
        v_max: 4,
        cost_k: 5,
        cost_b: 6,
        slash_rate: 7,
        treasury_ratio: 8,
        heartbeat_window: 9,
        rig_k: 10,
        rig_b: 11,
        re: 12,
        k: 13,
        kappa: 14,
    };
    let before = (1..=8).fold(Bytes::default(), Bytes::u128);
    let expected = (10..=14).fold(before.u32(9), Bytes::u128);
    assert_eq!(parameters.encode(), expected.0);
}
