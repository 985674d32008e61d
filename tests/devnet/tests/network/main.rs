//! The embedded network as its clients see it: through RPC alone.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what fails here fails a test"
)]

mod faults;
mod finality;
mod interop;

mod limits;
mod messages;
mod state;
mod subxt_client;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use prb_devnet::network::{Heights, Network, NetworkConfig, NetworkHandle};
use subxt::rpcs::client::{RpcClient, RpcParams};

/// Quick blocks on free ports.
fn config() -> NetworkConfig {
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    NetworkConfig {
        seed: 42,
        relay_block_time: Duration::from_millis(100),
        session_blocks: 10,
        para_listen: free,
        relay_listen: free,
        ..NetworkConfig::default()
    }
}

async fn start(config: NetworkConfig) -> NetworkHandle {
    Network::builder(config).build().unwrap().start().await.unwrap()
}

/// Waits for the chains to get somewhere.
async fn reach(network: &NetworkHandle, there: impl FnMut(&Heights) -> bool) {
    let mut heights = network.heights();
    let reached = tokio::time::timeout(Duration::from_mins(2), heights.wait_for(there)).await;
    reached.expect("blocks are made in time").unwrap();
}

async fn connect(url: &str) -> RpcClient {
    RpcClient::from_insecure_url(url).await.unwrap()
}

async fn request(client: &RpcClient, method: &str, params: RpcParams) -> serde_json::Value {
    client.request(method, params).await.unwrap_or_else(|error| panic!("{method}: {error}"))
}

/// The text between `0x` and the quotes of a JSON value, decoded.
fn bytes(value: &serde_json::Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap().strip_prefix("0x").unwrap()).unwrap()
}
