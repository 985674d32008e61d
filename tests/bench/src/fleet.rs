//! What one manager needs for many workers that do nothing but acknowledge.
//!
//! The network, the data provider and the workers run in another process, so that memory and CPU
//! are the manager's own.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
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
use manager::Manager;
use outside::Outside;
pub(crate) use world::run as run_world;

/// Between two looks at the workers.
const LOOK: Duration = Duration::from_millis(20);

#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many workers.
    #[arg(long, default_value_t = 1000)]
    workers: u32,
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
    /// Relay blocks before the workers begin; half as many parachain blocks.
    #[arg(long, default_value_t = 2000)]
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
    let manager = Manager::start(&outside.places).await?;
    let mut figures = Map::new();
    figures.insert("workers".into(), args.workers.into());
    figures.insert("authorities".into(), args.world.authorities.into());
    figures.insert("history".into(), args.world.history.into());
    figures.insert("block_time_ms".into(), args.world.block_time.into());
    wait(timeout, "no tip", || manager.lifecycle.heights().para.is_some()).await?;
    let empty = process::resident_mb()?;
    figures.insert("empty_rss_mb".into(), rounded(empty));

    let names = manager.add(&outside.places.worker, args.workers).await?;
    let spread = spread(&manager.lifecycle, &names, args);
    tokio::time::timeout(timeout, spread).await.context("the workers did not spread")??;
    sleep(Duration::from_secs(1)).await;
    catch_up(&manager, &names, timeout, &mut figures).await?;
    let resident = process::resident_mb()?;
    figures.insert("caught_up_rss_mb".into(), rounded(resident));
    let each = (resident - empty) * 1024.0 / f64::from(args.workers);
    figures.insert("rss_kb_per_worker".into(), rounded(each));

    tip::measure(&manager, &mut outside, args, &mut figures).await?;
    manager.stop().await;
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
    manager: &Manager,
    ids: &[String],
    timeout: Duration,
    figures: &mut Map<String, Value>,
) -> Result<()> {
    let lifecycle = &manager.lifecycle;
    let tip = lifecycle.heights().para;
    let heights: HashSet<_> = lifecycle.reports().iter().map(|it| it.para_block).collect();
    figures.insert("different_heights".into(), heights.len().into());
    let (sent, used, started) = (manager.sent.now(), Usage::now()?, Instant::now());
    lifecycle.restart_workers(ids)?;
    let mut peak = 0.0_f64;
    wait(timeout, "not all workers caught up", || {
        peak = peak.max(process::resident_mb().unwrap_or(0.0));
        lifecycle.reports().iter().all(|report| report.para_block >= tip)
    })
    .await?;
    let seconds = started.elapsed().as_secs_f64();
    let sent = manager.sent.now() - sent;
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
