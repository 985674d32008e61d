//! A data provider that is killed at random moments, again and again.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what is not as expected fails the test"
)]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use prb_core::blob::{BlobKey, BlobSource};
use prb_core::data_provider::{DataProvider, DataProviderConfig, OfflineStore, StoreConfig};
use prb_devnet::network::{Network, NetworkConfig, NetworkHandle};
use prb_walkie::proto::data_provider::{ParaBlocks, ParaHeaders, RelaySegment};
use prost::Message;

const FOLDER: &str = "PRB_TEST_KILLED_FOLDER";
const NODES: &str = "PRB_TEST_KILLED_NODES";

pub(crate) fn config(folder: &Path, relay: &str, para: &str) -> DataProviderConfig {
    let mut config = DataProviderConfig::new(folder, relay, para);
    // So small that something is sealed or merged at nearly any moment.
    config.store = StoreConfig {
        headers_per_unit: 4,
        blocks_per_unit: 2,
        units_per_chunk: 2,
        ..StoreConfig::default()
    };
    config.state_interval = 10;
    config
}

/// The process that is killed: ingests, and reads all it has again and again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by those that kill it"]
async fn the_victim() {
    let (Ok(folder), Ok(nodes)) = (std::env::var(FOLDER), std::env::var(NODES)) else { return };
    let (relay, para) = nodes.split_once(' ').unwrap();
    let config = config(Path::new(&folder), relay, para);
    let provider = DataProvider::builder(config).build().unwrap().start().await.unwrap();
    loop {
        let info = provider.status().info;
        let (start, end) = (info.parent_start_header, info.parent_committed_height);
        let mut next = u32::try_from(start).unwrap_or(0);
        while i64::from(next) <= i64::from(end) {
            let body = provider.get(BlobKey::Relay(next), Duration::ZERO).await.unwrap();
            let segment = RelaySegment::decode(body.expect("what is committed is served")).unwrap();
            // Those of the running period may have been merged since the one before was read.
            assert!((segment.from..=segment.to).contains(&next), "{next} in {segment:?}");
            next = segment.to + 1;
        }
        for unit in 0..u32::try_from(info.para_committed_height).unwrap_or(0) / 2 {
            let body = provider.get(BlobKey::Blocks(unit), Duration::ZERO).await.unwrap();
            let blocks = ParaBlocks::decode(body.expect("what is committed is served")).unwrap();
            assert_eq!(blocks.first, (unit * 2).max(1));
            let body = provider.get(BlobKey::Headers(unit / 2), Duration::ZERO).await.unwrap();
            let headers = ParaHeaders::decode(body.expect("what is committed is served")).unwrap();
            assert_eq!(headers.first, unit / 2 * 4);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn victim(network: &NetworkHandle, folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", "--nocapture", "killed::the_victim"])
        .env(FOLDER, folder)
        .env(NODES, format!("{} {}", network.relay_url(), network.para_url()))
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

async fn kill(times: u32, seed: u64) {
    let config = NetworkConfig {
        relay_block_time: Duration::from_millis(100),
        session_blocks: 20,
        history: 100,
        para_listen: ([127, 0, 0, 1], 0).into(),
        relay_listen: ([127, 0, 0, 1], 0).into(),
        ..NetworkConfig::default()
    };
    let network = Network::builder(config).build().unwrap().start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    // A newcomer each twenty kills: its first moments matter as much as those at the tip.
    let mut random = seed;
    let mut began = false;
    let mut relay = 0;
    let mut store = folder.path().join("0");
    for round in 0..times {
        if round % 20 == 0 {
            (store, began, relay) = (folder.path().join(round.to_string()), false, 0);
            std::fs::create_dir(&store).unwrap();
        }
        let mut child = victim(&network, &store);
        // splitmix64
        random = random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (random ^ (random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        tokio::time::sleep(Duration::from_millis(20 + (mixed ^ (mixed >> 31)) % 1500)).await;
        let ended = child.try_wait().unwrap();
        assert_eq!(ended, None, "round {round}: it ended by itself");
        child.kill().unwrap();
        child.wait().unwrap();

        let said = format!("seed {seed}, round {round}");
        let layout = self::config(&store, "", "").store;
        let offline = OfflineStore::open(&store, &layout).await.expect(&said);
        let stats = offline.stats().await.unwrap();
        let genesis = stats.iter().any(|kind| kind.kind == "genesis" && kind.chunks == 1);
        assert!(genesis || !began, "{said}: the genesis is lost");
        if !genesis {
            continue;
        }
        began = true;
        // Every byte of it is read, and verified from the genesis on.
        let report = offline.check(true).await.unwrap();
        assert_eq!(report.findings, [], "{said}");
        let verified = report.verified.unwrap();
        assert!(verified.relay >= relay, "{said}: was at {relay}, is at {verified:?}");
        relay = verified.relay;
    }
    assert!(relay > 0, "nothing was stored");
    network.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_ten_times_it_has_no_gap_no_duplicate_and_no_bad_blob() {
    kill(10, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: 200 kills"]
async fn killed_200_times_it_has_no_gap_no_duplicate_and_no_bad_blob() {
    kill(200, 2).await;
}
