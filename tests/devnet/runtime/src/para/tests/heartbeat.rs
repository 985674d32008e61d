//! Challenges, answers, and what happens to workers that do not answer.

use sp_keyring::Sr25519Keyring::Alice;

use super::{
    super::*,
    Fixture,
    worker::{AdminCall, Worker, heartbeat, system_events},
};
use crate::{
    chain::TOKEN,
    types::{HeartbeatChallenge, SystemEvent, WorkerEvent, WorkerState, topic},
};

fn challenge(fixture: &mut Fixture) -> Option<HeartbeatChallenge> {
    system_events(fixture).into_iter().find_map(|event| match event {
        SystemEvent::HeartbeatChallenge(challenge) => Some(challenge),
        SystemEvent::WorkerEvent { .. } => None,
    })
}

fn worker_events(fixture: &mut Fixture) -> Vec<WorkerEvent> {
    system_events(fixture)
        .into_iter()
        .filter_map(|event| match event {
            SystemEvent::WorkerEvent { event, .. } => Some(event),
            SystemEvent::HeartbeatChallenge(_) => None,
        })
        .collect()
}

/// A worker that computes since the last block. No challenges are made.
fn computing() -> (Fixture, Worker) {
    let mut fixture = Fixture::new();
    let mut worker = Worker::new(1, Alice);
    worker.join(&mut fixture, 1);
    fixture.result(Alice, worker.start_call(1, 1_000 * TOKEN)).unwrap();
    (fixture, worker)
}

/// Has every computing worker challenged in the next block, and only there. Gives the block.
fn challenge_once(fixture: &mut Fixture) -> u32 {
    fixture.result(Alice, AdminCall::set_heartbeat_interval { blocks: 1 }).unwrap();
    assert!(challenge(fixture).is_some());
    let block = fixture.height();
    fixture.result(Alice, AdminCall::set_heartbeat_interval { blocks: 0 }).unwrap();
    assert!(challenge(fixture).is_none());
    block
}

fn last_heartbeat(
    fixture: &mut Fixture,
    worker: &Worker,
) -> Option<dev_gatekeeper::AcceptedHeartbeat> {
    fixture.read(|| dev_gatekeeper::LastHeartbeats::<Runtime>::get(worker.key()))
}

#[test]
fn every_block_challenges_with_a_new_seed_unless_paused() {
    let mut fixture = Fixture::with(&GenesisConfig::default());
    fixture.blocks(1);
    let first = challenge(&mut fixture).unwrap();
    fixture.blocks(1);
    let second = challenge(&mut fixture).unwrap();
    assert_ne!(first.seed, second.seed);
    assert_eq!(first.online_target, sp_core::U256::MAX / 20);
    fixture.result(Alice, AdminCall::set_heartbeat_paused { paused: true }).unwrap();
    assert!(challenge(&mut fixture).is_none());
}

#[test]
fn an_answer_in_time_is_recorded() {
    let (mut fixture, mut worker) = computing();
    let challenge_block = challenge_once(&mut fixture);
    worker.send(&mut fixture, topic::WORKING_REPORT, &heartbeat(0, challenge_block));
    let accepted_at = fixture.height();
    assert_eq!(
        last_heartbeat(&mut fixture, &worker),
        Some(dev_gatekeeper::AcceptedHeartbeat { session_id: 0, challenge_block, accepted_at })
    );
    let accepted = dev_gatekeeper::Event::<Runtime>::HeartbeatAccepted {
        worker: worker.key(),
        session_id: 0,
        challenge_block,
    };
    assert!(fixture.all_events().iter().any(|record| record.event == accepted.clone().into()));
    assert_eq!(worker.session_info(&mut fixture, 1).benchmark.iterations, 77);
    fixture.blocks(15);
    assert_eq!(worker.session_info(&mut fixture, 1).state, WorkerState::WorkerIdle);
}

#[test]
fn a_wrong_session_or_block_is_no_answer() {
    let (mut fixture, mut worker) = computing();
    let block = challenge_once(&mut fixture);
    worker.send(&mut fixture, topic::WORKING_REPORT, &heartbeat(1, block));
    worker.send(&mut fixture, topic::WORKING_REPORT, &heartbeat(0, block + 1));
    assert_eq!(last_heartbeat(&mut fixture, &worker), None);
}

#[test]
fn a_worker_that_does_not_answer_within_ten_blocks_is_unresponsive_until_it_does() {
    let (mut fixture, mut worker) = computing();
    let missed = challenge_once(&mut fixture);
    while fixture.height() < missed + 10 {
        fixture.blocks(1);
    }
    assert_eq!(worker.session_info(&mut fixture, 1).state, WorkerState::WorkerIdle);
    fixture.blocks(1);
    assert_eq!(worker.session_info(&mut fixture, 1).state, WorkerState::WorkerUnresponsive);
    assert_eq!(worker_events(&mut fixture), [WorkerEvent::EnterUnresponsive]);
    let session = worker.session(1);
    let entered =
        phala_computation::Event::<Runtime>::WorkerEnterUnresponsive { session: session.clone() };
    assert!(fixture.all_events().iter().any(|record| record.event == entered.clone().into()));

    worker.send(&mut fixture, topic::WORKING_REPORT, &heartbeat(0, missed));
    assert_eq!(last_heartbeat(&mut fixture, &worker), None, "too late");
    let block = challenge_once(&mut fixture);
    worker.send(&mut fixture, topic::WORKING_REPORT, &heartbeat(0, block));
    assert_eq!(worker.session_info(&mut fixture, 1).state, WorkerState::WorkerIdle);
    assert_eq!(worker_events(&mut fixture), [WorkerEvent::ExitUnresponsive]);
    let left = phala_computation::Event::<Runtime>::WorkerExitUnresponsive { session };
    assert!(fixture.all_events().iter().any(|record| record.event == left.clone().into()));
}

#[test]
fn an_unresponsive_worker_can_be_stopped_and_is_challenged_no_more() {
    let (mut fixture, worker) = computing();
    challenge_once(&mut fixture);
    fixture.blocks(12);
    let stop = super::worker::PoolCall::stop_computing { pid: 1, worker: worker.key() };
    fixture.result(Alice, stop).unwrap();
    assert_eq!(worker.session_info(&mut fixture, 1).state, WorkerState::WorkerCoolingDown);
    let computing = fixture.read(|| dev_gatekeeper::ComputingWorkers::<Runtime>::get(worker.key()));
    assert!(computing.is_none());
}
