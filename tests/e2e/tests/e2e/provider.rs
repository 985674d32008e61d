//! The data provider on the embedded network, its blobs judged by the verifying double.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_wrap,
    reason = "what is not as expected fails the test"
)]

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use prb_core::blob::{BlobKey, BlobSource};
use prb_core::data_provider::{
    DataProvider, DataProviderConfig, DataProviderHandle, ProviderStatus, StoreConfig,
};
use prb_devnet::network::{Network, NetworkConfig, NetworkHandle};
use prb_devnet::ports::unused_port;
use prb_devnet::pruntime::{Double, DoubleConfig, DoubleHandle};
use prb_devnet::rpc::MethodFault;
use prb_walkie::proto::data_provider::{RelaySegment, States};
use prost::Message;

use crate::feeder::Feeder;

mod faults;
mod faulty;
mod full_disk;
mod light;
mod many_blocks;

const PATIENCE: Duration = Duration::from_mins(1);

async fn network(change: impl FnOnce(&mut NetworkConfig)) -> NetworkHandle {
    let _ = tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_test_writer()
        .try_init();
    let mut config = NetworkConfig {
        relay_block_time: Duration::from_millis(100),
        session_blocks: 0,
        para_listen: ([127, 0, 0, 1], 0).into(),
        relay_listen: ([127, 0, 0, 1], 0).into(),
        ..NetworkConfig::default()
    };
    change(&mut config);
    Network::builder(config).build().unwrap().start().await.unwrap()
}

fn config(network: &NetworkHandle, folder: &Path) -> DataProviderConfig {
    let mut config = DataProviderConfig::new(folder, &network.relay_url(), &network.para_url());
    // Small enough that a short chain fills several.
    config.store = StoreConfig {
        headers_per_unit: 16,
        blocks_per_unit: 4,
        units_per_chunk: 4,
        ..StoreConfig::default()
    };
    config.state_interval = 25;
    config
}

async fn provider(network: &NetworkHandle, folder: &Path) -> DataProviderHandle {
    let config = config(network, folder);
    DataProvider::builder(config).build().unwrap().start().await.unwrap()
}

async fn double() -> DoubleHandle {
    Double::builder(DoubleConfig::default()).build().unwrap().start().await.unwrap()
}

/// Waits until the status is as wanted.
async fn reach(
    provider: &DataProviderHandle,
    what: &str,
    wanted: impl FnMut(&ProviderStatus) -> bool,
) -> ProviderStatus {
    let mut status = provider.subscribe();
    let reached = tokio::time::timeout(PATIENCE, status.wait_for(wanted)).await;
    let reached = reached.unwrap_or_else(|_| panic!("{what}: {:#?}", provider.status()));
    reached.unwrap().clone()
}

/// Waits until the network has finalized relay block `number`.
async fn finalized(network: &NetworkHandle, number: u32) {
    let mut heights = network.heights();
    let waiting = heights.wait_for(|heights| heights.relay_finalized >= number);
    tokio::time::timeout(PATIENCE, waiting).await.unwrap().unwrap();
}

/// Every segment from the first block to `end`; none is left out, none overlaps.
async fn segments(provider: &DataProviderHandle, end: u32) -> Vec<RelaySegment> {
    let mut next = provider.status().info.parent_start_header as u32;
    let mut segments: Vec<RelaySegment> = Vec::new();
    while next <= end {
        let body = provider.get(BlobKey::Relay(next), PATIENCE).await.unwrap().unwrap();
        let segment = RelaySegment::decode(body).unwrap();
        assert_eq!(segment.from, next);
        next = segment.to + 1;
        segments.push(segment);
    }
    segments
}

/// The worker's state root is the chain's at the block it has dispatched.
async fn same_state(network: &NetworkHandle, double: &DoubleHandle) {
    let info = double.info().await;
    let block = network.chains().para.chain().block_at(info.blocknum - 1).unwrap();
    let expected = hex::encode(block.header.state_root.0);
    assert_eq!(double.state_root().await.trim_start_matches("0x"), expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_history_is_asked_for_once_and_is_no_failure() {
    let network = network(|config| {
        config.history = 600;
        config.session_blocks = 50;
    })
    .await;
    network.faults().pause_blocks();
    let end = network.heights().borrow().relay_finalized as i32;
    let folder = tempfile::tempdir().unwrap();
    let provider = provider(&network, folder.path()).await;
    let status =
        reach(&provider, "history", |status| status.info.parent_committed_height == end).await;
    assert!(status.problems.is_empty(), "{:?}", status.problems);
    let proofs = network.faults().relay_rpc().calls()["grandpa_proveFinality"];
    assert_eq!(proofs, 12, "one for each period");
    provider.shutdown().await.unwrap();
    network.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_accepts_all_of_history_and_tip_over_five_authority_changes() {
    let network = network(|config| {
        config.history = 100;
        config.session_blocks = 30;
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let provider = provider(&network, folder.path()).await;
    let double = double().await;
    let mut feeder = Feeder::init(&provider, &double.endpoint(), network.chains().para_id).await;
    feeder.until(95).await;
    // Blocks 30, 60 and 90 ended three periods: four calls bring history.
    let history = feeder.segments_sent;
    assert!(history <= 6, "{history} segments");

    // At the tip: several relay blocks with one parachain head, and two more changes.
    network.faults().hold_para_head(true);
    let held = network.heights().borrow().relay_best + 8;
    finalized(&network, held).await;
    network.faults().hold_para_head(false);
    feeder.until(155).await;
    same_state(&network, &double).await;
    let segments = segments(&provider, 155).await;
    let changes = segments.iter().filter(|segment| segment.authority_set_change.is_some());
    assert_eq!(changes.count(), 5);
    let status = provider.status();
    assert_eq!(status.refused, 0);
    assert!(status.problems.is_empty(), "{:?}", status.problems);

    // What is kept of closed periods is one segment each, also for a worker that joins now.
    let late = self::double().await;
    let mut feeder = Feeder::init(&provider, &late.endpoint(), network.chains().para_id).await;
    feeder.until(155).await;
    same_state(&network, &late).await;
    provider.shutdown().await.unwrap();
    network.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn resumes_where_it_was_without_gap_or_duplicate() {
    let network = network(|config| {
        config.history = 60;
        config.session_blocks = 25;
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let mut end = 0;
    for round in 0..3 {
        let mortal = Mortal::start(&network, folder.path()).await;
        let provider = &mortal.provider;
        let before = reach(provider, "the store", |status| {
            status.info.para_committed_height >= 0 && status.info.parent_committed_height >= end
        })
        .await;
        assert!(round == 0 || before.info.parent_committed_height >= end);
        end = before.info.parent_committed_height + 15;
        let status = reach(provider, "the next blocks", |status| {
            status.info.parent_committed_height >= end
                && status.info.para_committed_height >= status.info.para_target - 1
        })
        .await;
        assert_eq!(status.refused, 0);
        // Orderly once, otherwise as if it had died.
        if round == 1 {
            provider.shutdown().await.unwrap();
        }
        mortal.kill();
    }
    let provider = provider(&network, folder.path()).await;
    let double = double().await;
    let mut feeder = Feeder::init(&provider, &double.endpoint(), network.chains().para_id).await;
    feeder.until(end as u32).await;
    same_state(&network, &double).await;
    // A full state is kept now and then, and is served.
    let states = provider.get(BlobKey::States, Duration::ZERO).await.unwrap().unwrap();
    let states = States::decode(states).unwrap().states;
    let newest = states.last().expect("a state is kept");
    let part = BlobKey::StatePart { number: newest.number, part: newest.parts - 1 };
    assert!(provider.get(part, Duration::ZERO).await.unwrap().is_some());
    provider.shutdown().await.unwrap();
    network.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn starts_before_its_nodes_and_goes_on_through_their_faults() {
    let [para, relay] = [(); 2].map(|()| SocketAddr::from(([127, 0, 0, 1], unused_port())));
    let folder = tempfile::tempdir().unwrap();
    let config =
        DataProviderConfig::new(folder.path(), &format!("ws://{relay}"), &format!("ws://{para}"));
    let provider = DataProvider::builder(config).build().unwrap().start().await.unwrap();
    let waiting = reach(&provider, "a reason", |status| !status.problems.is_empty()).await;
    let reason = format!("{:?}", waiting.problems);
    assert!(reason.contains("cannot connect to ws://127.0.0.1"), "{reason}");

    let network = network(|config| {
        config.history = 30;
        (config.para_listen, config.relay_listen) = (para, relay);
    })
    .await;
    let further = async |what: &str| {
        let end = network.heights().borrow().relay_best as i32 + 5;
        reach(&provider, what, |status| {
            status.info.parent_committed_height >= end
                && status.info.para_committed_height >= status.info.para_target - 1
        })
        .await
    };
    further("the tip").await;
    // Nothing is announced: the node keeps a justification only where the authorities change.
    network.faults().silence_justifications(true);
    let change = network.heights().borrow().relay_best + 8;
    network.faults().change_authorities_at(change);
    reach(&provider, "the change of authorities", |status| {
        status.info.parent_committed_height >= change as i32
    })
    .await;
    network.faults().silence_justifications(false);
    further("the tip again").await;

    let rpc = [network.faults().relay_rpc(), network.faults().para_rpc()];
    for (method, fault) in [
        ("grandpa_proveFinality", MethodFault::Drop),
        ("state_getReadProof", MethodFault::Drop),
        ("chain_getHeader", MethodFault::Delay(Duration::from_millis(300))),
        ("pha_getStorageChangesAt", MethodFault::Drop),
        ("pha_getStorageChangesAt", MethodFault::Hang),
        ("state_getReadProof", MethodFault::Hang),
    ] {
        for rpc in rpc {
            rpc.set(method, fault);
        }
        tokio::time::sleep(Duration::from_millis(1500)).await;
        for rpc in rpc {
            rpc.clear_all();
        }
        further(method).await;
    }
    let status = provider.status();
    assert_eq!(status.refused, 0, "{:?}", status.problems);
    let double = double().await;
    let end = status.info.parent_committed_height as u32;
    let mut feeder = Feeder::init(&provider, &double.endpoint(), network.chains().para_id).await;
    feeder.until(end).await;
    same_state(&network, &double).await;

    // The nodes are gone for good: what is stored is still served.
    network.shutdown().await.unwrap();
    let held = provider.get(BlobKey::Relay(end), Duration::ZERO).await.unwrap();
    assert!(held.is_some());
    provider.shutdown().await.unwrap();
}

/// A provider on a runtime of its own, which can be torn from under it.
struct Mortal {
    runtime: tokio::runtime::Runtime,
    provider: DataProviderHandle,
}

impl Mortal {
    async fn start(network: &NetworkHandle, folder: &Path) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let config = config(network, folder);
        let starting = async move { DataProvider::builder(config).build().unwrap().start().await };
        let provider = runtime.spawn(starting).await.unwrap().unwrap();
        Self { runtime, provider }
    }

    /// Ends every task where it stands.
    fn kill(self) {
        self.runtime.shutdown_background();
    }
}
