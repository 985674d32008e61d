//! How soon a finalized block is in the last worker, and what that takes.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::{Map, Value};
use tokio::time::sleep;

use super::manager::Managers;
use super::outside::{Account, Outside, clock};
use super::{Args, rounded};
use crate::process::{self, Usage};

/// How exactly a block's arrival is known.
const LOOK: Duration = Duration::from_millis(10);

pub(super) async fn measure(
    managers: &Managers,
    outside: &mut Outside,
    args: &Args,
    figures: &mut Map<String, Value>,
) -> Result<()> {
    let before = outside.account().await?;
    outside.resume()?;
    let (sent, used, started) = (managers.sent.now(), Usage::now()?, Instant::now());
    let mut arrived = Vec::new();
    let mut last = lowest(managers);
    while started.elapsed() < Duration::from_secs(args.tip) {
        sleep(LOOK).await;
        let now = lowest(managers);
        arrived.extend((last + 1..=now).map(|block| (block, clock())));
        last = last.max(now);
    }
    let cpu = Usage::now()?.cores_since(&used);
    let sent = managers.sent.now() - sent;
    let seconds = started.elapsed().as_secs_f64();
    let Account { para_calls, cpu_seconds, finalized } = outside.account().await?;
    let mut took: Vec<f64> = arrived
        .iter()
        .filter_map(|(block, at)| {
            // Whoever has a block has those before it.
            let (_, finalized) = finalized.iter().find(|(number, _)| number >= block)?;
            Some(at - finalized)
        })
        .collect();
    ensure!(!took.is_empty(), "no block came to all workers");
    took.sort_unstable_by(f64::total_cmp);
    for (name, part) in [("p50", 0.5), ("p99", 0.99)] {
        let value = took[((took.len() - 1) as f64 * part).ceil() as usize];
        figures.insert(format!("tip_last_worker_{name}_s"), rounded(value));
    }
    let blocks = finalized.len().max(1) as f64;
    figures.insert("tip_blocks".into(), took.len().into());
    figures.insert("tip_blocks_finalized".into(), finalized.len().into());
    figures.insert("tip_cpu".into(), rounded(cpu));
    // Where the two together have all cores, the machine is what waits.
    let outside_cpu = (cpu_seconds - before.cpu_seconds) / seconds;
    figures.insert("tip_cpu_outside".into(), rounded(outside_cpu));
    figures.insert("tip_mb_per_block".into(), rounded(sent.bytes / 1e6 / blocks));
    figures.insert("tip_worker_calls_per_block".into(), rounded(sent.calls / blocks));
    // The data provider's calls are among them.
    let rpc = (para_calls - before.para_calls) as f64 / blocks;
    figures.insert("tip_para_rpc_calls_per_block".into(), rounded(rpc));
    figures.insert("tip_rss_mb".into(), rounded(process::resident_mb()?));
    Ok(())
}

/// The parachain block that every worker has.
fn lowest(managers: &Managers) -> u32 {
    managers.reports().map(|report| report.para_block.unwrap_or(0)).min().unwrap_or(0)
}
