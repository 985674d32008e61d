//! How long it takes from nothing to a fleet that computes.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use prb_cli::dev::{Bridge, Options};
use prb_cli::shutdown::Stack;
use prb_cli::view::View;
use serde_json::{Map, Value};
use tokio::time::sleep;

use crate::rounded;

/// Between two looks at the workers.
const LOOK: Duration = Duration::from_millis(50);
const STOP_LIMIT: Duration = Duration::from_secs(5);

#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many workers; one run for each number.
    #[arg(long, value_delimiter = ',', default_value = "3,25")]
    workers: Vec<u16>,
    /// Blocks of both chains before the bridge starts.
    #[arg(long, default_value_t = 100)]
    history: u32,
    /// Milliseconds between blocks.
    #[arg(long, default_value_t = 1000)]
    block_time: u64,
    /// Most seconds for each run.
    #[arg(long, default_value_t = 600)]
    timeout: u64,
}

pub(crate) fn measure(args: &Args) -> Result<Map<String, Value>> {
    let mut figures = Map::new();
    figures.insert("history".into(), args.history.into());
    figures.insert("block_time_ms".into(), args.block_time.into());
    for &workers in &args.workers {
        let runtime = tokio::runtime::Runtime::new()?;
        let elapsed = runtime.block_on(run(args, workers))?;
        figures.insert(format!("seconds_{workers}_workers"), rounded(elapsed.as_secs_f64()));
    }
    Ok(figures)
}

/// From the start of the network until all workers compute on chain.
async fn run(args: &Args, workers: u16) -> Result<Duration> {
    let folder = tempfile::tempdir()?;
    let options = Options {
        workers,
        history: args.history,
        block_time: Duration::from_millis(args.block_time),
        folder: folder.path().to_owned(),
    };
    let mut stack = Stack::default();
    let result = until_computing(options, &mut stack, Duration::from_secs(args.timeout)).await;
    stack.stop(STOP_LIMIT).await;
    result
}

async fn until_computing(
    options: Options,
    stack: &mut Stack,
    timeout: Duration,
) -> Result<Duration> {
    let started = Instant::now();
    let bridge = Bridge::start(options, stack, &mut |_| {}).await?;
    let mut view = View::default();
    loop {
        bridge.update(&mut view);
        if view.all_computing() {
            return Ok(started.elapsed());
        }
        if started.elapsed() > timeout {
            bail!("not all workers compute: {}", view.why_not_computing().join("; "));
        }
        sleep(LOOK).await;
    }
}
