//! Services as processes of their own, which find each other among their peers.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use prb_core::telemetry::Registry;
use prb_walkie::identity::{Identity, Name};

mod admin;
pub(crate) mod all;
pub(crate) mod chain;
mod check;
pub(crate) mod data_provider;
pub(crate) mod door;
pub(crate) mod lifecycle;
pub(crate) mod node;
pub(crate) mod trader;
pub(crate) mod trading;
mod version_3;

pub(crate) use admin::rest::document;
pub(crate) use chain::nodes;
pub(crate) use check::mistakes;
pub(crate) use node::{DATA_PROVIDER, LIFECYCLE, Role, TRADER, discovery, hostname};

/// How long stopping may take: within the ten seconds that whoever stops a container waits.
pub(crate) const STOP_LIMIT: Duration = Duration::from_secs(9);

/// Loads an identity, or makes it if there is none. Making one computes for a while.
pub(crate) async fn identity(folder: &Path, name: Name) -> Result<Arc<Identity>> {
    let folder = folder.to_owned();
    let load = move || Identity::load_or_create(&folder, name);
    Ok(Arc::new(tokio::task::spawn_blocking(load).await??))
}

/// What of a service can be watched: nothing yet.
fn registry(role: &Role) -> Registry {
    Registry::new(role.name, env!("CARGO_PKG_VERSION"))
}

/// Makes a service's folder if needed: nobody else reads what is in it.
fn make_folder(folder: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.and_then(|()| tempfile::tempfile_in(folder).map(drop))
        .with_context(|| format!("cannot use the data folder {}", folder.display()))
}
