//! Challenging workers, and judging their answers.

use parity_scale_codec::{DecodeAll, Encode};
use sp_core::U256;
use sp_io::hashing::blake2_256;
use sp_runtime::SaturatedConversion as _;

use super::{
    AcceptedHeartbeat, ComputingWorker, ComputingWorkers, Config, Event, HeartbeatInterval,
    LastHeartbeats, Pallet, Waiting,
};
use crate::{
    para::{
        phala_computation::{self, HeartbeatPaused, TokenomicParameters},
        phala_mq::{self, MessageConsumer},
    },
    types::{
        HeartbeatChallenge, Message, MessageOrigin, SystemEvent, WorkerEvent, WorkerPublicKey,
        WorkingReportEvent, topic,
    },
};

/// A challenge that hits each worker with a chance of one in `interval`; none for 0.
fn challenge(seed: [u8; 32], interval: u32) -> Option<HeartbeatChallenge> {
    let online_target = U256::MAX.checked_div(U256::from(interval))?;
    Some(HeartbeatChallenge { seed: U256::from_big_endian(&seed), online_target })
}

impl<T: Config> Pallet<T> {
    /// Marks the workers that missed a challenge, then challenges.
    pub(super) fn end_block(number: u32) {
        let window =
            TokenomicParameters::<T>::get().map_or(0, |parameters| parameters.heartbeat_window);
        let challenge = Self::next_challenge(number);
        let workers: Vec<_> = ComputingWorkers::<T>::iter().collect();
        for (worker, mut computing) in workers {
            let missed = computing.waiting.drop_missed(number, window);
            let hit = challenge.is_some_and(|challenge| challenge.hits(&worker));
            if hit {
                computing.waiting.challenge(number);
            }
            if missed || hit {
                ComputingWorkers::<T>::insert(worker, computing);
            }
            if missed {
                phala_computation::Pallet::<T>::set_responsive(&worker, false);
            }
        }
        if let Some(challenge) = challenge {
            let event = SystemEvent::HeartbeatChallenge(challenge);
            phala_mq::Pallet::<T>::push_system_event(b"phala/computation", &event);
        }
    }

    fn next_challenge(number: u32) -> Option<HeartbeatChallenge> {
        if HeartbeatPaused::<T>::get() {
            return None;
        }
        let parent = frame_system::Pallet::<T>::parent_hash();
        let seed = blake2_256(&(b"heartbeat", parent, number).encode());
        challenge(seed, HeartbeatInterval::<T>::get())
    }

    fn on_worker_event(worker: WorkerPublicKey, event: &WorkerEvent) {
        match event {
            WorkerEvent::Started { session_id, .. } => {
                let waiting = Waiting::default();
                let computing = ComputingWorker { session_id: *session_id, waiting };
                ComputingWorkers::<T>::insert(worker, computing);
            }
            WorkerEvent::Stopped => ComputingWorkers::<T>::remove(worker),
            _ => {}
        }
    }

    fn on_report(worker: WorkerPublicKey, report: &WorkingReportEvent) {
        let (WorkingReportEvent::Heartbeat {
            session_id,
            challenge_block,
            challenge_time,
            iterations,
        }
        | WorkingReportEvent::HeartbeatV2 {
            session_id,
            challenge_block,
            challenge_time,
            iterations,
            ..
        }) = *report;
        let Some(mut computing) = ComputingWorkers::<T>::get(worker) else { return };
        if computing.session_id != session_id || !computing.waiting.answer(challenge_block) {
            return;
        }
        ComputingWorkers::<T>::insert(worker, computing);
        let accepted_at = frame_system::Pallet::<T>::block_number().saturated_into();
        LastHeartbeats::<T>::insert(
            worker,
            AcceptedHeartbeat { session_id, challenge_block, accepted_at },
        );
        phala_computation::Pallet::<T>::note_heartbeat(&worker, iterations, challenge_time);
        phala_computation::Pallet::<T>::set_responsive(&worker, true);
        Self::deposit_event(Event::HeartbeatAccepted { worker, session_id, challenge_block });
    }
}

impl<T: Config> MessageConsumer for Pallet<T> {
    fn on_message(message: &Message) {
        let mut payload = message.payload.as_slice();
        match (&message.sender, message.destination.0.as_slice()) {
            (MessageOrigin::Pallet(_), topic::SYSTEM_EVENT) => {
                if let Ok(SystemEvent::WorkerEvent { pubkey, event }) =
                    SystemEvent::decode_all(&mut payload)
                {
                    Self::on_worker_event(pubkey, &event);
                }
            }
            (MessageOrigin::Worker(worker), topic::WORKING_REPORT) => {
                if let Ok(report) = WorkingReportEvent::decode_all(&mut payload) {
                    Self::on_report(*worker, &report);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(interval: u32, rounds: u32) -> usize {
        let worker = WorkerPublicKey::from_raw([3; 32]);
        (0..rounds)
            .filter_map(|round| challenge(blake2_256(&round.encode()), interval))
            .filter(|challenge| challenge.hits(&worker))
            .count()
    }

    #[test]
    fn an_interval_of_one_hits_always_and_zero_never() {
        assert_eq!(hits(1, 100), 100);
        assert_eq!(hits(0, 100), 0);
    }

    #[test]
    fn a_worker_is_hit_about_once_per_interval() {
        let count = hits(20, 10_000);
        assert!((400..=600).contains(&count), "{count} of 10,000 at an interval of 20");
    }
}
