use parity_scale_codec::Encode;
use sp_core::{H256, Pair as _};
use sp_keyring::Sr25519Keyring::{Alice, Bob};

use super::{
    super::*,
    Fixture,
    worker::{RegistryCall, Worker, system_events},
};
use crate::{
    attestation::{Enclave, dcap, epid},
    types::{
        Attestation, AttestationProvider, AttestationReport, SignedContentType, SystemEvent,
        VersionedWorkerEndpoints, WorkerEndpointPayload, WorkerEvent, WorkerInfoV2,
        WorkerPublicKey, WorkerRegistrationInfo, WorkerRegistrationInfoV2, wrap_signed_content,
    },
};
use phala_registry::Error as Registry;

fn register(
    pruntime_info: WorkerRegistrationInfoV2,
    report: Option<AttestationReport>,
) -> RegistryCall {
    RegistryCall::register_worker_v2 { pruntime_info, attestation: Box::new(report) }
}

fn hash(info: &impl Encode) -> [u8; 32] {
    sp_io::hashing::blake2_256(&info.encode())
}

fn registered(fixture: &mut Fixture, key: WorkerPublicKey) -> Option<WorkerInfoV2> {
    fixture.read(|| phala_registry::Workers::<Runtime>::get(key))
}

#[test]
fn a_worker_registers_without_attestation_and_is_asked_for_a_benchmark() {
    let mut fixture = Fixture::new();
    let worker = Worker::new(1, Alice);
    let pubkey = worker.key();
    let outcome = fixture.submit(Bob, register(worker.info(), None));
    outcome.result().unwrap();
    assert!(outcome.has(phala_registry::Event::<Runtime>::WorkerAdded {
        pubkey,
        attestation_provider: None,
        confidence_level: 128,
    }));
    let info = registered(&mut fixture, pubkey).unwrap();
    assert_eq!(info.operator, Some(Alice.to_account_id()));
    assert_eq!((info.initial_score, info.confidence_level), (None, 128));
    assert_eq!(info.last_updated, fixture.now() / 1_000);
    let added_at = fixture.read(|| phala_registry::WorkerAddedAt::<Runtime>::get(pubkey));
    assert_eq!(added_at, Some(1));
    let event = |event| SystemEvent::WorkerEvent { pubkey, event };
    assert_eq!(
        system_events(&mut fixture),
        [
            event(WorkerEvent::Registered { confidence_level: 128 }),
            event(WorkerEvent::BenchStart { duration: 4 }),
        ]
    );
}

#[test]
fn a_benchmark_report_sets_the_score() {
    let mut fixture = Fixture::new();
    let mut worker = Worker::new(1, Alice);
    worker.register(&mut fixture);
    worker.bench(&mut fixture, 700);
    assert_eq!(registered(&mut fixture, worker.key()).unwrap().initial_score, Some(700));
    let pubkey = worker.key();
    let event = SystemEvent::WorkerEvent { pubkey, event: WorkerEvent::BenchScore(700) };
    assert_eq!(system_events(&mut fixture), [event]);
    let events = fixture.all_events();
    let set = phala_registry::Event::<Runtime>::InitialScoreSet { pubkey, init_score: 700 };
    assert!(events.iter().any(|record| record.event == set.clone().into()));
}

#[test]
fn a_second_registration_keeps_score_keys_and_first_block() {
    let mut fixture = Fixture::new();
    let mut worker = Worker::new(1, Alice);
    worker.register(&mut fixture);
    worker.bench(&mut fixture, 700);
    let first = registered(&mut fixture, worker.key()).unwrap();
    let changed = WorkerRegistrationInfoV2 {
        version: 7,
        ecdh_pubkey: WorkerPublicKey::from_raw([9; 32]),
        operator: None,
        features: vec![1],
        ..worker.info()
    };
    let report = epid::report(&Enclave::DEVELOPMENT, &hash(&changed), fixture.next_time / 1_000);
    fixture.result(Bob, register(changed, Some(report))).unwrap();
    let second = registered(&mut fixture, worker.key()).unwrap();
    let expected = WorkerInfoV2 {
        runtime_version: 7,
        operator: None,
        features: vec![1],
        confidence_level: 1,
        last_updated: fixture.now() / 1_000,
        ..first
    };
    assert_eq!(second, expected);
    let added_at = fixture.read(|| phala_registry::WorkerAddedAt::<Runtime>::get(worker.key()));
    assert_eq!(added_at, Some(1));
}

#[test]
fn reports_of_both_kinds_register() {
    let mut fixture = Fixture::new();
    let info = Worker::new(1, Alice).info();
    let report = epid::report(&Enclave::DEVELOPMENT, &hash(&info), fixture.next_time / 1_000);
    fixture.result(Bob, register(info.clone(), Some(report))).unwrap();
    let provider = registered(&mut fixture, info.pubkey).unwrap().attestation_provider;
    assert_eq!(provider, Some(AttestationProvider::Ias));

    let info = Worker::new(2, Alice).info();
    let report = dcap::report(&Enclave::DEVELOPMENT, &hash(&info));
    let incomplete = register(info.clone(), Some(report.clone()));
    assert!(fixture.result(Bob, incomplete).is_err(), "without collateral");
    fixture.result(Bob, register(info.clone(), Some(dcap::completed(report)))).unwrap();
    let provider = registered(&mut fixture, info.pubkey).unwrap().attestation_provider;
    assert_eq!(provider, Some(AttestationProvider::Dcap));
}

#[test]
fn a_worker_of_the_old_generation_registers() {
    let mut fixture = Fixture::new();
    let info = Worker::new(1, Alice).info();
    let info = WorkerRegistrationInfo {
        version: info.version,
        machine_id: vec![],
        pubkey: info.pubkey,
        ecdh_pubkey: info.ecdh_pubkey,
        genesis_block_hash: info.genesis_block_hash,
        features: vec![],
        operator: info.operator,
    };
    let now = fixture.next_time / 1_000;
    let AttestationReport::SgxIas { ra_report, signature, raw_signing_cert } =
        epid::report(&Enclave::DEVELOPMENT, &hash(&info), now)
    else {
        panic!("an EPID report")
    };
    let attestation = Attestation::SgxIas { ra_report, signature, raw_signing_cert };
    let pubkey = info.pubkey;
    let call = RegistryCall::register_worker { pruntime_info: info, attestation };
    fixture.result(Bob, call).unwrap();
    assert_eq!(registered(&mut fixture, pubkey).unwrap().confidence_level, 1);
}

#[test]
fn what_is_wrong_with_a_registration_is_told() {
    let config = GenesisConfig {
        none_attestation: false,
        relay_genesis_hashes: Some(vec![H256::repeat_byte(9)]),
        ..Default::default()
    };
    let mut fixture = Fixture::with(&config);
    let info = Worker::new(1, Alice).info();
    let now = fixture.next_time / 1_000;
    let hash_of = hash(&info);
    let good = |info: &WorkerRegistrationInfoV2| {
        Some(epid::report(&Enclave::DEVELOPMENT, &hash(info), now))
    };
    let epid = |made, status| {
        Some(epid::report_with_status(&Enclave::DEVELOPMENT, &hash_of, made, status))
    };
    let unsigned = |ra_report: Vec<u8>| {
        let signature = crate::attestation::signing_pair().sign(&ra_report).0.to_vec();
        let raw_signing_cert = crate::attestation::signing_pair().public().0.to_vec();
        Some(AttestationReport::SgxIas { ra_report, signature, raw_signing_cert })
    };
    let forged = AttestationReport::SgxIas {
        ra_report: vec![],
        signature: vec![],
        raw_signing_cert: vec![],
    };
    let other_enclave = Enclave { isv_svn: 9, ..Enclave::DEVELOPMENT };
    let foreign_genesis =
        WorkerRegistrationInfoV2 { genesis_block_hash: H256::zero(), para_id: 1, ..info.clone() };
    let foreign_para = WorkerRegistrationInfoV2 { para_id: 1, ..info.clone() };
    let bad_quote = AttestationReport::SgxDcap { quote: vec![1], collateral: None };
    let cases: Vec<(_, _, Registry<Runtime>)> = vec![
        (info.clone(), None, Registry::NoneAttestationDisabled),
        (info.clone(), Some(forged), Registry::InvalidIASSigningCert),
        (info.clone(), unsigned(b"{".to_vec()), Registry::InvalidReport),
        (info.clone(), epid(now, "GROUP_REVOKED"), Registry::InvalidQuoteStatus),
        (info.clone(), epid(now - 7_200, "OK"), Registry::OutdatedIASReport),
        (info.clone(), Some(dcap::report(&other_enclave, &hash_of)), Registry::PRuntimeRejected),
        (info.clone(), Some(bad_quote), Registry::InvalidDCAPQuote),
        (foreign_para.clone(), good(&info), Registry::InvalidRuntimeInfoHash),
        (foreign_genesis.clone(), good(&foreign_genesis), Registry::GenesisBlockHashRejected),
        (foreign_para.clone(), good(&foreign_para), Registry::ParachainIdMismatch),
    ];
    // All in one block, so that the reports keep their age.
    let calls = cases
        .iter()
        .map(|(info, report, _)| RuntimeCall::from(register(info.clone(), report.clone())));
    let batch = pallet_utility::Call::<Runtime>::force_batch { calls: calls.collect() };
    let outcome = fixture.submit(Bob, batch);
    let errors: Vec<_> = outcome
        .events
        .iter()
        .filter_map(|event| match event {
            RuntimeEvent::Utility(pallet_utility::Event::ItemFailed { error }) => Some(*error),
            _ => None,
        })
        .collect();
    let expected: Vec<sp_runtime::DispatchError> =
        cases.into_iter().map(|(_, _, error)| error.into()).collect();
    assert_eq!(errors, expected);
    assert!(registered(&mut fixture, info.pubkey).is_none());
}

#[test]
fn an_endpoint_is_stored_as_its_worker_signed_it() {
    let mut fixture = Fixture::new();
    let worker = Worker::new(1, Alice);
    worker.register(&mut fixture);
    let now = fixture.next_time;
    let stranger = Worker::new(2, Alice);
    let endpoints = VersionedWorkerEndpoints::V1(vec!["http://127.0.0.1:1".to_owned()]);
    let call = |worker: &Worker, signing_time, wrapped: bool| {
        let endpoint_payload = WorkerEndpointPayload {
            pubkey: worker.key(),
            versioned_endpoints: endpoints.clone(),
            signing_time,
        };
        let mut signed = endpoint_payload.encode();
        if wrapped {
            signed = wrap_signed_content(&signed, SignedContentType::EndpointInfo);
        }
        let signature = worker.pair.sign(&signed).0.to_vec();
        RegistryCall::update_worker_endpoint { endpoint_payload, signature }
    };
    assert_eq!(
        fixture.error(Bob, call(&worker, now - 1, false)),
        Registry::<Runtime>::InvalidSignature.into()
    );
    assert_eq!(
        fixture.error(Bob, call(&worker, now * 2, true)),
        Registry::<Runtime>::InvalidEndpointSigningTime.into()
    );
    assert_eq!(
        fixture.error(Bob, call(&stranger, now - 1, true)),
        Registry::<Runtime>::InvalidPubKey.into()
    );
    fixture.result(Bob, call(&worker, now - 1, true)).unwrap();
    let stored = fixture.read(|| phala_registry::Endpoints::<Runtime>::get(worker.key()));
    assert_eq!(stored, Some(endpoints.clone()));
}
