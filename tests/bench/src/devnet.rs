//! How fast the embedded network makes a history.

use std::time::Instant;

use anyhow::Result;
use prb_devnet::network::{HistoryBuilder, NetworkConfig};
use serde_json::{Map, Value};

use crate::rounded;

/// Steps before the clock starts: caches fill, the first allocations are made.
const WARM_UP: u32 = 100;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many steps to measure: a relay block and a parachain block each.
    #[arg(long, default_value_t = 10_000)]
    steps: u32,
}

pub(crate) fn measure(args: &Args) -> Result<Map<String, Value>> {
    let mut figures = Map::new();
    figures.insert("steps".into(), args.steps.into());
    figures.insert("steps_per_s".into(), rounded(steps_per_second(args.steps)?));
    Ok(figures)
}

fn steps_per_second(steps: u32) -> Result<f64> {
    let config = NetworkConfig {
        relay_blocks_per_para_block: 1,
        history: WARM_UP + steps,
        ..NetworkConfig::default()
    };
    let mut history = HistoryBuilder::new(&config)?;
    for _ in 0..WARM_UP {
        history.step()?;
    }
    let started = Instant::now();
    for _ in 0..steps {
        history.step()?;
    }
    Ok(f64::from(steps) / started.elapsed().as_secs_f64())
}
