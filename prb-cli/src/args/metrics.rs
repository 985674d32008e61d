//! `prb metrics`.

use clap::{Args, Subcommand};

/// `prb metrics`.
#[derive(Debug, Args)]
pub struct MetricsArgs {
    /// What to print.
    #[command(subcommand)]
    pub command: MetricsCommand,
}

/// What can be printed of the figures.
#[derive(Debug, Subcommand)]
pub enum MetricsCommand {
    /// Print every figure that a service can show at /metrics: name, kind, labels, meaning.
    List {
        /// As JSON instead of a table in Markdown.
        #[arg(long)]
        json: bool,
    },
    /// Print a Grafana dashboard that shows all of them.
    Dashboard,
    /// Print alert rules for Prometheus; each says what to do.
    Alerts {
        /// As a table in Markdown instead.
        #[arg(long)]
        markdown: bool,
        /// As JSON instead.
        #[arg(long, conflicts_with = "markdown")]
        json: bool,
    },
}
