//! Scores: how fast a worker is.

use frame_support::ensure;
use parity_scale_codec::DecodeAll;
use sp_runtime::DispatchResult;

use super::{Config, Error, Event, Pallet, Workers};
use crate::{
    para::phala_mq::MessageConsumer,
    types::{Message, MessageOrigin, RegistryEvent, WorkerEvent, WorkerPublicKey, topic},
};

/// No worker scores higher.
const MAX_SCORE: u64 = 6_000;

/// Six times the iterations per second, at most [`MAX_SCORE`]. None without elapsed time.
fn score(iterations: u64, elapsed_ms: u64) -> Option<u32> {
    let score = (u128::from(iterations) * 6_000).checked_div(u128::from(elapsed_ms))?;
    Some(score.min(u128::from(MAX_SCORE)) as u32)
}

impl<T: Config> MessageConsumer for Pallet<T> {
    fn on_message(message: &Message) {
        if message.destination.0 != topic::REGISTRY_EVENT {
            return;
        }
        let MessageOrigin::Worker(worker) = message.sender else { return };
        let Ok(event) = RegistryEvent::decode_all(&mut message.payload.as_slice()) else { return };
        if let RegistryEvent::BenchReport { start_time, iterations } = event {
            // As on the live networks, whoever sent the report never learns why it was refused.
            let _ = Self::take_bench_report(worker, start_time, iterations);
        }
    }
}

impl<T: Config> Pallet<T> {
    fn take_bench_report(
        pubkey: WorkerPublicKey,
        start_time: u64,
        iterations: u64,
    ) -> DispatchResult {
        let now = pallet_timestamp::Now::<T>::get();
        ensure!(start_time < now, Error::<T>::InvalidBenchReport);
        let init_score =
            score(iterations, now - start_time).ok_or(Error::<T>::InvalidBenchReport)?;
        Workers::<T>::try_mutate(pubkey, |worker| {
            let worker = worker.as_mut().ok_or(Error::<T>::WorkerNotFound)?;
            worker.initial_score = Some(init_score);
            Ok::<(), Error<T>>(())
        })?;
        Self::deposit_event(Event::InitialScoreSet { pubkey, init_score });
        Self::tell_worker(pubkey, WorkerEvent::BenchScore(init_score));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_score_is_six_times_the_iterations_per_second() {
        assert_eq!(score(1_000, 10_000), Some(600));
        assert_eq!(score(1, 7_000), Some(0));
        assert_eq!(score(10_000, 1_000), Some(6_000));
        assert_eq!(score(1, 0), None);
    }

    proptest! {
        #[test]
        fn a_score_is_bounded_and_grows_with_the_iterations(
            iterations in any::<u64>(),
            elapsed in 1..u64::MAX,
        ) {
            let at = score(iterations, elapsed).unwrap();
            prop_assert!(at <= 6_000);
            prop_assert!(at >= score(iterations / 2, elapsed).unwrap());
        }
    }
}
