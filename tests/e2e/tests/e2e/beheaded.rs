//! A store that lost its first parachain header, on which everything after it stands.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what is not as expected fails the test"
)]

use std::path::Path;
use std::time::Duration;

use prb_core::data_provider::{DataProvider, OfflineStore, Part, Verified};
use prb_devnet::network::{Network, NetworkConfig, NetworkHandle};

use super::killed::config;

const BLOCKS: i32 = 12;

/// A provider takes in some blocks and stops; what it has is verified from the genesis on.
async fn run(network: &NetworkHandle, folder: &Path) -> Verified {
    let config = config(folder, &network.relay_url(), &network.para_url());
    let layout = config.store.clone();
    let provider = DataProvider::builder(config).build().unwrap().start().await.unwrap();
    let whole = async {
        let mut status = provider.subscribe();
        let has = |info: &prb_walkie::proto::data_provider::Info| {
            info.para_committed_height >= BLOCKS && info.parent_committed_height >= BLOCKS
        };
        status.wait_for(|status| has(&status.info)).await.map(drop)
    };
    let in_time = tokio::time::timeout(Duration::from_mins(1), whole).await;
    assert!(in_time.is_ok(), "not whole: {:#?}", provider.status());
    provider.shutdown().await.unwrap();
    drop(provider);
    let report = OfflineStore::open(folder, &layout).await.unwrap().check(true).await.unwrap();
    assert_eq!(report.findings, []);
    report.verified.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_parachain_header_is_fetched_anew_where_it_was_lost() {
    let network = NetworkConfig {
        relay_block_time: Duration::from_millis(100),
        history: 20,
        para_listen: ([127, 0, 0, 1], 0).into(),
        relay_listen: ([127, 0, 0, 1], 0).into(),
        ..NetworkConfig::default()
    };
    let network = Network::builder(network).build().unwrap().start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let before = run(&network, folder.path()).await;

    let layout = config(folder.path(), "", "").store;
    let offline = OfflineStore::open(folder.path(), &layout).await.unwrap();
    let dropped = offline.drop_range(Part::Headers, 0, u32::MAX).await.unwrap();
    assert!(!dropped.is_empty());
    assert_ne!(offline.check(true).await.unwrap().findings, []);
    drop(offline);

    let after = run(&network, folder.path()).await;
    assert_eq!((after.para_id, after.start), (before.para_id, before.start));
    assert!(after.headers >= before.headers, "{before:?} {after:?}");
    network.shutdown().await.unwrap();
}
