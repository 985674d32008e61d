//! Starting, stopping, reclaiming and restarting.

use sp_keyring::Sr25519Keyring::{Alice, Bob};

use super::{
    super::*,
    Fixture,
    worker::{AdminCall, PoolCall, Worker, system_events},
};
use crate::{
    chain::{Balance, TOKEN},
    types::{SystemEvent, WorkerEvent, WorkerState},
};
use phala_computation::Error as Computation;
use phala_stake_pool::Error as Pool;

const STAKE: Balance = 1_000 * TOKEN;

fn free_stake(fixture: &mut Fixture, pid: u64) -> Balance {
    fixture.read(|| {
        let pool = phala_base_pool::Pallet::<Runtime>::stake_pool(pid).unwrap();
        phala_base_pool::Pallet::<Runtime>::free_stake(&pool)
    })
}

fn stop(worker: &Worker) -> PoolCall {
    PoolCall::stop_computing { pid: 1, worker: worker.key() }
}

fn reclaim(worker: &Worker) -> PoolCall {
    PoolCall::reclaim_pool_worker { pid: 1, worker: worker.key() }
}

fn restart(worker: &Worker, stake: Balance) -> PoolCall {
    PoolCall::restart_computing { pid: 1, worker: worker.key(), stake }
}

fn computing() -> (Fixture, Worker) {
    let mut fixture = Fixture::new();
    let mut worker = Worker::new(1, Alice);
    worker.join(&mut fixture, 1);
    fixture.result(Alice, worker.start_call(1, STAKE)).unwrap();
    (fixture, worker)
}

#[test]
fn a_worker_starts_stops_and_gives_its_stake_back() {
    let mut fixture = Fixture::new();
    let mut worker = Worker::new(1, Alice);
    worker.join(&mut fixture, 1);
    let before = free_stake(&mut fixture, 1);
    let (key, session) = (worker.key(), worker.session(1));

    let started = fixture.submit(Alice, worker.start_call(1, STAKE));
    started.result().unwrap();
    let info = worker.session_info(&mut fixture, 1);
    assert_eq!(info.state, WorkerState::WorkerIdle);
    assert_eq!((info.benchmark.p_init, info.ve), (100, info.v));
    assert_eq!(info.ve >> 64, 1_544);
    assert!(started.has(phala_computation::Event::<Runtime>::WorkerStarted {
        session: session.clone(),
        init_v: info.ve,
        init_p: 100,
    }));
    assert!(started.has(phala_stake_pool::Event::<Runtime>::WorkingStarted {
        pid: 1,
        worker: key,
        amount: STAKE,
    }));
    let event = WorkerEvent::Started { session_id: 0, init_v: info.ve, init_p: 100 };
    assert_eq!(system_events(&mut fixture), [SystemEvent::WorkerEvent { pubkey: key, event }]);
    let stake = fixture.read(|| phala_computation::Stakes::<Runtime>::get(&session));
    assert_eq!(stake, Some(STAKE));
    assert_eq!(free_stake(&mut fixture, 1), before - STAKE);

    let stopped = fixture.submit(Alice, stop(&worker));
    stopped.result().unwrap();
    assert!(
        stopped
            .has(phala_computation::Event::<Runtime>::WorkerStopped { session: session.clone() })
    );
    let info = worker.session_info(&mut fixture, 1);
    assert_eq!(info.state, WorkerState::WorkerCoolingDown);
    assert_eq!(info.cool_down_start, fixture.now() / 1_000);
    assert_eq!(free_stake(&mut fixture, 1), before - STAKE, "still locked");

    let reclaimed = fixture.submit(Bob, reclaim(&worker));
    reclaimed.result().unwrap();
    assert!(
        reclaimed.has(phala_stake_pool::Event::<Runtime>::WorkerReclaimed { pid: 1, worker: key })
    );
    assert_eq!(worker.session_info(&mut fixture, 1).state, WorkerState::Ready);
    assert_eq!(free_stake(&mut fixture, 1), before);
    fixture.result(Alice, worker.start_call(1, STAKE)).unwrap();
}

#[test]
fn starting_checks_in_the_live_order() {
    let mut fixture = Fixture::new();
    let mut worker = Worker::new(1, Alice);
    let huge = 2_000_000 * TOKEN;
    let start = |worker: &Worker, pid, stake| worker.start_call(pid, stake);
    assert_eq!(
        fixture.error(Bob, start(&worker, 9, huge)),
        Pool::<Runtime>::PoolDoesNotExist.into()
    );
    assert_eq!(
        fixture.error(Bob, start(&worker, 1, huge)),
        Pool::<Runtime>::UnauthorizedPoolOwner.into()
    );
    assert_eq!(
        fixture.error(Alice, start(&worker, 1, huge)),
        Pool::<Runtime>::InsufficientFreeStake.into()
    );
    assert_eq!(
        fixture.error(Alice, start(&worker, 1, STAKE)),
        Pool::<Runtime>::WorkerDoesNotExist.into()
    );
    worker.join(&mut fixture, 1);
    assert_eq!(
        fixture.error(Alice, start(&worker, 1, STAKE - 1)),
        Computation::<Runtime>::InsufficientStake.into(),
        "100 · √100 PHA is the least"
    );
    assert_eq!(
        fixture.error(Alice, start(&worker, 1, 20_000 * TOKEN)),
        Computation::<Runtime>::TooMuchStake.into()
    );
    fixture.result(Alice, start(&worker, 1, STAKE)).unwrap();
    assert_eq!(
        fixture.error(Alice, start(&worker, 1, STAKE)),
        Computation::<Runtime>::WorkerNotReady.into()
    );
    assert_eq!(
        fixture.error(Alice, start(&worker, 1, 999_500 * TOKEN)),
        Pool::<Runtime>::InsufficientFreeStake.into(),
        "free stake is looked at before the session"
    );
}

#[test]
fn a_low_score_cannot_start() {
    let mut fixture = Fixture::new();
    let mut worker = Worker::new(1, Alice);
    worker.register(&mut fixture);
    worker.bench(&mut fixture, 49);
    fixture.result(Alice, PoolCall::add_worker { pid: 1, pubkey: worker.key() }).unwrap();
    let error = fixture.error(Alice, worker.start_call(1, STAKE));
    assert_eq!(error, Computation::<Runtime>::BenchmarkTooLow.into());
    worker.bench(&mut fixture, 50);
    fixture.result(Alice, worker.start_call(1, STAKE)).unwrap();
}

#[test]
fn stopping_tells_apart_ready_and_cooling_down() {
    let mut fixture = Fixture::new();
    let mut worker = Worker::new(1, Alice);
    assert_eq!(fixture.error(Alice, stop(&worker)), Pool::<Runtime>::WorkerDoesNotExist.into());
    worker.join(&mut fixture, 1);
    assert_eq!(
        fixture.error(Alice, stop(&worker)),
        Computation::<Runtime>::WorkerNotComputing.into()
    );
    fixture.result(Alice, worker.start_call(1, STAKE)).unwrap();
    assert_eq!(fixture.error(Bob, stop(&worker)), Pool::<Runtime>::UnauthorizedPoolOwner.into());
    fixture.result(Alice, stop(&worker)).unwrap();
    assert_eq!(fixture.error(Alice, stop(&worker)), Pool::<Runtime>::WorkerAlreadyStopped.into());
    assert_eq!(
        fixture.error(Alice, worker.start_call(1, STAKE)),
        Computation::<Runtime>::WorkerNotReady.into()
    );
}

#[test]
fn stake_comes_back_only_after_the_cool_down_period() {
    let (mut fixture, worker) = computing();
    let cooling = Computation::<Runtime>::CoolDownNotReady;
    assert_eq!(fixture.error(Bob, reclaim(&worker)), cooling.into(), "it computes");
    fixture.result(Alice, AdminCall::set_cool_down_period { seconds: 24 }).unwrap();
    fixture.result(Alice, stop(&worker)).unwrap();
    let cooling = Computation::<Runtime>::CoolDownNotReady;
    assert_eq!(fixture.error(Bob, reclaim(&worker)), cooling.into(), "12 s passed");
    fixture.result(Bob, reclaim(&worker)).unwrap();
    let cooling = Computation::<Runtime>::CoolDownNotReady;
    assert_eq!(fixture.error(Bob, reclaim(&worker)), cooling.into(), "it is ready");
    let unknown = PoolCall::reclaim_pool_worker { pid: 9, worker: worker.key() };
    assert_eq!(fixture.error(Bob, unknown), Pool::<Runtime>::PoolDoesNotExist.into());
    let unknown = PoolCall::reclaim_pool_worker { pid: 5, worker: worker.key() };
    assert_eq!(fixture.error(Bob, unknown), Computation::<Runtime>::SessionNotFound.into());
}

#[test]
fn a_restart_raises_the_stake_in_a_new_session() {
    let (mut fixture, worker) = computing();
    let before = free_stake(&mut fixture, 1);
    let outcome = fixture.submit(Alice, restart(&worker, 2 * STAKE));
    outcome.result().unwrap();
    let names: Vec<_> = outcome
        .events
        .iter()
        .filter_map(|event| match event {
            RuntimeEvent::PhalaComputation(event) => Some(format!("{event:?}")),
            RuntimeEvent::PhalaStakePoolv2(event) => Some(format!("{event:?}")),
            _ => None,
        })
        .map(|text| text.split([' ', '{']).next().unwrap_or_default().to_owned())
        .collect();
    let expected = [
        "Event::WorkerStopped",
        "Event::WorkerReclaimed",
        "Event::WorkerReclaimed",
        "Event::WorkerStarted",
        "Event::WorkingStarted",
    ];
    assert_eq!(names, expected);
    let session = worker.session(1);
    let stake = fixture.read(|| phala_computation::Stakes::<Runtime>::get(session));
    assert_eq!(stake, Some(2 * STAKE));
    assert_eq!(free_stake(&mut fixture, 1), before - STAKE);
    let started = system_events(&mut fixture).into_iter().any(|event| {
        matches!(
            event,
            SystemEvent::WorkerEvent { event: WorkerEvent::Started { session_id: 1, .. }, .. }
        )
    });
    assert!(started);
}

#[test]
fn a_restart_checks_in_order_and_leaves_all_as_it_was() {
    let mut fixture = Fixture::new();
    let mut worker = Worker::new(1, Alice);
    worker.join(&mut fixture, 1);
    let missing = Pool::<Runtime>::SessionDoesNotExist;
    assert_eq!(fixture.error(Alice, restart(&worker, STAKE)), missing.into());
    fixture.result(Alice, worker.start_call(1, STAKE)).unwrap();
    let before = worker.session_info(&mut fixture, 1);
    let not_more = Pool::<Runtime>::CannotRestartWithLessStake;
    assert_eq!(fixture.error(Alice, restart(&worker, STAKE)), not_more.into());
    let too_much = Computation::<Runtime>::TooMuchStake;
    assert_eq!(fixture.error(Alice, restart(&worker, 20_000 * TOKEN)), too_much.into());
    let not_free = Pool::<Runtime>::InsufficientFreeStake;
    assert_eq!(fixture.error(Alice, restart(&worker, 2_000_000 * TOKEN)), not_free.into());
    let users = vec![Bob.to_account_id()];
    fixture.result(Alice, AdminCall::set_withdraw_queue { pid: 1, users }).unwrap();
    let waiting = Pool::<Runtime>::WithdrawQueueNotEmpty;
    assert_eq!(fixture.error(Alice, restart(&worker, 2 * STAKE)), waiting.into());
    assert_eq!(worker.session_info(&mut fixture, 1), before);
    let users = vec![];
    fixture.result(Alice, AdminCall::set_withdraw_queue { pid: 1, users }).unwrap();
    fixture.result(Alice, restart(&worker, 2 * STAKE)).unwrap();
}

#[test]
fn deposited_stake_makes_a_start_possible() {
    let mut fixture = Fixture::new();
    let mut worker = Worker::new(1, Bob);
    worker.join(&mut fixture, 4);
    let start = |worker: &Worker| worker.start_call(4, STAKE);
    let not_free = Pool::<Runtime>::InsufficientFreeStake;
    assert_eq!(fixture.error(Bob, start(&worker)), not_free.into());
    let deposit = AdminCall::deposit_stake { pid: 4, amount: STAKE };
    let not_admin = dev_gatekeeper::Error::<Runtime>::NotAdmin;
    assert_eq!(fixture.error(Bob, deposit.clone()), not_admin.into());
    fixture.result(Alice, deposit).unwrap();
    fixture.result(Bob, start(&worker)).unwrap();
}
