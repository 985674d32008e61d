//! `prb status`: how a bridge is, on one screen.
//!
//! [`gather`] asks everybody; what is wrong follows from the answers, and what is shown from both.

use std::io;

use crate::Failure;
use crate::args::OverviewArgs;
use crate::logging::{self, Log, Target};
use crate::output::{Paint, answer};
use crate::process;

mod facts;
mod gather;
mod problems;
mod rates;
mod report;
#[cfg(test)]
mod tests;
mod text;
pub(crate) mod top;

use gather::Sources;
use report::Report;

/// `prb status`; whether something is wrong.
pub(crate) fn run(args: &OverviewArgs, log: &Log) -> Result<bool, Failure> {
    logging::start(log, &Target::Stderr)?;
    process::block_on(async {
        let sources = Sources::open(args).await?;
        tokio::time::sleep(args.wait()).await;
        let report = Report::of(sources.gather().await);
        sources.close().await;
        answer(
            args.json,
            &report.json()?,
            &text::of(&report, Paint::to(&io::stdout(), log.color)),
        )?;
        Ok(!report.problems.is_empty())
    })
}
