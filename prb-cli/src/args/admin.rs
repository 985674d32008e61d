//! What watches a service.

use clap::Args;

use super::Listen;

/// How a service is watched.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Watching")]
pub struct AdminArgs {
    /// Where HTTP serves /metrics for Prometheus, /livez and /readyz, or off; loopback on the
    /// service's usual port without this.
    #[arg(long, value_name = "ADDR", env = "PRB_ADMIN_LISTEN")]
    pub admin_listen: Option<Listen>,
}
