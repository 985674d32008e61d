//! What a queue needs from time to time: saying which jobs are worked on, putting back those of
//! whom nobody says so, and forgetting old ones that others ended.

use std::sync::Arc;

use tokio::time::{MissedTickBehavior, interval};

use super::shared::Shared;
use crate::queue::QueueError;
use crate::queue::job::{JobId, JobState};

/// Ids in one command.
const PAGE: usize = 500;

/// Runs until the queue is closed.
pub(super) async fn run(shared: Arc<Shared>) {
    let mut ticks = interval(shared.config.stall_interval / 2);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut tick = 0_u64;
    while shared.stop.run_until_cancelled(ticks.tick()).await.is_some() {
        let work = keep_up(&shared, tick);
        match shared.stop.run_until_cancelled(work).await {
            None => return,
            Some(Ok(())) => {}
            Some(Err(error)) => tracing::debug!(%error, "the queue's upkeep waits"),
        }
        tick += 1;
    }
}

async fn keep_up(shared: &Shared, tick: u64) -> Result<(), QueueError> {
    say_held(shared).await?;
    if tick.is_multiple_of(2) {
        put_back_stalled(shared).await?;
    }
    if tick.is_multiple_of(4) {
        shared.tidy("succeeded", shared.config.keep_succeeded).await?;
        shared.tidy("failed", shared.config.keep_failed).await?;
    }
    Ok(())
}

async fn say_held(shared: &Shared) -> Result<(), QueueError> {
    let held: Vec<String> = shared.held().keys().map(|id| id.0.clone()).collect();
    for page in held.chunks(PAGE) {
        let mut pipeline = redis::pipe();
        pipeline.cmd("SREM").arg(shared.key("stalling")).arg(page).ignore();
        shared.commands.pipe::<()>(&pipeline).await?;
    }
    Ok(())
}

async fn put_back_stalled(shared: &Shared) -> Result<(), QueueError> {
    let mut script = shared.scripts.stalled();
    script.arg(shared.config.stall_interval.as_millis() as u64);
    let stalled: Vec<String> = shared.commands.script(&script).await?;
    for id in stalled.into_iter().map(JobId) {
        tracing::warn!(job = %id, "nobody works on the job any more; it waits again");
        shared.tell(&id, JobState::Waiting, None);
    }
    Ok(())
}
