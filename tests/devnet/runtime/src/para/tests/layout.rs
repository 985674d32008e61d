//! Storage keys, and the indices of pallets, calls, events, errors and proxy types, as on Khala.

use parity_scale_codec::Encode;
use sp_core::{H256, bytes::to_hex, sr25519};
use sp_keyring::Sr25519Keyring::Alice;
use sp_runtime::DispatchError;

use super::{
    super::*,
    worker::{MqCall, PoolCall, RegistryCall, Worker},
};
use crate::types::{
    Attestation, MessageOrigin, VersionedWorkerEndpoints, WorkerEndpointPayload,
    WorkerRegistrationInfo, topic,
};

fn hex(key: impl AsRef<[u8]>) -> String {
    to_hex(key.as_ref(), false).trim_start_matches("0x").to_owned()
}

#[test]
fn values_lie_under_khalas_keys() {
    let keys = [
        (
            hex(parachain_info::ParachainId::<Runtime>::hashed_key()),
            "0d715f2646c8f85767b5d2764bb2782604a74d81251e398fd8a0a4d55023bb3f",
        ),
        (
            hex(parachain_system::ValidationData::<Runtime>::hashed_key()),
            "45323df7cc47150b3930e2666b0aa313d422e17d2affdce4a912d187a734dd67",
        ),
        (
            hex(phala_mq::OutboundMessages::<Runtime>::hashed_key()),
            "2f039a6a7f13e94b9545257e54062a048a395e6242c6813b196ca31ed0547ea7",
        ),
        (
            hex(phala_registry::PRuntimeAllowList::<Runtime>::hashed_key()),
            "0d746931e7a6bfd47fbcccfd71984aef5d47f95f0853ff036b3ceee7b36fb2df",
        ),
        (
            hex(phala_registry::MinimumPRuntimeVersion::<Runtime>::hashed_key()),
            "0d746931e7a6bfd47fbcccfd71984aef42d38e6758c0e459de06887c9b2d74ed",
        ),
        (
            hex(phala_registry::PRuntimeConsensusVersion::<Runtime>::hashed_key()),
            "0d746931e7a6bfd47fbcccfd71984aefd18ee39f23f9cf03719569c4f13f83f2",
        ),
        (
            hex(phala_registry::BenchmarkDuration::<Runtime>::hashed_key()),
            "0d746931e7a6bfd47fbcccfd71984aef3dbb1eb5e7b3ed3b0a620234c2d5930a",
        ),
        (
            hex(phala_registry::RelaychainGenesisBlockHashAllowList::<Runtime>::hashed_key()),
            "0d746931e7a6bfd47fbcccfd71984aef0075b640390226cc595d3a36245085e9",
        ),
        (
            hex(phala_computation::CoolDownPeriod::<Runtime>::hashed_key()),
            "b71c310d8c830d345ee1c1b84566a8d13621662dc0372018ee7c335e6740fdf0",
        ),
        (
            hex(phala_computation::TokenomicParameters::<Runtime>::hashed_key()),
            "b71c310d8c830d345ee1c1b84566a8d101fcc41548ec01285ffcc5b6baff016a",
        ),
        (
            hex(phala_computation::HeartbeatPaused::<Runtime>::hashed_key()),
            "b71c310d8c830d345ee1c1b84566a8d1252c677f6ef9505d26b2c6ffc28adf70",
        ),
        (
            hex(pallet_timestamp::Now::<Runtime>::hashed_key()),
            "f0c365c3cf59d671eb72da0e7a4113c49f1f0515f462cdcf84e0f1d6045dfcbb",
        ),
    ];
    for (key, expected) in keys {
        assert_eq!(key, expected);
    }
}

#[test]
fn maps_lie_under_khalas_keys() {
    let worker = sr25519::Public::from_raw([1; 32]);
    let account = Alice.to_account_id();
    let origin = MessageOrigin::Worker(worker);
    let hashed = |key: &[u8]| hex(sp_io::hashing::twox_64(key)) + &hex(key);
    let (by_worker, by_account) = (hashed(&worker.encode()), hashed(&account.encode()));
    let keys = [
        (
            hex(phala_mq::OffchainIngress::<Runtime>::hashed_key_for(&origin)),
            "2f039a6a7f13e94b9545257e54062a042bd035cc68bbf7411ccb4d17987934cf",
            hashed(&origin.encode()),
        ),
        (
            hex(phala_registry::Workers::<Runtime>::hashed_key_for(worker)),
            "0d746931e7a6bfd47fbcccfd71984aef1bf55d6b9732eb86723ccad1af88b985",
            by_worker.clone(),
        ),
        (
            hex(phala_registry::WorkerAddedAt::<Runtime>::hashed_key_for(worker)),
            "0d746931e7a6bfd47fbcccfd71984aef3db1fe26055215b99e474bea4561d945",
            by_worker.clone(),
        ),
        (
            hex(phala_registry::Endpoints::<Runtime>::hashed_key_for(worker)),
            "0d746931e7a6bfd47fbcccfd71984aef256502b006697fb142d2eb87ba5e1ca1",
            by_worker.clone(),
        ),
        (
            hex(phala_registry::PRuntimeAddedAt::<Runtime>::hashed_key_for(b"mr".to_vec())),
            "0d746931e7a6bfd47fbcccfd71984aef1cfabdf4d02cfcbc334606ddde6404c2",
            hashed(&b"mr".to_vec().encode()),
        ),
        (
            hex(phala_computation::WorkerBindings::<Runtime>::hashed_key_for(worker)),
            "b71c310d8c830d345ee1c1b84566a8d129508a101b262c94ae3b928a07bb3cd5",
            by_worker.clone(),
        ),
        (
            hex(phala_computation::SessionBindings::<Runtime>::hashed_key_for(&account)),
            "b71c310d8c830d345ee1c1b84566a8d1f730b98b55de37c6483a133f09f7ed41",
            by_account.clone(),
        ),
        (
            hex(phala_computation::Sessions::<Runtime>::hashed_key_for(&account)),
            "b71c310d8c830d345ee1c1b84566a8d1028685274e698e781f7f2766cba0cc83",
            by_account.clone(),
        ),
        (
            hex(phala_computation::Stakes::<Runtime>::hashed_key_for(&account)),
            "b71c310d8c830d345ee1c1b84566a8d199631790894601a7ff7dac1d1ca231bc",
            by_account,
        ),
        (
            hex(phala_stake_pool::WorkerAssignments::<Runtime>::hashed_key_for(worker)),
            "75e3ed3f59e45643ed1149ad80929c1b19607b9c9a8737bdc9a8097e5575f8df",
            by_worker,
        ),
        (
            hex(phala_base_pool::Pools::<Runtime>::hashed_key_for(7)),
            "00f8eafbad3b4a32114491ad7e1249144c72016d74b63ae83d79b02efdb5528e",
            hashed(&7u64.encode()),
        ),
    ];
    for (key, prefix, suffix) in keys {
        assert_eq!(key, format!("{prefix}{suffix}"));
    }
}

#[test]
fn accounts_and_asset_balances_lie_under_the_live_keys() {
    let account = Alice.to_account_id();
    let hashed = |key: &[u8]| hex(sp_io::hashing::blake2_128(key)) + &hex(key);
    let system = hex(frame_system::Account::<Runtime>::hashed_key_for(&account));
    let prefix = "26aa394eea5630e07c48ae0c9558cef7b99d880ec681799c0cf30e8886371da9";
    assert_eq!(system, format!("{prefix}{}", hashed(&account.encode())));
    let asset = hex(assets::Account::<Runtime>::hashed_key_for(10_000, &account));
    let prefix = "682a59d51ab9e48a8c8cc418ff9708d2b99d880ec681799c0cf30e8886371da9";
    let suffix = hashed(&10_000u32.encode()) + &hashed(&account.encode());
    assert_eq!(asset, format!("{prefix}{suffix}"));
}

fn indices(call: impl Into<RuntimeCall>) -> (u8, u8) {
    let encoded = call.into().encode();
    (encoded[0], encoded[1])
}

#[test]
fn calls_have_khalas_indices() {
    let worker = Worker::new(1, Alice);
    let key = worker.key();
    let info = worker.info();
    let legacy = WorkerRegistrationInfo {
        version: info.version,
        machine_id: vec![],
        pubkey: key,
        ecdh_pubkey: key,
        genesis_block_hash: H256::zero(),
        features: vec![],
        operator: None,
    };
    let attestation =
        Attestation::SgxIas { ra_report: vec![], signature: vec![], raw_signing_cert: vec![] };
    let payload = WorkerEndpointPayload {
        pubkey: key,
        versioned_endpoints: VersionedWorkerEndpoints::V1(vec![]),
        signing_time: 0,
    };
    let signed_message = worker.sign(topic::WORKING_REPORT, &());
    let register = RegistryCall::register_worker { pruntime_info: legacy, attestation };
    assert_eq!(indices(register), (86, 6));
    let register =
        RegistryCall::register_worker_v2 { pruntime_info: info, attestation: Box::new(None) };
    assert_eq!(indices(register), (86, 7));
    let endpoint =
        RegistryCall::update_worker_endpoint { endpoint_payload: payload, signature: vec![] };
    assert_eq!(indices(endpoint), (86, 8));
    assert_eq!(indices(MqCall::sync_offchain_message { signed_message }), (85, 0));
    assert_eq!(indices(PoolCall::add_worker { pid: 1, pubkey: key }), (93, 1));
    assert_eq!(indices(PoolCall::remove_worker { pid: 1, worker: key }), (93, 2));
    assert_eq!(indices(worker.start_call(1, 1)), (93, 13));
    assert_eq!(indices(PoolCall::stop_computing { pid: 1, worker: key }), (93, 14));
    assert_eq!(indices(PoolCall::reclaim_pool_worker { pid: 1, worker: key }), (93, 15));
    assert_eq!(indices(PoolCall::restart_computing { pid: 1, worker: key, stake: 1 }), (93, 17));
    let session = Alice.to_account_id();
    assert_eq!(indices(phala_computation::Call::<Runtime>::unbind { session }), (87, 1));
    let batch = pallet_utility::Call::<Runtime>::force_batch { calls: vec![] };
    assert_eq!(indices(batch), (3, 4));
    let proxied = pallet_proxy::Call::<Runtime>::proxy {
        real: Alice.to_account_id().into(),
        force_proxy_type: None,
        call: Box::new(frame_system::Call::remark { remark: vec![] }.into()),
    };
    assert_eq!(indices(proxied), (5, 0));
}

#[test]
fn arguments_have_no_compact_integer() {
    let worker = Worker::new(1, Alice);
    let mut expected = vec![93, 13];
    expected.extend_from_slice(&1u64.to_le_bytes());
    expected.extend_from_slice(worker.key().as_ref());
    expected.extend_from_slice(&5u128.to_le_bytes());
    assert_eq!(RuntimeCall::from(worker.start_call(1, 5)).encode(), expected);
}

#[test]
fn errors_have_khalas_indices() {
    fn index(error: impl Into<DispatchError>) -> (u8, u8) {
        let DispatchError::Module(error) = error.into() else { panic!("a module error") };
        (error.index, error.error[0])
    }
    use phala_computation::Error as Computation;
    use phala_registry::Error as Registry;
    use phala_stake_pool::Error as Pool;

    let mq = [
        phala_mq::Error::<Runtime>::BadSender,
        phala_mq::Error::BadSequence,
        phala_mq::Error::BadDestination,
    ];
    assert_eq!(mq.map(index), [(85, 0), (85, 1), (85, 2)]);
    let registry = [
        (Registry::<Runtime>::InvalidPubKey, 2),
        (Registry::InvalidSignature, 5),
        (Registry::InvalidIASSigningCert, 7),
        (Registry::InvalidReport, 8),
        (Registry::InvalidQuoteStatus, 9),
        (Registry::BadIASReport, 10),
        (Registry::OutdatedIASReport, 11),
        (Registry::InvalidRuntimeInfoHash, 13),
        (Registry::WorkerNotFound, 17),
        (Registry::NoneAttestationDisabled, 18),
        (Registry::GenesisBlockHashRejected, 23),
        (Registry::PRuntimeRejected, 26),
        (Registry::InvalidEndpointSigningTime, 34),
        (Registry::ParachainIdMismatch, 36),
    ];
    for (error, expected) in registry {
        assert_eq!(index(error), (86, expected));
    }
    let computation = [
        (Computation::<Runtime>::WorkerNotReady, 8),
        (Computation::WorkerNotComputing, 9),
        (Computation::CoolDownNotReady, 11),
        (Computation::InsufficientStake, 12),
        (Computation::TooMuchStake, 13),
        (Computation::BenchmarkTooLow, 16),
        (Computation::WorkerReregisterNeeded, 22),
    ];
    for (error, expected) in computation {
        assert_eq!(index(error), (87, expected));
    }
    let pool = [
        (Pool::<Runtime>::WorkerNotRegistered, 0),
        (Pool::BenchmarkMissing, 1),
        (Pool::WorkerExists, 2),
        (Pool::WorkerAlreadyStopped, 3),
        (Pool::WorkerDoesNotExist, 4),
        (Pool::WorkerInAnotherPool, 5),
        (Pool::UnauthorizedOperator, 6),
        (Pool::UnauthorizedPoolOwner, 7),
        (Pool::PoolDoesNotExist, 10),
        (Pool::InsufficientFreeStake, 16),
        (Pool::FailedToBindSessionAndWorker, 18),
        (Pool::WorkersExceedLimit, 23),
        (Pool::CannotRestartWithLessStake, 24),
        (Pool::WithdrawQueueNotEmpty, 26),
        (Pool::SessionDoesNotExist, 29),
        (Pool::WorkerIsNotReady, 30),
    ];
    for (error, expected) in pool {
        assert_eq!(index(error), (93, expected));
    }
}

#[test]
fn events_have_khalas_indices() {
    let worker = sr25519::Public::from_raw([1; 32]);
    let session = Alice.to_account_id();
    let cases: [(RuntimeEvent, [u8; 2]); 6] = [
        (phala_registry::Event::InitialScoreSet { pubkey: worker, init_score: 1 }.into(), [86, 6]),
        (phala_computation::Event::WorkerStopped { session: session.clone() }.into(), [87, 2]),
        (
            phala_computation::Event::WorkerExitUnresponsive { session: session.clone() }.into(),
            [87, 7],
        ),
        (phala_stake_pool::Event::PoolWorkerAdded { pid: 1, worker, session }.into(), [93, 3]),
        (phala_stake_pool::Event::WorkerReclaimed { pid: 1, worker }.into(), [93, 12]),
        (phala_stake_pool::Event::WorkingStarted { pid: 1, worker, amount: 1 }.into(), [93, 14]),
    ];
    for (event, expected) in cases {
        assert_eq!(event.encode()[..2], expected);
    }
}

#[test]
fn proxy_types_have_khalas_indices() {
    let types = [
        ProxyType::Any,
        ProxyType::NonTransfer,
        ProxyType::CancelProxy,
        ProxyType::Governance,
        ProxyType::Collator,
        ProxyType::StakePoolManager,
    ];
    for (index, proxy_type) in (0u8..).zip(types) {
        assert_eq!(proxy_type.encode(), [index]);
    }
}

#[test]
fn the_transaction_extensions_are_khalas_in_order() {
    use sp_runtime::traits::TransactionExtension;

    let names: Vec<_> = <TransactionExtensions as TransactionExtension<RuntimeCall>>::metadata()
        .into_iter()
        .map(|extension| extension.identifier)
        .collect();
    let expected = [
        "CheckNonZeroSender",
        "CheckSpecVersion",
        "CheckTxVersion",
        "CheckGenesis",
        "CheckMortality",
        "CheckNonce",
        "CheckWeight",
        "CheckMqSequence",
        "ChargeTransactionPayment",
        "CheckMetadataHash",
    ];
    assert_eq!(names, expected);
}

#[test]
fn the_metadata_has_versions_14_to_16_and_names_the_pallets() {
    let mut fixture = super::Fixture::new();
    let versions: Vec<u32> = fixture.chain.call("Metadata_metadata_versions", &[]);
    assert!([14, 15, 16].iter().all(|version| versions.contains(version)), "{versions:?}");
    let metadata: Vec<u8> = fixture.chain.call("Metadata_metadata", &[]);
    assert_eq!(metadata[..5], *b"meta\x0e");
    for name in ["PhalaStakePoolv2", "CheckMqSequence", "The worker is in another pool."] {
        let found = metadata.windows(name.len()).any(|window| window == name.as_bytes());
        assert!(found, "{name}");
    }
}
