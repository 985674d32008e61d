//! Gets by a client as managers have it, in this process.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use prb_core::blob::BlobSource;
use prb_core::blob::client::{BlobClient, BlobClientConfig, BlobEndpoint};
use tokio::sync::watch;

use super::kind::Kind;

/// Gets in flight on each connection.
const IN_FLIGHT: usize = 100;
const PATIENCE: Duration = Duration::from_mins(1);
/// Both connections of a client are there when one is, a moment later at most.
const MOMENT: Duration = Duration::from_millis(200);

#[derive(Clone, Copy)]
pub(super) struct Load {
    pub(super) kind: Kind,
    pub(super) connections: usize,
    pub(super) hot: bool,
}

impl Load {
    /// Blobs per second.
    pub(super) async fn measure(&self, server: SocketAddr) -> Result<f64> {
        let client = connect(server, self.connections).await?;
        if self.hot {
            self.get_all(&client, self.kind.hot).await?;
        }
        let gets = self.kind.gets(self.hot);
        let started = Instant::now();
        self.get_all(&client, gets).await?;
        let took = started.elapsed();
        client.shutdown().await;
        Ok(f64::from(gets) / took.as_secs_f64())
    }

    /// Gets so many, as many at once as may be in flight.
    pub(super) async fn get_all(&self, client: &BlobClient, gets: u32) -> Result<()> {
        let next = Arc::new(AtomicU32::new(0));
        let mut getting = tokio::task::JoinSet::new();
        for _ in 0..IN_FLIGHT * self.connections {
            let (client, next, load) = (client.clone(), next.clone(), *self);
            getting.spawn(async move {
                loop {
                    let get = next.fetch_add(1, Ordering::Relaxed);
                    if get >= gets {
                        return anyhow::Ok(());
                    }
                    let key = load.kind.key(load.kind.block(get, load.hot));
                    let found = client.get(key, Duration::ZERO).await?;
                    found.with_context(|| format!("{key} is not there"))?;
                }
            });
        }
        while let Some(done) = getting.join_next().await {
            done??;
        }
        Ok(())
    }
}

/// A client, once it is connected.
pub(super) async fn connect(server: SocketAddr, connections: usize) -> Result<BlobClient> {
    let endpoint = BlobEndpoint { name: "server".to_owned(), addresses: vec![server] };
    let mut config = BlobClientConfig::default();
    config.connections = connections;
    config.pipelined = IN_FLIGHT;
    let (_, candidates) = watch::channel(vec![endpoint]);
    let client = BlobClient::builder(config, candidates).start();
    let mut health = client.subscribe();
    let ready = health.wait_for(|all| all.first().is_some_and(|one| one.relay_height.is_some()));
    tokio::time::timeout(PATIENCE, ready).await.context("the server does not answer")??;
    tokio::time::sleep(MOMENT).await;
    Ok(client)
}
