//! Whatever calls come in whatever order: no stake appears or gets lost, and the pallets agree on
//! who is where.

use std::cell::RefCell;

use frame_support::traits::UnfilteredDispatchable as _;
use proptest::{prelude::*, test_runner::TestRunner};
use sp_keyring::Sr25519Keyring::Alice;

use super::{
    super::*,
    Fixture,
    worker::{PoolCall, Worker},
};
use crate::{chain::TOKEN, types::WorkerState};

/// The pools Alice owns, and one that does not exist.
const PIDS: [u64; 3] = [1, 5, 9];
const WORKERS: u8 = 3;

#[derive(Clone, Copy, Debug)]
enum Action {
    Add,
    Remove,
    Start,
    Stop,
    Reclaim,
    Restart,
    Unbind,
}

fn actions() -> impl Strategy<Value = Vec<(Action, usize, u8, u128)>> {
    use Action::{Add, Reclaim, Remove, Restart, Start, Stop, Unbind};

    let action = prop::sample::select(vec![Add, Remove, Start, Stop, Reclaim, Restart, Unbind]);
    let step = (action, 0..PIDS.len(), 0..WORKERS, 900..2_000u128);
    prop::collection::vec(step, 1..60)
}

fn call(action: Action, pid: u64, worker: &Worker, stake: u128) -> RuntimeCall {
    let key = worker.key();
    match action {
        Action::Add => PoolCall::add_worker { pid, pubkey: key }.into(),
        Action::Remove => PoolCall::remove_worker { pid, worker: key }.into(),
        Action::Start => worker.start_call(pid, stake).into(),
        Action::Stop => PoolCall::stop_computing { pid, worker: key }.into(),
        Action::Reclaim => PoolCall::reclaim_pool_worker { pid, worker: key }.into(),
        Action::Restart => PoolCall::restart_computing { pid, worker: key, stake }.into(),
        Action::Unbind => {
            phala_computation::Call::<Runtime>::unbind { session: worker.session(pid) }.into()
        }
    }
}

fn check(workers: &[Worker]) -> Result<(), TestCaseError> {
    for pid in PIDS {
        let Some(pool) = phala_base_pool::Pallet::<Runtime>::stake_pool(pid) else { continue };
        let staked: u128 = workers
            .iter()
            .filter_map(|worker| phala_computation::Stakes::<Runtime>::get(worker.session(pid)))
            .sum();
        let free = phala_base_pool::Pallet::<Runtime>::free_stake(&pool);
        prop_assert_eq!(free + staked, pool.basepool.total_value, "the stake of pool {}", pid);
        for worker in workers {
            let session = worker.session(pid);
            let key = worker.key();
            let member = pool.workers.contains(&key);
            let assigned = phala_stake_pool::WorkerAssignments::<Runtime>::get(key) == Some(pid);
            let bound = phala_computation::WorkerBindings::<Runtime>::get(key);
            prop_assert_eq!(member, assigned);
            prop_assert_eq!(member, bound.as_ref() == Some(&session));
            let state = phala_computation::Sessions::<Runtime>::get(&session)
                .map_or(WorkerState::Ready, |info| info.state);
            let has_stake = phala_computation::Stakes::<Runtime>::contains_key(&session);
            prop_assert_eq!(has_stake, state != WorkerState::Ready);
            let cools_down = state == WorkerState::WorkerCoolingDown;
            prop_assert_eq!(pool.cd_workers.contains(&key), cools_down);
            prop_assert!(member || !state.is_computing(), "it computes outside its pool");
        }
    }
    let computing = dev_gatekeeper::ComputingWorkers::<Runtime>::iter().count();
    prop_assert_eq!(phala_computation::OnlineWorkers::<Runtime>::get() as usize, computing);
    Ok(())
}

fn dispatch_all(
    actions: Vec<(Action, usize, u8, u128)>,
    workers: &[Worker],
) -> Result<(), TestCaseError> {
    for (action, pid, worker, stake) in actions {
        let call = call(action, PIDS[pid], &workers[worker as usize], stake * TOKEN);
        let origin = frame_system::RawOrigin::Signed(Alice.to_account_id());
        // Refused or not, the state must stay sound.
        let _ = call.dispatch_bypass_filter(origin.into());
        check(workers)?;
    }
    Ok(())
}

#[test]
fn no_order_of_calls_loses_stake_or_splits_the_pallets() {
    let config = GenesisConfig { cool_down_period: 0, ..Default::default() };
    let mut fixture = Fixture::with(&config);
    let mut workers: Vec<_> = (1..=WORKERS).map(|seed| Worker::new(seed, Alice)).collect();
    for worker in &mut workers {
        worker.register(&mut fixture);
        worker.bench(&mut fixture, 100);
    }
    let fixture = RefCell::new(fixture);
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(32) };
    let result = TestRunner::new(config).run(&actions(), |actions| {
        fixture.borrow_mut().read(|| {
            sp_io::storage::start_transaction();
            let result = dispatch_all(actions, &workers);
            sp_io::storage::rollback_transaction();
            result
        })
    });
    assert!(result.is_ok(), "{result:?}");
}
