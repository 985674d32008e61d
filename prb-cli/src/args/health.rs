//! `prb health`.

use clap::{Args, ValueEnum};

use super::Listen;

/// `prb health`.
#[derive(Clone, Debug, Args)]
pub struct HealthArgs {
    /// Which service of this host; the one that PHALA_MODULE names without this.
    #[arg(long, value_enum, value_name = "NAME")]
    pub service: Option<Asked>,
    /// Where it is watched, if not on its usual port.
    #[arg(long, value_name = "ADDR", env = "PRB_ADMIN_LISTEN")]
    pub at: Option<Listen>,
    /// It must also be ready, not only live.
    #[arg(long)]
    pub ready: bool,
    /// Answer as one line of JSON.
    #[arg(long)]
    pub json: bool,
}

/// A service that can be asked how it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Asked {
    /// Data provider and lifecycle manager of prb run all
    All,
    /// A data provider
    #[value(alias = "data_provider")]
    DataProvider,
    /// A lifecycle manager
    Lifecycle,
    /// A trader
    #[value(alias = "trade")]
    Trader,
    /// The monitor, which lives when it answers
    Monitor,
    /// The queue page, likewise
    #[value(alias = "utils/arena")]
    QueuePage,
}
