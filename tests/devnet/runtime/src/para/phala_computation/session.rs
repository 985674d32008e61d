//! What sessions do, as other pallets ask for it.

use frame_support::ensure;
use sp_runtime::{DispatchError, DispatchResult};

use super::{
    Config, CoolDownPeriod, Error, Event, MIN_INITIAL_SCORE, NextSessionId, OnUnbound,
    OnlineWorkers, Pallet, SessionBindings, Sessions, Stakes, TokenomicParameters, WorkerBindings,
    tokenomic::{initial_value, minimal_stake},
};
use crate::{
    para::{phala_mq, phala_registry},
    types::{
        AccountId, BenchmarkState, SessionInfo, SessionStats, SystemEvent, WorkerEvent,
        WorkerPublicKey, WorkerState,
    },
};

impl<T: Config> Pallet<T> {
    /// Gives a worker to a session.
    pub fn bind(session: &AccountId, worker: WorkerPublicKey) -> DispatchResult {
        let info =
            phala_registry::Workers::<T>::get(worker).ok_or(Error::<T>::WorkerNotRegistered)?;
        ensure!(info.initial_score.is_some(), Error::<T>::BenchmarkMissing);
        ensure!(!SessionBindings::<T>::contains_key(session), Error::<T>::DuplicateBoundSession);
        ensure!(!WorkerBindings::<T>::contains_key(worker), Error::<T>::DuplicateBoundWorker);
        let known = Sessions::<T>::get(session);
        ensure!(
            known.is_none_or(|known| known.state == WorkerState::Ready),
            Error::<T>::WorkerNotReady
        );
        let now = Self::now_seconds();
        Sessions::<T>::insert(session, fresh_session(now));
        WorkerBindings::<T>::insert(worker, session);
        SessionBindings::<T>::insert(session, worker);
        Self::deposit_event(Event::SessionBound { session: session.clone(), worker });
        Ok(())
    }

    /// Takes the worker from a session.
    pub fn unbind_session(session: &AccountId) -> DispatchResult {
        let worker = SessionBindings::<T>::take(session).ok_or(Error::<T>::SessionNotBound)?;
        WorkerBindings::<T>::remove(worker);
        Self::deposit_event(Event::SessionUnbound { session: session.clone(), worker });
        T::OnUnbound::on_unbound(session, &worker);
        Ok(())
    }

    /// Starts computing with `stake` planck.
    pub fn start(session: &AccountId, stake: u128) -> DispatchResult {
        let known = Sessions::<T>::get(session).ok_or(Error::<T>::SessionNotFound)?;
        ensure!(known.state == WorkerState::Ready, Error::<T>::WorkerNotReady);
        let worker = SessionBindings::<T>::get(session).ok_or(Error::<T>::SessionNotBound)?;
        ensure!(
            !Stakes::<T>::contains_key(session),
            Error::<T>::InternalErrorCannotStartWithExistingStake
        );
        let info =
            phala_registry::Workers::<T>::get(worker).ok_or(Error::<T>::WorkerNotRegistered)?;
        let score = info.initial_score.ok_or(Error::<T>::BenchmarkMissing)?;
        ensure!(score >= MIN_INITIAL_SCORE, Error::<T>::BenchmarkTooLow);
        let parameters = TokenomicParameters::<T>::get()
            .ok_or(Error::<T>::InternalErrorBadTokenomicParameters)?;
        ensure!(stake >= minimal_stake(&parameters, score), Error::<T>::InsufficientStake);
        let value = initial_value(&parameters, stake, score, info.confidence_level);
        ensure!(value <= parameters.v_max, Error::<T>::TooMuchStake);

        let now = Self::now_seconds();
        Stakes::<T>::insert(session, stake);
        Sessions::<T>::insert(
            session,
            SessionInfo {
                state: WorkerState::WorkerIdle,
                ve: value,
                v: value,
                v_updated_at: now,
                benchmark: BenchmarkState {
                    p_init: score,
                    p_instant: score,
                    iterations: 0,
                    working_start_time: now,
                    challenge_time_last: now,
                },
                cool_down_start: 0,
                stats: known.stats,
            },
        );
        OnlineWorkers::<T>::mutate(|count| *count += 1);
        let session_id = NextSessionId::<T>::mutate(|next| {
            let id = *next;
            *next = next.wrapping_add(1);
            id
        });
        let started = WorkerEvent::Started { session_id, init_v: value, init_p: score };
        Self::tell_worker(worker, started);
        let session = session.clone();
        Self::deposit_event(Event::WorkerStarted { session, init_v: value, init_p: score });
        Ok(())
    }

    /// Stops computing. The stake stays locked.
    pub fn stop(session: &AccountId) -> DispatchResult {
        let worker = SessionBindings::<T>::get(session).ok_or(Error::<T>::SessionNotBound)?;
        Sessions::<T>::try_mutate(session, |info| {
            let info = info.as_mut().ok_or(Error::<T>::SessionNotFound)?;
            ensure!(info.state.is_computing(), Error::<T>::WorkerNotComputing);
            info.state = WorkerState::WorkerCoolingDown;
            info.cool_down_start = Self::now_seconds();
            Ok::<(), Error<T>>(())
        })?;
        OnlineWorkers::<T>::mutate(|count| *count = count.saturating_sub(1));
        Self::tell_worker(worker, WorkerEvent::Stopped);
        Self::deposit_event(Event::WorkerStopped { session: session.clone() });
        Ok(())
    }

    /// Frees the stake of a session that cools down and gives it, in planck. With
    /// `check_period` only after the cool-down period.
    pub fn reclaim(session: &AccountId, check_period: bool) -> Result<u128, DispatchError> {
        let mut info = Sessions::<T>::get(session).ok_or(Error::<T>::SessionNotFound)?;
        let passed = Self::now_seconds().saturating_sub(info.cool_down_start);
        ensure!(
            info.state == WorkerState::WorkerCoolingDown
                && (!check_period || passed >= CoolDownPeriod::<T>::get()),
            Error::<T>::CoolDownNotReady
        );
        info.state = WorkerState::Ready;
        info.cool_down_start = 0;
        Sessions::<T>::insert(session, info);
        let original_stake = Stakes::<T>::take(session).unwrap_or_default();
        let session = session.clone();
        Self::deposit_event(Event::WorkerReclaimed { session, original_stake, slashed: 0 });
        Ok(original_stake)
    }

    /// Marks a computing worker as unresponsive or responsive. Nothing happens to others.
    pub fn set_responsive(worker: &WorkerPublicKey, responsive: bool) {
        let (from, to) = if responsive {
            (WorkerState::WorkerUnresponsive, WorkerState::WorkerIdle)
        } else {
            (WorkerState::WorkerIdle, WorkerState::WorkerUnresponsive)
        };
        let Some(session) = WorkerBindings::<T>::get(worker) else { return };
        let Some(mut info) = Sessions::<T>::get(&session) else { return };
        if info.state != from {
            return;
        }
        info.state = to;
        Sessions::<T>::insert(&session, info);
        let (told, event) = if responsive {
            (WorkerEvent::ExitUnresponsive, Event::WorkerExitUnresponsive { session })
        } else {
            (WorkerEvent::EnterUnresponsive, Event::WorkerEnterUnresponsive { session })
        };
        Self::tell_worker(*worker, told);
        Self::deposit_event(event);
    }

    /// Notes the work a heartbeat reports. `challenge_time` is in ms since 1970.
    pub fn note_heartbeat(worker: &WorkerPublicKey, iterations: u64, challenge_time: u64) {
        let Some(session) = WorkerBindings::<T>::get(worker) else { return };
        Sessions::<T>::mutate(session, |info| {
            if let Some(info) = info {
                info.benchmark.iterations = iterations;
                info.benchmark.challenge_time_last = challenge_time / 1_000;
            }
        });
    }

    fn tell_worker(pubkey: WorkerPublicKey, event: WorkerEvent) {
        let event = SystemEvent::WorkerEvent { pubkey, event };
        phala_mq::Pallet::<T>::push_system_event(b"phala/computation", &event);
    }

    fn now_seconds() -> u64 {
        pallet_timestamp::Now::<T>::get() / 1_000
    }
}

fn fresh_session(now: u64) -> SessionInfo {
    SessionInfo {
        state: WorkerState::Ready,
        ve: 0,
        v: 0,
        v_updated_at: now,
        benchmark: BenchmarkState::default(),
        cool_down_start: 0,
        stats: SessionStats::default(),
    }
}
