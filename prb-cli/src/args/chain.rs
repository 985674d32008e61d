//! The nodes of the two chains.

use clap::{Args, ValueEnum};
use prb_core::chain::EndpointPolicy;

/// The parachain's nodes.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Chains")]
pub struct ParaArgs {
    /// WebSocket addresses of parachain nodes, by comma.
    #[arg(long = "para-endpoint", value_name = "URL", env = "PHALA_CHAIN_ENDPOINT")]
    #[arg(hide_env_values = true, required = true, value_delimiter = ',')]
    pub para_endpoints: Vec<String>,

    /// Which of several nodes of a chain that serve equally well is asked.
    #[arg(long, value_enum, value_name = "POLICY", env = "PRB_ENDPOINT_POLICY")]
    #[arg(default_value_t = NodePolicy::FailOver)]
    pub endpoint_policy: NodePolicy,
}

/// Which of the nodes that serve equally well is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum NodePolicy {
    /// The first of them; the others when it fails.
    #[default]
    FailOver,
    /// Any of them, to spread the load.
    Random,
}

impl From<NodePolicy> for EndpointPolicy {
    fn from(policy: NodePolicy) -> Self {
        match policy {
            NodePolicy::FailOver => Self::FailOver,
            NodePolicy::Random => Self::Random,
        }
    }
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
