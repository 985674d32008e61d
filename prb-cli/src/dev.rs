//! The whole bridge on the embedded network, in one process.

use std::time::Duration;

use futures::FutureExt;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use crate::Failure;
use crate::args::{DevArgs, Goal};
use crate::logging::{self, Log, Target};
use crate::output::Output;
use crate::process;
use crate::shutdown::Stack;
use crate::view::View;

mod bridge;
mod data_dir;
pub(crate) mod devnet;
mod managing;
mod network;
mod pages;
pub(crate) mod pruntime;
mod workers;

pub use bridge::{Bridge, Options};
pub use data_dir::DataDir;

/// How often what is shown is brought up to date.
const REFRESH: Duration = Duration::from_millis(200);
/// How long stopping may take: well within the patience of who pressed Ctrl-C.
const STOP_LIMIT: Duration = Duration::from_millis(4500);

/// `prb run --dev`.
pub(crate) fn run(args: &DevArgs, log: &Log) -> Result<(), Failure> {
    let folder = DataDir::open(args.data_dir.as_deref())?;
    let mut output = Output::new(args.json);
    let log_file = folder.log_file();
    let target = if output.is_live() { Target::File(&log_file) } else { Target::Stderr };
    logging::start(log, &target)?;
    let session = async |stack: &mut Stack| follow(args, &folder, stack, &mut output).await;
    process::block_on(process::until_stopped(STOP_LIMIT, session))
}

/// Runs until the goal is reached or missed, or a part fails.
async fn follow(
    args: &DevArgs,
    folder: &DataDir,
    stack: &mut Stack,
    output: &mut Output,
) -> Result<(), Failure> {
    let started = Instant::now();
    let mut view = View { notes: vec![folder.note()], ..View::default() };
    if output.is_live() {
        view.notes.push(format!("logs in {}", folder.log_file().display()));
    }
    let options = Options {
        workers: args.workers,
        history: args.history,
        block_time: args.block_time(),
        folder: folder.path().to_owned(),
    };
    let mut note = |note| {
        view.elapsed = started.elapsed();
        view.notes.push(note);
        // Whether anybody looks is found out below.
        let _ = output.show(&view);
    };
    let starting = Bridge::start(options, stack, &mut note);
    let bridge = match args.until {
        None => starting.await?,
        Some(_) => timeout(args.timeout(), starting)
            .await
            .map_err(|_| Failure::Unmet(vec!["the network was not ready in time".into()]))??,
    };

    let mut failure = std::pin::pin!(bridge.failure());
    let mut pages = std::pin::pin!(pages::start(&bridge, args, stack).fuse());
    let mut ticks = interval(REFRESH);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            reason = &mut failure => return Err(Failure::Failed(reason)),
            notes = &mut pages => view.notes.extend(notes?),
        }
        bridge.update(&mut view);
        view.elapsed = started.elapsed();
        if output.show(&view).is_err() {
            // Who read along has gone.
            return Ok(());
        }
        match args.until {
            Some(Goal::Computing) if view.all_computing() => return Ok(()),
            Some(Goal::Computing) if view.elapsed >= args.timeout() => {
                return Err(Failure::Unmet(view.why_not_computing()));
            }
            _ => {}
        }
    }
}
