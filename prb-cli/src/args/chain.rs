//! The nodes of the two chains.

use clap::Args;

/// The parachain's nodes.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Chains")]
pub struct ParaArgs {
    /// WebSocket addresses of parachain nodes, by comma.
    #[arg(long = "para-endpoint", value_name = "URL", env = "PHALA_CHAIN_ENDPOINT")]
    #[arg(hide_env_values = true, required = true, value_delimiter = ',')]
    pub para_endpoints: Vec<String>,
}

/// The relay chain's nodes.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Chains")]
pub struct RelayArgs {
    /// WebSocket addresses of relay chain nodes, by comma.
    #[arg(long = "relay-endpoint", value_name = "URL", env = "PHALA_PARENT_CHAIN_ENDPOINT")]
    #[arg(hide_env_values = true, required_unless_present = "read_only", value_delimiter = ',')]
    pub relay_endpoints: Vec<String>,
}
