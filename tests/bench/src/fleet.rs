//! What one manager needs for many workers that do nothing but acknowledge, or several managers
//! that share a Redis and its leases.
//!
//! The network, the data provider and the workers run in another process, so that memory and CPU
//! are the manager's own.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use futures::future::try_join_all;
use prb_core::lifecycle::{LifecycleHandle, WorkerChange};
use serde_json::{Map, Value};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::sleep;

use crate::rounded;

mod manager;
mod outside;
mod tip;
mod world;

use crate::process::{self, Usage};
use manager::Managers;
use outside::Outside;
pub(crate) use world::run as run_world;

/// Between two looks at the workers.
const LOOK: Duration = Duration::from_millis(20);

#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many workers each manager has.
    #[arg(long, default_value_t = 1000)]
    #[arg(value_parser = clap::value_parser!(u32).range(2..))]
    workers: u32,
    /// How many managers. Several have one identity and share leases in Redis, and their workers
    /// want to be registered: nobody does that, so that each manager keeps its leases and asks.
    #[arg(long, default_value_t = 1)]
    managers: u32,
    /// At how many different heights they stand when catching up begins.
    #[arg(long, default_value_t = 100)]
    heights: u32,
    /// Seconds at the tip.
    #[arg(long, default_value_t = 60)]
    tip: u64,
    /// Most seconds for each phase.
    #[arg(long, default_value_t = 900)]
    timeout: u64,
    #[command(flatten)]
    world: WorldArgs,
}

/// What there is besides the manager.
#[derive(clap::Args, Clone)]
pub(crate) struct WorldArgs {
    /// Relay blocks before the workers begin; half as many parachain blocks. Workers take up to 16
    /// of those at once, so that 100 different heights need 3,200 relay blocks at least.
    #[arg(long, default_value_t = 4000)]
    history: u32,
    /// GRANDPA authorities.
    #[arg(long, default_value_t = 1000)]
    authorities: usize,
    /// Milliseconds between relay blocks.
    #[arg(long, default_value_t = 1000)]
    block_time: u64,
}

#[derive(clap::Args)]
pub(crate) struct RunWorldArgs {
    /// How many workers answer.
    #[arg(long)]
    workers: u32,
    #[command(flatten)]
    world: WorldArgs,
}

pub(crate) fn measure(args: &Args) -> Result<Map<String, Value>> {
    tokio::runtime::Runtime::new()?.block_on(fleet(args))
}

async fn fleet(args: &Args) -> Result<Map<String, Value>> {
    let timeout = Duration::from_secs(args.timeout);
    let mut outside = Outside::start(args)?;
    let managers = Managers::start(&outside.places, args.managers).await?;
    let mut figures = Map::new();
    let workers = args.workers * args.managers;
    figures.insert("managers".into(), args.managers.into());
    figures.insert("workers".into(), workers.into());
    figures.insert("authorities".into(), args.world.authorities.into());
    figures.insert("history".into(), args.world.history.into());
    figures.insert("block_time_ms".into(), args.world.block_time.into());
    wait(timeout, "no tip", || {
        managers.lifecycles().all(|lifecycle| lifecycle.heights().para.is_some())
    })
    .await?;
    figures.insert("empty_rss_mb".into(), rounded(process::resident_mb()?));
    // The first one of each fills what all of them share.
    managers.add(&outside.places.worker, args.workers, 0..1).await?;
    let fed = || managers.reports().all(|it| it.para_block.is_some_and(|block| block > 0));
    wait(timeout, "the first worker was not fed", fed).await?;
    let first = process::resident_mb()?;
    figures.insert("first_worker_rss_mb".into(), rounded(first));

    let names = managers.add(&outside.places.worker, args.workers, 1..args.workers).await?;
    let each = managers.lifecycles().zip(&names);
    let spread = try_join_all(each.map(|(lifecycle, names)| spread(lifecycle, names, args)));
    tokio::time::timeout(timeout, spread).await.context("the workers did not spread")??;
    sleep(Duration::from_secs(1)).await;
    catch_up(&managers, &names, timeout, &mut figures).await?;
    let resident = process::resident_mb()?;
    figures.insert("caught_up_rss_mb".into(), rounded(resident));
    let each = (resident - first) * 1024.0 / f64::from(workers - args.managers);
    figures.insert("rss_kb_per_worker".into(), rounded(each));

    tip::measure(&managers, &mut outside, args, &mut figures).await?;
    managers.leases(&mut figures).await?;
    managers.stop().await;
    Ok(figures)
}

/// Kicks each worker as soon as it stands at its own height.
async fn spread(lifecycle: &LifecycleHandle, ids: &[String], args: &Args) -> Result<()> {
    let last = lifecycle.heights().para.unwrap_or(0);
    let mut changes = lifecycle.subscribe();
    let mut running: HashSet<String> = ids.iter().cloned().collect();
    // Heights by the order in which the workers were named.
    let height = |name: &str| {
        let number: u32 = name.trim_start_matches("worker ").parse().unwrap_or(0);
        last / args.heights * (number % args.heights)
    };
    let mut stop = |report: &prb_core::lifecycle::WorkerReport| -> Result<bool> {
        let there = report.initialized && report.para_block >= Some(height(&report.name));
        let id = report.uuid.to_string();
        if there && running.remove(&id) {
            lifecycle.kick_workers(&[id])?;
        }
        Ok(running.is_empty())
    };
    // One that stands at the tip already changes no more.
    for report in lifecycle.reports() {
        if stop(&report)? {
            return Ok(());
        }
    }
    loop {
        match changes.recv().await {
            Ok(WorkerChange::Updated(report)) => {
                if stop(&report)? {
                    return Ok(());
                }
            }
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => {
                for report in lifecycle.reports() {
                    if stop(&report)? {
                        return Ok(());
                    }
                }
            }
            Err(RecvError::Closed) => anyhow::bail!("the manager has ended"),
        }
    }
}

async fn catch_up(
    managers: &Managers,
    ids: &[Vec<String>],
    timeout: Duration,
    figures: &mut Map<String, Value>,
) -> Result<()> {
    let tip = managers.lifecycles().map(|lifecycle| lifecycle.heights().para).min().flatten();
    let heights: HashSet<_> = managers.reports().map(|it| it.para_block).collect();
    figures.insert("different_heights".into(), heights.len().into());
    let (sent, used, started) = (managers.sent.now(), Usage::now()?, Instant::now());
    for (lifecycle, ids) in managers.lifecycles().zip(ids) {
        lifecycle.restart_workers(ids).await?;
    }
    let mut peak = 0.0_f64;
    wait(timeout, "not all workers caught up", || {
        peak = peak.max(process::resident_mb().unwrap_or(0.0));
        managers.reports().all(|report| report.para_block >= tip)
    })
    .await?;
    let seconds = started.elapsed().as_secs_f64();
    let sent = managers.sent.now() - sent;
    figures.insert("catch_up_s".into(), rounded(seconds));
    figures.insert("catch_up_calls_per_s".into(), rounded(sent.calls / seconds));
    figures.insert("catch_up_mb_per_s".into(), rounded(sent.bytes / 1e6 / seconds));
    figures.insert("catch_up_cpu".into(), rounded(Usage::now()?.cores_since(&used)));
    figures.insert("catch_up_peak_rss_mb".into(), rounded(peak));
    Ok(())
}

async fn wait(timeout: Duration, what: &str, mut reached: impl FnMut() -> bool) -> Result<()> {
    let waiting = async {
        while !reached() {
            sleep(LOOK).await;
        }
    };
    tokio::time::timeout(timeout, waiting).await.with_context(|| what.to_owned())
}
