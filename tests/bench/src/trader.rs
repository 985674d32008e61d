//! Calls through the trader, from the queue in Redis to finalized, on the embedded network.
//!
//! First as many as there are at once: how fast the queue is worked off, and in how many
//! extrinsics. Then at a steady rate: how long a call waits for its block. The network, the trader
//! and who asks share one process.

use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Args as ClapArgs;
use prb_core::queue::JobRecord;
use serde_json::{Map, Value, json};

use crate::process::Usage;
use crate::rounded;

mod calls;
mod world;

use calls::Calls;
use world::World;

/// What to measure.
#[derive(ClapArgs)]
pub(crate) struct Args {
    /// How many signing accounts, one measurement for each number.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 20])]
    accounts: Vec<u8>,
    /// Calls that are enqueued at once.
    #[arg(long, default_value_t = 5_000)]
    calls: usize,
    /// Calls that are enqueued one after the other.
    #[arg(long, default_value_t = 600)]
    steady_calls: usize,
    /// How many of them in a second.
    #[arg(long, default_value_t = 20)]
    steady_rate: u32,
    /// Milliseconds between two parachain blocks.
    #[arg(long, default_value_t = 2_000)]
    block_time: u32,
    /// Milliseconds for which a job waits for others to share its extrinsic; one block without it.
    #[arg(long)]
    batch_age: Option<u32>,
    /// Extrinsics of one account that may be sent and not final.
    #[arg(long, default_value_t = 8)]
    in_flight: usize,
}

impl Args {
    fn block_time(&self) -> Duration {
        Duration::from_millis(self.block_time.into())
    }

    fn batch_age(&self) -> Duration {
        Duration::from_millis(self.batch_age.unwrap_or(self.block_time).into())
    }
}

pub(crate) fn measure(args: &Args) -> Result<Map<String, Value>> {
    tokio::runtime::Runtime::new()?.block_on(run(args))
}

async fn run(args: &Args) -> Result<Map<String, Value>> {
    let mut figures = Map::new();
    figures.insert("block_time_s".into(), rounded(args.block_time().as_secs_f64()));
    figures.insert("batch_age_s".into(), rounded(args.batch_age().as_secs_f64()));
    for accounts in &args.accounts {
        let world = World::start(args, *accounts).await?;
        let mut calls = Calls::default();
        let at_once = at_once(&world, &mut calls, args.calls).await?;
        let steady = steady(&world, &mut calls, args).await?;
        world.stop().await?;
        let name = format!("{accounts}_accounts");
        figures.insert(name, json!({ "at_once": at_once, "steady": steady }));
    }
    Ok(figures)
}

/// All at once.
async fn at_once(world: &World, calls: &mut Calls, count: usize) -> Result<Value> {
    let jobs = calls.make(count, world.accounts());
    let busy = Usage::now()?;
    let round = world.round();
    for job in jobs {
        round.enqueue(job).await?;
    }
    let (seconds, records) = round.all_final().await?;
    let cores = Usage::now()?.cores_since(&busy);
    Ok(json!({
        "calls": count,
        "calls_per_s": rounded(count as f64 / seconds),
        "extrinsics_per_call": rounded(world::extrinsics(&records)? as f64 / count as f64),
        "blocks": world::blocks(&records)?,
        "cores": rounded(cores),
    }))
}

/// One after the other, at a steady rate.
async fn steady(world: &World, calls: &mut Calls, args: &Args) -> Result<Value> {
    ensure!(args.steady_rate > 0, "no calls in a second are no rate");
    let jobs = calls.make(args.steady_calls, world.accounts());
    let mut clock = tokio::time::interval(Duration::from_secs(1) / args.steady_rate);
    let round = world.round();
    for job in jobs {
        clock.tick().await;
        round.enqueue(job).await?;
    }
    let (_, records) = round.all_final().await?;
    let mut waits = round.until_in_block(&records)?;
    waits.sort_by(f64::total_cmp);
    let (p50, p99) = (percentile(&waits, 50), percentile(&waits, 99));
    let block = args.block_time().as_secs_f64();
    Ok(json!({
        "calls": args.steady_calls,
        "calls_per_s": args.steady_rate,
        "extrinsics_per_call":
            rounded(world::extrinsics(&records)? as f64 / args.steady_calls as f64),
        "until_in_block_s": { "p50": rounded(p50), "p99": rounded(p99) },
        "until_in_block_blocks": { "p50": rounded(p50 / block), "p99": rounded(p99 / block) },
    }))
}

fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(at).copied().unwrap_or_default()
}

/// What the chain made of a job, each of which must have succeeded.
fn outcome(record: &JobRecord) -> Result<&prb_core::queue::Outcome> {
    let outcome = record.outcome.as_ref();
    outcome.ok_or_else(|| anyhow::anyhow!("job {} failed: {:?}", record.id, record.failure))
}
