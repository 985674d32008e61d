//! A data provider whose history begins near the tip, and workers that need all of it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use prb_core::blob::client::{BlobClient, BlobClientConfig, BlobEndpoint};
use prb_core::blob::server::{BlobServer, BlobServerConfig, BlobServerHandle};
use prb_core::data_provider::{DataProvider, DataProviderHandle};
use prb_core::lifecycle::Phase;
use prb_devnet::pruntime::{DoubleConfig, Mode};
use tokio::sync::watch;

use super::bridge::{Bridge, PHA, double, network, provider_of};

async fn serve(provider: &DataProviderHandle) -> BlobServerHandle {
    let config = BlobServerConfig::new(([127, 0, 0, 1], 0).into());
    let provider = Arc::new(provider.clone());
    BlobServer::builder(config, provider).build().start().await.unwrap()
}

fn at(name: &str, server: &BlobServerHandle) -> BlobEndpoint {
    BlobEndpoint { name: name.to_owned(), addresses: vec![server.address()] }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_needs_the_history_waits_for_a_provider_that_has_it() {
    let mut config = network();
    config.history = 300;
    let mut bridge = Bridge::start_with(config, |settings| {
        settings.lifecycle.skip_attestation = true;
        settings.provider.light = true;
    })
    .await;
    let near_the_tip = serve(&bridge.provider).await;
    let (candidates, receiver) = watch::channel(vec![at("light", &near_the_tip)]);
    let client = BlobClient::builder(BlobClientConfig::default(), receiver).start();
    bridge.restart_manager_with(Arc::new(client.clone())).await;
    bridge.pool(1, "//Alice", "").await;
    bridge.worker("fresh", 1, double(), 5_000 * PHA).await;
    // It knows no other start than the genesis.
    bridge.sync_only_worker("old", 1, DoubleConfig { mode: Mode::V0_2, ..double() }).await;
    let fresh = bridge.until("fresh", Phase::Computing, "").await;
    bridge.until("old", Phase::Failing, "the data provider's history begins at").await;
    let explained = bridge.lifecycle.explain_workers(&["old".to_owned()]).await.unwrap();
    let unmet = explained[0].first_unmet().unwrap();
    let synced = explained[0].conditions.iter().find(|it| it.remedy.contains("not in light mode"));
    assert!(synced.is_some(), "{unmet:?}");

    let folder = tempfile::tempdir().unwrap();
    let settings = provider_of(&bridge.network, folder.path());
    let whole = DataProvider::builder(settings).build().unwrap().start().await.unwrap();
    let server = serve(&whole).await;
    candidates.send_replace(vec![at("light", &near_the_tip), at("whole", &server)]);
    bridge.until("old", Phase::Synced, "").await;
    assert_eq!(bridge.report("fresh").since, fresh.since, "it computed all along");

    bridge.stop().await;
    client.shutdown().await;
    for server in [near_the_tip, server] {
        server.shutdown().await;
    }
    whole.shutdown().await.unwrap();
}
