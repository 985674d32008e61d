//! How fast the embedded network makes a history.

use std::time::Instant;

use anyhow::{Result, ensure};
use prb_devnet::network::{Chains, HistoryBuilder, NetworkConfig};
use serde_json::{Map, Value};

use crate::rounded;

mod writes;

use writes::Writer;

/// Steps before the clock starts: caches fill, the first allocations are made.
const WARM_UP: u32 = 100;
/// Extrinsics in an empty parachain block: the time, and the relay chain's data.
const INHERENTS: usize = 2;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many steps to measure: a relay block and a parachain block each.
    #[arg(long, default_value_t = 10_000)]
    steps: u32,
    /// How many balances each parachain block writes in the second measurement.
    #[arg(long, default_value_t = 20)]
    writes: u32,
}

pub(crate) fn measure(args: &Args) -> Result<Map<String, Value>> {
    let mut figures = Map::new();
    figures.insert("steps".into(), args.steps.into());
    figures.insert("writes".into(), args.writes.into());
    figures.insert("steps_per_s".into(), rounded(steps_per_second(args.steps, 0)?));
    let with_writes = steps_per_second(args.steps, args.writes)?;
    figures.insert("steps_per_s_with_writes".into(), rounded(with_writes));
    Ok(figures)
}

fn steps_per_second(steps: u32, writes: u32) -> Result<f64> {
    let config = NetworkConfig {
        relay_blocks_per_para_block: 1,
        history: WARM_UP + steps,
        ..NetworkConfig::default()
    };
    let mut history = HistoryBuilder::new(&config)?;
    let mut batches = (writes > 0).then(|| Writer::new(history.chains(), writes));
    let mut step = || -> Result<()> {
        if let Some(batches) = &mut batches {
            batches.submit(history.chains())?;
        }
        Ok(history.step()?)
    };
    for _ in 0..WARM_UP {
        step()?;
    }
    let started = Instant::now();
    for _ in 0..steps {
        step()?;
    }
    let elapsed = started.elapsed();
    check(history.chains(), &config, writes)?;
    Ok(f64::from(steps) / elapsed.as_secs_f64())
}

/// A history without its blocks, or without its writes, is no measurement.
fn check(chains: &Chains, config: &NetworkConfig, writes: u32) -> Result<()> {
    let best = chains.para.chain().best();
    ensure!(best.number() + 1 >= config.history, "only {} blocks were made", best.number());
    let extrinsics = best.extrinsics.len();
    ensure!(writes == 0 || extrinsics == INHERENTS + 1, "a block has {extrinsics} extrinsics");
    Ok(())
}
