//! A data provider with its blob server, as a process that can be killed.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use prb_core::blob::client::BlobEndpoint;
use prb_core::blob::server::{BlobServer, BlobServerConfig};
use prb_core::data_provider::{DataProvider, DataProviderConfig};
use prb_devnet::network::NetworkHandle;

use super::PATIENCE;

const FOLDER: &str = "PRB_TEST_PROVIDER_FOLDER";
const NODES: &str = "PRB_TEST_PROVIDER_NODES";
/// Says where it serves.
const ADDRESS: &str = "address";

/// The process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by those that kill it"]
async fn the_provider() {
    let (Ok(folder), Ok(nodes)) = (std::env::var(FOLDER), std::env::var(NODES)) else { return };
    let (relay, para) = nodes.split_once(' ').unwrap();
    let config = DataProviderConfig::new(Path::new(&folder).join("store"), relay, para);
    let provider = DataProvider::builder(config).build().unwrap().start().await.unwrap();
    let config = BlobServerConfig::new(([127, 0, 0, 1], 0).into());
    let server = BlobServer::builder(config, Arc::new(provider)).build().start().await.unwrap();
    let folder = Path::new(&folder);
    std::fs::write(folder.join("address.new"), server.address().to_string()).unwrap();
    std::fs::rename(folder.join("address.new"), folder.join(ADDRESS)).unwrap();
    server.wait().await;
}

pub(super) struct Provider {
    pub(super) name: String,
    address: SocketAddr,
    process: Child,
    _folder: tempfile::TempDir,
}

impl Provider {
    /// A new one, with nothing yet.
    pub(super) async fn start(network: &NetworkHandle) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--ignored", "two_providers::provider::the_provider"])
            .env(FOLDER, folder.path())
            .env(NODES, format!("{} {}", network.relay_url(), network.para_url()))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let place = folder.path().join(ADDRESS);
        let told = async {
            loop {
                if let Ok(text) = std::fs::read_to_string(&place) {
                    return text.parse().unwrap();
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let address = tokio::time::timeout(PATIENCE, told).await.expect("it serves");
        Self { name: format!("at {address}"), address, process, _folder: folder }
    }

    pub(super) fn endpoint(&self) -> BlobEndpoint {
        BlobEndpoint { name: self.name.clone(), addresses: vec![self.address] }
    }

    pub(super) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Does nothing any more, and closes nothing.
    pub(super) fn stop(&self) {
        let stopped = Command::new("kill").args(["-STOP", &self.process.id().to_string()]).status();
        assert!(stopped.unwrap().success());
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
