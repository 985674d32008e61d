//! Waiting for many jobs to end without asking for each of them all the time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prb_core::queue::{JobId, JobQueue, JobState, RedisQueue};
use tokio::sync::oneshot;

/// Events are missed while connections are cut: so the queue is asked now and then.
const ASK: Duration = Duration::from_secs(2);

/// Who waits for which job.
#[derive(Default)]
pub(super) struct Ends(Mutex<HashMap<JobId, oneshot::Sender<()>>>);

impl Ends {
    /// Waits until a job has ended or is lost.
    pub(super) async fn of(&self, id: JobId) {
        let (ended, wait) = oneshot::channel();
        self.lock().insert(id, ended);
        // It ends with the process.
        let _ = wait.await;
    }

    /// Listens and asks as long as it is polled.
    pub(super) async fn run(&self, queue: &Arc<RedisQueue>) {
        let mut events = queue.events();
        let mut clock = tokio::time::interval(ASK);
        loop {
            tokio::select! {
                // What was missed is asked for.
                Ok(event) = events.recv() => if is_end(event.state) {
                    self.tell(&event.id);
                },
                _ = clock.tick() => self.ask(queue).await,
            }
        }
    }

    async fn ask(&self, queue: &RedisQueue) {
        let waiting: Vec<_> = self.lock().keys().cloned().collect();
        for id in waiting {
            match queue.job(&id).await {
                Ok(Some(job)) if !is_end(job.state) => {}
                Ok(_) => self.tell(&id),
                // Redis is away: later.
                Err(_) => return,
            }
        }
    }

    fn tell(&self, id: &JobId) {
        if let Some(ended) = self.lock().remove(id) {
            let _ = ended.send(());
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<JobId, oneshot::Sender<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_end(state: JobState) -> bool {
    matches!(state, JobState::Succeeded | JobState::Failed)
}
