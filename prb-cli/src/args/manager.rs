//! Which lifecycle manager a command is for.

use std::path::PathBuf;

use clap::Args;

use super::ReachArgs;

/// Which lifecycle manager. The one of this host is asked if it runs; if it does not, its folder
/// is worked on. Another one is asked as a peer.
#[derive(Clone, Debug, Args)]
pub struct ManagerArgs {
    /// Another manager than this host's: a peer id, a multiaddress, or lifecycle for the only one
    /// among the peers.
    #[arg(long, value_name = "PEER")]
    pub peer: Option<String>,
    /// Folder of the manager's identity key, to which operators' secrets are sealed.
    #[arg(long, value_name = "DIR", env = "PHALA_PEER_ID_PREFIX")]
    #[arg(default_value = "/var/data/keys/id")]
    pub key_dir: PathBuf,
    /// How it is reached.
    #[command(flatten)]
    pub reach: ReachArgs,
}
