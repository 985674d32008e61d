//! `prb metrics`: the figures that services show, and what is made of them for those who watch.

use std::io::{self, Write};

use prb_core::telemetry::Description;
use prb_core::telemetry::catalogue::ALL;
use serde_json::json;

use crate::Failure;
use crate::args::MetricsCommand;

mod alerts;
mod dashboard;
mod table;

/// Prints what is asked for.
pub(crate) fn run(command: &MetricsCommand) -> Result<(), Failure> {
    let text = match command {
        MetricsCommand::List { json: true } => pretty(&json!({
            "metrics": ALL.iter().map(in_json).collect::<Vec<_>>(),
        })),
        MetricsCommand::List { json: false } => table::markdown(ALL),
        MetricsCommand::Dashboard => pretty(&dashboard::of(ALL)),
        MetricsCommand::Alerts { json: true, .. } => pretty(&alerts::json()),
        MetricsCommand::Alerts { markdown: true, .. } => alerts::table(),
        MetricsCommand::Alerts { .. } => alerts::rules(),
    };
    io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

fn in_json(metric: &Description) -> serde_json::Value {
    let Description { name, kind, labels, help } = metric;
    json!({ "name": name, "kind": table::kind(*kind), "labels": labels, "help": help })
}

fn pretty(value: &serde_json::Value) -> String {
    format!("{value:#}\n")
}
