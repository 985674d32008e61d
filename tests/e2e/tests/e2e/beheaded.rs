//! A store that lost something: its first parachain header, on which everything after it stands,
//! or a run of headers, while no node is there.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::cast_possible_wrap,
    reason = "what is not as expected fails the test"
)]

use std::path::Path;
use std::time::Duration;

use prb_core::blob::{BlobKey, BlobSource};
use prb_core::data_provider::{DataProvider, OfflineStore, Part, Stage, Verified};
use prb_devnet::network::{Network, NetworkConfig, NetworkHandle};
use prb_walkie::proto::data_provider::{ParaHeaders, RelaySegment};
use prost::Message;

use super::killed::config;

const BLOCKS: i32 = 12;

/// A network with so many relay blocks behind it.
async fn network(history: u32) -> NetworkHandle {
    let network = NetworkConfig {
        relay_block_time: Duration::from_millis(100),
        history,
        para_listen: ([127, 0, 0, 1], 0).into(),
        relay_listen: ([127, 0, 0, 1], 0).into(),
        ..NetworkConfig::default()
    };
    Network::builder(network).build().unwrap().start().await.unwrap()
}

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
        let info = status.wait_for(|status| has(&status.info)).await.unwrap().info;
        // Headers too may have to be fetched anew: those that the relay chain proves.
        let key = BlobKey::Relay(info.parent_committed_height as u32);
        let newest = provider.get(key, Duration::ZERO).await.unwrap().unwrap();
        let head = RelaySegment::decode(newest).unwrap().para_number.unwrap();
        let unit = BlobKey::Headers(head / info.headers_per_chunk);
        loop {
            let found = provider.get(unit, Duration::from_mins(1)).await.unwrap().unwrap();
            let found = ParaHeaders::decode(found).unwrap();
            if found.first + found.items.len() as u32 > head {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
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
    let network = network(20).await;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_left_is_served_while_no_node_gives_what_was_lost() {
    let network = network(40).await;
    let folder = tempfile::tempdir().unwrap();
    let before = run(&network, folder.path()).await;
    network.shutdown().await.unwrap();

    let layout = config(folder.path(), "", "").store;
    let offline = OfflineStore::open(folder.path(), &layout).await.unwrap();
    // One sealed chunk, and not the last.
    let dropped = offline.drop_range(Part::Headers, 0, 0).await.unwrap();
    assert_eq!(dropped.len(), 1, "{dropped:?}");
    drop(offline);

    let nowhere = "ws://127.0.0.1:1";
    let config = config(folder.path(), nowhere, nowhere);
    let provider = DataProvider::builder(config).build().unwrap().start().await.unwrap();
    let key = BlobKey::Relay(before.relay);
    let served = provider.get(key, Duration::from_mins(1)).await.unwrap();
    assert!(served.is_some(), "{:#?}", provider.status());
    let mut status = provider.subscribe();
    let told = status.wait_for(|status| {
        status.problems.contains_key(&Stage::Repair)
            && status.info.parent_committed_height >= before.relay as i32
    });
    tokio::time::timeout(Duration::from_mins(1), told).await.unwrap().unwrap();
    provider.shutdown().await.unwrap();
}
