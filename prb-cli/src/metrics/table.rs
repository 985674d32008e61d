//! The figures as a table for people.

use std::fmt::Write;

use prb_core::telemetry::{Description, Kind};

/// A table in Markdown.
pub(super) fn markdown(metrics: &[Description]) -> String {
    let mut table = String::from("| Name | Kind | Labels | Meaning |\n|---|---|---|---|\n");
    for Description { name, kind: of, labels, help } in metrics {
        let labels: Vec<_> = labels.iter().map(|label| format!("`{label}`")).collect();
        let (labels, kind) = (labels.join(", "), kind(*of));
        // Writing into a string cannot fail.
        let _ = writeln!(table, "| `{name}` | {kind} | {labels} | {help} |");
    }
    table
}

/// What Prometheus calls it.
pub(super) fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Gauge => "gauge",
        Kind::Counter => "counter",
        Kind::Durations => "histogram",
    }
}
