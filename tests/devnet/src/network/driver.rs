//! Making live blocks on time.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::chains::Heights;
use super::history::now_ms;
use super::producer::{Producer, Step};
use super::{Faults, NetworkError};

/// Makes a relay block every `block_time` until `stop`, and says how far the chains are.
pub(super) async fn run(
    mut producer: Producer,
    faults: Faults,
    block_time: Duration,
    heights: watch::Sender<Heights>,
    stop: CancellationToken,
) -> Result<(), NetworkError> {
    let mut paused = faults.paused();
    let mut clock = tokio::time::interval(block_time);
    // A machine that was too slow goes on at the usual pace instead of making up.
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    clock.tick().await;
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            _ = clock.tick() => {}
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            _ = paused.wait_for(|paused| !paused) => {}
        }
        let (orders, rounds) = faults.take_orders(producer.next());
        let next = Step { timestamp: now_ms(), orders, rounds, check: true };
        // Externalities are thread-local and executions long: never on an executor thread.
        let made = tokio::task::spawn_blocking(move || {
            let mut producer = producer;
            let result = producer.step(next);
            (producer, result)
        });
        let result;
        (producer, result) =
            made.await.map_err(|panic| NetworkError::Panicked(panic.to_string()))?;
        result?;
        heights.send_replace(producer.chains().heights());
    }
}
