//! One answer for all who look at the same moment.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

/// What was last asked for, and when. However many look, it is asked for once at a time and not
/// again before it has aged.
#[derive(Debug)]
pub(crate) struct Recent<T>(Mutex<Option<(Instant, Arc<T>)>>);

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> Recent<T> {
    /// What is known, if it is no older than `age`, or else what `ask` brings.
    pub(crate) async fn get(&self, age: Duration, ask: impl Future<Output = T>) -> Arc<T> {
        let mut kept = self.0.lock().await;
        if let Some((at, known)) = &*kept
            && at.elapsed() < age
        {
            return Arc::clone(known);
        }
        let asked = Arc::new(ask.await);
        *kept = Some((Instant::now(), Arc::clone(&asked)));
        asked
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn many_ask_once() {
        let (recent, asked) = (Recent::default(), AtomicU32::new(0));
        let ask = async || {
            let answer = async {
                tokio::time::sleep(Duration::from_millis(300)).await;
                asked.fetch_add(1, Ordering::Relaxed)
            };
            *recent.get(Duration::from_secs(1), answer).await
        };
        assert_eq!(futures::future::join_all((0..10).map(|_| ask())).await, [0; 10]);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(ask().await, 1);
    }
}
