//! Keeps a thread awake while an answer is near.
//!
//! For a thread that sleeps the system may put a core to sleep, and to wake it takes as long as a
//! near Redis needs for several jobs. So after a job was added or ended by itself the thread looks
//! for what comes of it for a moment, and lets everything else that wants the core run meanwhile.
//! Of many jobs there is always another to go on with.

use std::time::Duration;

use futures::FutureExt;
use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::Instant;

pub(super) struct Awake {
    moment: Duration,
    expected: Notify,
}

impl Awake {
    /// Stays awake for a `moment` at most, and not at all if it is zero.
    pub(super) fn new(moment: Duration) -> Self {
        Self { moment, expected: Notify::new() }
    }

    /// Something may come soon.
    pub(super) fn expect(&self) {
        if !self.moment.is_zero() {
            self.expected.notify_one();
        }
    }

    /// Runs until it is dropped.
    pub(super) async fn run(&self) {
        loop {
            self.expected.notified().await;
            let mut since = Instant::now();
            while since.elapsed() < self.moment {
                // Other tasks first, then what has arrived, then other programs.
                yield_now().await;
                std::thread::yield_now();
                if self.expected.notified().now_or_never().is_some() {
                    since = Instant::now();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::{Context, Wake};

    use super::*;

    #[derive(Default)]
    struct Wakes(AtomicU32);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How often it wants to go on after each of a few turns, the first before anything is expected,
    /// the last after two milliseconds.
    async fn wakes(moment: Duration) -> [u32; 3] {
        let awake = Awake::new(moment);
        let counted = Arc::new(Wakes::default());
        let waker = Arc::clone(&counted).into();
        let mut run = pin!(awake.run());
        let mut turn = async || {
            assert!(run.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            // Who yields is woken once nothing else is to be done.
            yield_now().await;
            counted.0.swap(0, Ordering::Relaxed)
        };
        let before = turn().await;
        awake.expect();
        let expecting = turn().await;
        tokio::time::advance(Duration::from_millis(2)).await;
        turn().await;
        [before, expecting, turn().await]
    }

    #[tokio::test(start_paused = true)]
    async fn it_goes_on_for_a_moment_after_something_is_expected() {
        // The call itself wakes it, and each turn while the moment lasts.
        assert_eq!(wakes(Duration::from_hours(1)).await, [0, 2, 1]);
        assert_eq!(wakes(Duration::from_millis(1)).await, [0, 2, 0]);
        assert_eq!(wakes(Duration::ZERO).await, [0, 0, 0]);
    }
}
