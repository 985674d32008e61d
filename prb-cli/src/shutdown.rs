//! Stopping what was started, in order and by a deadline.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

type Stop = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What was started, to be stopped last first.
///
/// Each part is stopped to its end before the one it stands on. When time runs out the rest is
/// dropped, which ends its tasks without their consent.
#[derive(Default)]
pub struct Stack {
    parts: Vec<(String, Stop)>,
}

impl Stack {
    /// Adds a part that stands on those already here; `stop` resolves when it has ended.
    pub fn push(
        &mut self,
        name: impl Into<String>,
        stop: impl Future<Output = ()> + Send + 'static,
    ) {
        self.parts.push((name.into(), Box::pin(stop)));
    }

    /// Stops all parts within `limit`; the names of those that did not end.
    pub async fn stop(mut self, limit: Duration) -> Vec<String> {
        let deadline = Instant::now() + limit;
        let mut late = Vec::new();
        while let Some((name, stop)) = self.parts.pop() {
            let started = Instant::now();
            if timeout_at(deadline, stop).await.is_err() {
                tracing::warn!(part = %name, "did not stop in time");
                late.push(name);
            } else {
                tracing::debug!(part = %name, elapsed = ?started.elapsed(), "stopped");
            }
        }
        late
    }
}

/// A part that ends badly while everything is stopped is worth a line, no more.
pub(crate) fn said<E: std::fmt::Display>(ended: Result<(), E>) {
    if let Err(error) = ended {
        tracing::warn!(%error, "did not stop in order");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    fn stack(log: &Arc<Mutex<Vec<&'static str>>>, parts: &[(&'static str, u64)]) -> Stack {
        let mut stack = Stack::default();
        for &(name, seconds) in parts {
            let log = Arc::clone(log);
            stack.push(name, async move {
                tokio::time::sleep(Duration::from_secs(seconds)).await;
                log.lock().unwrap().push(name);
            });
        }
        stack
    }

    #[tokio::test(start_paused = true)]
    async fn stops_the_last_first_each_to_its_end() {
        let log = Arc::default();
        let late = stack(&log, &[("chain", 0), ("worker", 1), ("manager", 2)])
            .stop(Duration::from_secs(5))
            .await;
        assert_eq!(*log.lock().unwrap(), ["manager", "worker", "chain"]);
        assert!(late.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_is_for_all_and_what_is_done_at_once_still_stops() {
        let log = Arc::default();
        let started = Instant::now();
        let late = stack(&log, &[("chain", 0), ("worker", 9), ("manager", 2)])
            .stop(Duration::from_secs(5))
            .await;
        assert_eq!(started.elapsed().as_secs(), 5);
        assert_eq!(late, ["worker"]);
        assert_eq!(*log.lock().unwrap(), ["manager", "chain"]);
    }
}
