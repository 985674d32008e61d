//! Joining and leaving pools.

use parity_scale_codec::Encode;
use sp_keyring::Sr25519Keyring::{Alice, Bob, Charlie};

use super::{
    super::*,
    Fixture,
    worker::{AdminCall, PoolCall, Worker},
};
use crate::types::{PoolProxy, WorkerPublicKey};
use phala_stake_pool::Error as Pool;

type Unbind = phala_computation::Call<Runtime>;

fn add(worker: &Worker, pid: u64) -> PoolCall {
    PoolCall::add_worker { pid, pubkey: worker.key() }
}

fn remove(worker: &Worker, pid: u64) -> PoolCall {
    PoolCall::remove_worker { pid, worker: worker.key() }
}

fn pool(fixture: &mut Fixture, pid: u64) -> crate::types::StakePool {
    fixture.read(|| phala_base_pool::Pallet::<Runtime>::stake_pool(pid)).unwrap()
}

#[test]
fn genesis_has_pools_with_free_stake_and_proxies() {
    let mut fixture = Fixture::new();
    let free = fixture.read(|| {
        [1, 2, 3, 4, 5].map(|pid| {
            let pool = phala_base_pool::Pallet::<Runtime>::stake_pool(pid).unwrap();
            phala_base_pool::Pallet::<Runtime>::free_stake(&pool) / crate::chain::TOKEN
        })
    });
    assert_eq!(free, [1_000_000, 1_000_000, 1_000_000, 1, 1_000_000]);
    assert_eq!(pool(&mut fixture, 2).basepool.owner, Charlie.to_account_id());
    let proxies = fixture.read(|| pallet_proxy::Proxies::<Runtime>::get(Charlie.to_account_id()).0);
    assert_eq!(proxies[0].proxy_type, ProxyType::StakePoolManager);
}

#[test]
fn adding_a_worker_checks_in_the_live_order() {
    let mut fixture = Fixture::new();
    let mut worker = Worker::new(1, Alice);
    // Each step repairs the first thing that was wrong; the later ones still are.
    assert_eq!(fixture.error(Bob, add(&worker, 9)), Pool::<Runtime>::WorkerNotRegistered.into());
    worker.register(&mut fixture);
    assert_eq!(fixture.error(Bob, add(&worker, 9)), Pool::<Runtime>::UnauthorizedOperator.into());
    assert_eq!(fixture.error(Alice, add(&worker, 9)), Pool::<Runtime>::BenchmarkMissing.into());
    worker.bench(&mut fixture, 100);
    assert_eq!(fixture.error(Alice, add(&worker, 9)), Pool::<Runtime>::PoolDoesNotExist.into());
    assert_eq!(
        fixture.error(Alice, add(&worker, 2)),
        Pool::<Runtime>::UnauthorizedPoolOwner.into()
    );
    let outcome = fixture.submit(Alice, add(&worker, 1));
    outcome.result().unwrap();
    let (worker_key, session) = (worker.key(), worker.session(1));
    assert!(outcome.has(phala_stake_pool::Event::<Runtime>::PoolWorkerAdded {
        pid: 1,
        worker: worker_key,
        session: session.clone(),
    }));
    assert!(outcome.has(phala_computation::Event::<Runtime>::SessionBound {
        session: session.clone(),
        worker: worker_key,
    }));
    assert_eq!(fixture.error(Alice, add(&worker, 1)), Pool::<Runtime>::WorkerExists.into());
    assert_eq!(
        fixture.error(Alice, add(&worker, 5)),
        Pool::<Runtime>::FailedToBindSessionAndWorker.into(),
        "bound to another pool"
    );
    assert_eq!(pool(&mut fixture, 1).workers, [worker_key]);
    let assigned = fixture.read(|| phala_stake_pool::WorkerAssignments::<Runtime>::get(worker_key));
    assert_eq!(assigned, Some(1));
    let bound = fixture.read(|| phala_computation::WorkerBindings::<Runtime>::get(worker_key));
    assert_eq!(bound, Some(session));
}

#[test]
fn a_full_pool_takes_no_worker() {
    let mut fixture = Fixture::new();
    let mut worker = Worker::new(1, Alice);
    worker.register(&mut fixture);
    worker.bench(&mut fixture, 100);
    let mut full = pool(&mut fixture, 1);
    full.workers = (0..200).map(|seed| WorkerPublicKey::from_raw([seed; 32])).collect();
    let key = phala_base_pool::Pools::<Runtime>::hashed_key_for(1);
    let items = vec![(key, PoolProxy::StakePool(full.clone()).encode())];
    let set = frame_system::Call::<Runtime>::set_storage { items };
    let arrange = AdminCall::dispatch_as_root { call: Box::new(set.into()) };
    assert_eq!(
        fixture.error(Bob, arrange.clone()),
        dev_gatekeeper::Error::<Runtime>::NotAdmin.into()
    );
    fixture.result(Alice, arrange).unwrap();
    assert_eq!(pool(&mut fixture, 1), full);
    assert_eq!(fixture.error(Alice, add(&worker, 1)), Pool::<Runtime>::WorkersExceedLimit.into());
}

#[test]
fn anybody_creates_a_pool_of_the_next_number() {
    let mut fixture = Fixture::new();
    let outcome = fixture.submit(Bob, PoolCall::create {});
    outcome.result().unwrap();
    let created = pool(&mut fixture, 6);
    assert_eq!(created.basepool.owner, Bob.to_account_id());
    assert!(outcome.has(phala_stake_pool::Event::<Runtime>::PoolCreated {
        owner: Bob.to_account_id(),
        pid: 6,
        cid: 6,
        pool_account_id: created.basepool.pool_account_id,
    }));
    let create = AdminCall::create_pool { owner: Charlie.to_account_id() };
    fixture.result(Alice, create).unwrap();
    assert_eq!(pool(&mut fixture, 7).basepool.owner, Charlie.to_account_id());
}

#[test]
fn a_worker_leaves_its_own_pool_only_and_only_when_ready() {
    let mut fixture = Fixture::new();
    let mut worker = Worker::new(1, Alice);
    assert_eq!(fixture.error(Alice, remove(&worker, 9)), Pool::<Runtime>::PoolDoesNotExist.into());
    assert_eq!(
        fixture.error(Bob, remove(&worker, 1)),
        Pool::<Runtime>::UnauthorizedPoolOwner.into()
    );
    assert_eq!(
        fixture.error(Alice, remove(&worker, 1)),
        Pool::<Runtime>::WorkerDoesNotExist.into()
    );
    worker.join(&mut fixture, 1);
    assert_eq!(
        fixture.error(Alice, remove(&worker, 5)),
        Pool::<Runtime>::WorkerInAnotherPool.into()
    );
    let stake = 1_000 * crate::chain::TOKEN;
    fixture.result(Alice, worker.start_call(1, stake)).unwrap();
    assert_eq!(fixture.error(Alice, remove(&worker, 1)), Pool::<Runtime>::WorkerIsNotReady.into());
    let stop = PoolCall::stop_computing { pid: 1, worker: worker.key() };
    fixture.result(Alice, stop).unwrap();
    assert_eq!(
        fixture.error(Alice, remove(&worker, 1)),
        Pool::<Runtime>::WorkerIsNotReady.into(),
        "it cools down"
    );
    let reclaim = PoolCall::reclaim_pool_worker { pid: 1, worker: worker.key() };
    fixture.result(Bob, reclaim).unwrap();
    let outcome = fixture.submit(Alice, remove(&worker, 1));
    outcome.result().unwrap();
    assert!(outcome.has(phala_stake_pool::Event::<Runtime>::PoolWorkerRemoved {
        pid: 1,
        worker: worker.key(),
    }));
    assert!(pool(&mut fixture, 1).workers.is_empty());
    fixture.result(Alice, add(&worker, 5)).unwrap();
}

#[test]
fn the_operator_unbinds_a_computing_worker_by_force() {
    let mut fixture = Fixture::new();
    let mut worker = Worker::new(1, Alice);
    worker.join(&mut fixture, 1);
    let stake = 1_000 * crate::chain::TOKEN;
    fixture.result(Alice, worker.start_call(1, stake)).unwrap();
    let session = worker.session(1);
    let unbind = |session| Unbind::unbind { session };
    assert_eq!(
        fixture.error(Bob, unbind(session.clone())),
        phala_computation::Error::<Runtime>::BadSender.into()
    );
    let outcome = fixture.submit(Alice, unbind(session.clone()));
    outcome.result().unwrap();
    assert!(
        outcome
            .has(phala_computation::Event::<Runtime>::WorkerStopped { session: session.clone() })
    );
    assert_eq!(
        fixture.error(Alice, unbind(session)),
        phala_computation::Error::<Runtime>::SessionNotBound.into()
    );
    let left = pool(&mut fixture, 1);
    assert!(left.workers.is_empty());
    assert_eq!(left.cd_workers, [worker.key()]);
    assert_eq!(
        fixture.error(Alice, add(&worker, 1)),
        Pool::<Runtime>::FailedToBindSessionAndWorker.into(),
        "its old session still cools down"
    );
    let reclaim = PoolCall::reclaim_pool_worker { pid: 1, worker: worker.key() };
    fixture.result(Bob, reclaim).unwrap();
    assert!(pool(&mut fixture, 1).cd_workers.is_empty());
    fixture.result(Alice, add(&worker, 1)).unwrap();
}
