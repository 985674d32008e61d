//! prb's queue.

use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use prb_core::queue::{Endings, JobQueue, JobState, Outcome, RedisQueue, RedisQueueConfig};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::timeout;

use super::{job, key, server::url};

/// Nothing may take longer than this.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) fn open(port: u16, awake_micros: Option<u64>) -> Result<RedisQueue> {
    let mut config = RedisQueueConfig::new(url(port), key());
    if let Some(micros) = awake_micros {
        config.awake = Duration::from_micros(micros);
    }
    Ok(RedisQueue::open(config)?)
}

/// Works on jobs until standard input ends.
pub(super) async fn consume(port: u16, awake_micros: Option<u64>, at_once: usize) -> Result<()> {
    let queue = Arc::new(open(port, awake_micros)?);
    for _ in 0..at_once {
        tokio::spawn(work(Arc::clone(&queue)));
    }
    tokio::task::spawn_blocking(|| std::io::stdin().read(&mut [0])).await??;
    Ok(())
}

async fn work(queue: Arc<RedisQueue>) -> Result<()> {
    let outcome = Outcome {
        extrinsic_hash: format!("0x{}", "11".repeat(32)),
        block_hash: format!("0x{}", "22".repeat(32)),
        block_number: 1_000_000,
        calls: Vec::new(),
    };
    loop {
        if let Some(job) = queue.reserve(PATIENCE).await? {
            queue.succeed(&job.id, outcome.clone()).await?;
        }
    }
}

/// Seconds until this many jobs are done, with at most `in_flight` unfinished.
pub(super) async fn produce(queue: &RedisQueue, jobs: usize, in_flight: usize) -> Result<f64> {
    let mut events = queue.events();
    let mut listening = queue.listening();
    timeout(PATIENCE, listening.wait_for(|listening| *listening)).await??;
    let (mut endings, mut enqueuing) = (Endings::default(), FuturesUnordered::new());
    let (mut made, mut done) = (0, 0);
    let started = Instant::now();
    while done < jobs {
        while made < jobs && made - done < in_flight {
            enqueuing.push(queue.enqueue(job()));
            made += 1;
        }
        let step = async {
            tokio::select! {
                Some(id) = enqueuing.next() => Ok(endings.enqueued(id?, Instant::now())),
                event = events.recv() => match event {
                    Ok(event) => Ok(endings.heard(event, Instant::now()).map(|(_, end)| end)),
                    Err(RecvError::Lagged(missed)) => anyhow::bail!("{missed} events missed"),
                    Err(RecvError::Closed) => anyhow::bail!("the queue is closed"),
                }
            }
        };
        let end = timeout(PATIENCE, step).await.context("nothing happens any more")??;
        if let Some(end) = end {
            ensure!(end == JobState::Succeeded, "a job ended as {end:?}");
            done += 1;
        }
    }
    Ok(started.elapsed().as_secs_f64())
}
