//! Proxies of pools: what they may do, and what a bridge sees when they may not.

use frame_support::traits::InstanceFilter;
use sp_keyring::Sr25519Keyring::{self, Charlie, Dave, Eve, Ferdie};

use super::{
    super::*,
    Fixture,
    fixture::Outcome,
    worker::{MqCall, PoolCall, RegistryCall, Worker},
};
use crate::types::{VersionedWorkerEndpoints, WorkerEndpointPayload, topic};

fn proxied(
    fixture: &mut Fixture,
    delegate: Sr25519Keyring,
    real: Sr25519Keyring,
    calls: Vec<RuntimeCall>,
) -> Outcome {
    let batch = pallet_utility::Call::<Runtime>::force_batch { calls };
    let call = pallet_proxy::Call::<Runtime>::proxy {
        real: real.to_account_id().into(),
        force_proxy_type: None,
        call: Box::new(batch.into()),
    };
    fixture.submit(delegate, call)
}

/// The result of each call of a batch.
fn items(outcome: &Outcome) -> Vec<Result<(), sp_runtime::DispatchError>> {
    outcome
        .events
        .iter()
        .filter_map(|event| match event {
            RuntimeEvent::Utility(pallet_utility::Event::ItemCompleted) => Some(Ok(())),
            RuntimeEvent::Utility(pallet_utility::Event::ItemFailed { error }) => Some(Err(*error)),
            _ => None,
        })
        .collect()
}

fn register(worker: &Worker) -> RuntimeCall {
    let pruntime_info = worker.info();
    RegistryCall::register_worker_v2 { pruntime_info, attestation: Box::new(None) }.into()
}

#[test]
fn a_pool_manager_runs_workers_for_the_owner() {
    let mut fixture = Fixture::new();
    let mut worker = Worker::new(1, Charlie);
    let calls = vec![
        register(&worker),
        MqCall::sync_offchain_message { signed_message: worker.sign(b"phala/x", &()) }.into(),
    ];
    let outcome = proxied(&mut fixture, Dave, Charlie, calls);
    assert_eq!(items(&outcome), [Ok(()), Ok(())]);
    worker.sequence = 1;
    worker.bench(&mut fixture, 100);
    let add = PoolCall::add_worker { pid: 2, pubkey: worker.key() };
    let calls = vec![add.into(), worker.start_call(2, 1_000 * crate::chain::TOKEN).into()];
    let outcome = proxied(&mut fixture, Dave, Charlie, calls);
    assert_eq!(items(&outcome), [Ok(()), Ok(())]);
    assert!(worker.session_info(&mut fixture, 2).state.is_computing());
}

#[test]
fn one_refused_call_of_a_batch_fails_alone() {
    let mut fixture = Fixture::new();
    let worker = Worker::new(1, Eve);
    let remark = || frame_system::Call::<Runtime>::remark { remark: vec![7] }.into();
    let calls = vec![remark(), register(&worker), remark()];
    let outcome = proxied(&mut fixture, Ferdie, Eve, calls);
    outcome.result().unwrap();
    let filtered = frame_system::Error::<Runtime>::CallFiltered;
    assert_eq!(items(&outcome), [Ok(()), Err(filtered.into()), Ok(())]);
    assert!(outcome.has(pallet_proxy::Event::<Runtime>::ProxyExecuted { result: Ok(()) }));
    assert!(outcome.has(pallet_utility::Event::BatchCompletedWithErrors));
}

#[test]
fn a_single_refused_call_shows_in_the_proxy_event_alone() {
    let mut fixture = Fixture::new();
    let transfer = pallet_balances::Call::<Runtime>::transfer_allow_death {
        dest: Dave.to_account_id().into(),
        value: 1,
    };
    let call = |transfer: pallet_balances::Call<Runtime>| pallet_proxy::Call::<Runtime>::proxy {
        real: Charlie.to_account_id().into(),
        force_proxy_type: None,
        call: Box::new(transfer.into()),
    };
    let outcome = fixture.submit(Dave, call(transfer.clone()));
    outcome.result().unwrap();
    let filtered = frame_system::Error::<Runtime>::CallFiltered;
    let result = Err(filtered.into());
    assert!(outcome.has(pallet_proxy::Event::<Runtime>::ProxyExecuted { result }));
    let error = fixture.error(Ferdie, call(transfer));
    assert_eq!(error, pallet_proxy::Error::<Runtime>::NotProxy.into());
}

#[test]
fn only_any_may_update_an_endpoint() {
    let worker = Worker::new(1, Charlie);
    let endpoint_payload = WorkerEndpointPayload {
        pubkey: worker.key(),
        versioned_endpoints: VersionedWorkerEndpoints::V1(vec![]),
        signing_time: 0,
    };
    let call: RuntimeCall =
        RegistryCall::update_worker_endpoint { endpoint_payload, signature: vec![] }.into();
    assert!(ProxyType::Any.filter(&call));
    assert!(!ProxyType::StakePoolManager.filter(&call));
    assert!(!ProxyType::NonTransfer.filter(&call));
    let signed_message = worker.sign(topic::WORKING_REPORT, &());
    let message: RuntimeCall = MqCall::sync_offchain_message { signed_message }.into();
    assert!(ProxyType::StakePoolManager.filter(&message));
    assert!(!ProxyType::NonTransfer.filter(&message));
    assert!(!ProxyType::Governance.filter(&message));
}

#[test]
fn a_batch_of_a_hundred_messages_fits_into_a_block() {
    let mut fixture = Fixture::new();
    let mut worker = Worker::new(1, Charlie);
    let calls = (0..100)
        .map(|sequence| {
            worker.sequence = sequence;
            let signed_message = worker.sign(b"phala/x", &[7u8; 1_000].to_vec());
            MqCall::sync_offchain_message { signed_message }.into()
        })
        .collect();
    let outcome = proxied(&mut fixture, Dave, Charlie, calls);
    assert_eq!(items(&outcome), vec![Ok(()); 100]);
}
