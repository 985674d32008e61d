//! What is not done, for a run that comes to no end.

use std::fmt::Write;

use prb_core::queue::{JobQueue, JobState};

use super::manager::Standing;
use super::world::World;

/// Jobs and workers of each kind that are told one by one.
const TOLD: usize = 8;

/// In words, with what the chain, the queue and the trader say.
pub(super) async fn report(world: &World) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = jobs(world, &mut text).await;
    let _ = workers(world, &mut text).await;
    let _ = nonces(world, &mut text).await;
    text
}

async fn jobs(world: &World, text: &mut String) -> std::fmt::Result {
    let queue = world.queue();
    writeln!(text, "queue: {:?}", queue.counts().await)?;
    for state in [JobState::Active, JobState::Waiting, JobState::Delayed] {
        for job in queue.list(state, TOLD).await.unwrap_or_default() {
            writeln!(text, "{state:?} job {}: {:?}, {:?}", job.id, job.job, job.sent)?;
        }
    }
    for account in queue.published_accounts().await.unwrap_or_default() {
        writeln!(text, "account: {}", String::from_utf8_lossy(&account))?;
    }
    queue.close().await;
    Ok(())
}

async fn workers(world: &World, text: &mut String) -> std::fmt::Result {
    let chain = world.chain();
    let Ok(head) = chain.finalized_head().await else {
        return writeln!(text, "the chain does not answer");
    };
    let mut left = 0;
    for (account, worker) in world.fleet.workers() {
        let standing = Standing::of(&worker, &chain, head).await;
        if standing.as_ref().is_ok_and(|standing| standing.is_done(world.fleet)) {
            continue;
        }
        left += 1;
        if left <= TOLD {
            let key = hex::encode(worker.key());
            writeln!(text, "worker 0x{key} of pool {}: {standing:?}", account.pid())?;
        }
    }
    writeln!(text, "{left} workers are not done")
}

async fn nonces(world: &World, text: &mut String) -> std::fmt::Result {
    for account in world.fleet.accounts() {
        let address = account.address_text();
        let (stored, next) = world.nonces(account).await.unwrap_or_default();
        if stored != next {
            writeln!(text, "{address}: nonce {stored} is final, {next} is next in the pool")?;
        }
    }
    Ok(())
}
