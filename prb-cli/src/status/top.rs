//! `prb top`: the same again and again, with how fast it gets on.

use std::io::{self, IsTerminal, Write};
use std::time::Instant;

use anyhow::Result;
use tokio::time::{MissedTickBehavior, interval};

use super::facts::Facts;
use super::gather::Sources;
use super::rates::Rates;
use super::report::Report;
use super::text;
use crate::Failure;
use crate::args::TopArgs;
use crate::logging::{self, Log, Target};
use crate::output::{Paint, Screen};
use crate::process;
use crate::services::STOP_LIMIT;
use crate::shutdown::Stack;

/// `prb top`.
pub(crate) fn run(args: &TopArgs, log: &Log) -> Result<(), Failure> {
    logging::start(log, &Target::Stderr)?;
    let paint = Paint::to(&io::stdout(), log.color);
    let session = async |stack: &mut Stack| follow(args, paint, stack).await;
    process::block_on(process::until_stopped(STOP_LIMIT, session))
}

async fn follow(args: &TopArgs, paint: Paint, stack: &mut Stack) -> Result<(), Failure> {
    let sources = Sources::open(&args.overview).await?;
    stack.push("those who are asked", {
        let sources = sources.clone();
        async move { sources.close().await }
    });
    let mut show = Show::new(args)?;
    if !matches!(show, Show::Live(_)) {
        // A screen can begin with less than all.
        tokio::time::sleep(args.overview.wait()).await;
    }
    let mut ticks = interval(args.interval());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut before: Option<(Instant, Facts)> = None;
    let mut shown = 0;
    while args.count.is_none_or(|count| shown < count) {
        ticks.tick().await;
        let (now, report) = (Instant::now(), Report::of(sources.gather().await));
        let rates = before.as_ref().map_or_else(Rates::default, |(then, facts)| {
            Rates::between(facts, &report.facts, (now - *then).as_secs_f64())
        });
        if show.one(&report, &rates, paint)?.is_err() {
            // Who read along has gone.
            return Ok(());
        }
        before = Some((now, report.facts));
        shown += 1;
    }
    Ok(())
}

/// Where it is shown.
enum Show {
    /// On a screen, which is drawn anew each time.
    Live(Screen),
    /// One after the other.
    Text,
    /// A line of JSON each.
    Json,
}

impl Show {
    fn new(args: &TopArgs) -> io::Result<Self> {
        Ok(match (args.overview.json, io::stdout().is_terminal()) {
            (true, _) => Self::Json,
            (false, true) => Self::Live(Screen::enter()?),
            (false, false) => Self::Text,
        })
    }

    /// The inner error means that nobody is looking any more.
    fn one(&mut self, report: &Report, rates: &Rates, paint: Paint) -> Result<io::Result<()>> {
        if let Self::Json = self {
            let mut json = report.json()?;
            json["rates"] = serde_json::to_value(rates)?;
            return Ok(writeln!(io::stdout(), "{json}"));
        }
        let text = format!("{}\n\n{}", rates.text(), text::of(report, paint));
        Ok(match self {
            Self::Live(screen) => screen.draw(&text),
            Self::Text | Self::Json => writeln!(io::stdout(), "{text}"),
        })
    }
}
