//! Several data providers over one bucket of an S3-speaking server, which runs as a process.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what is not as expected fails the test"
)]

use std::path::Path;
use std::time::Duration;

use prb_core::blob::{BlobKey, BlobSource};
use prb_core::data_provider::{
    Bucket, BucketCredentials, DataProvider, DataProviderConfig, DataProviderHandle, StoreConfig,
};
use prb_devnet::network::{Network, NetworkConfig, NetworkHandle};
use prb_walkie::proto::data_provider::RelaySegment;
use prost::Message;
use secrecy::SecretString;

use crate::gate::Gate;
use crate::s3::S3;

const PATIENCE: Duration = Duration::from_mins(1);
const NAME: &str = "chain-data";

async fn provider(
    network: &NetworkHandle,
    folder: &Path,
    gate: &Gate,
    read_only: bool,
) -> DataProviderHandle {
    let credentials = BucketCredentials {
        access_key_id: "test".to_owned(),
        secret_access_key: SecretString::from("test"),
    };
    let url = format!("s3://{NAME}/khala?region=us-east-1&endpoint=http://{}", gate.address());
    let bucket: Bucket = url.parse().unwrap();
    let mut config = DataProviderConfig::new(folder, &network.relay_url(), &network.para_url());
    if read_only {
        // Nodes are not asked.
        config.relay.endpoints.clear();
        config.para.endpoints.clear();
    }
    config.store = StoreConfig {
        bucket: Some(bucket.with_credentials(credentials)),
        read_only,
        headers_per_unit: 16,
        blocks_per_unit: 4,
        units_per_chunk: 2,
        ..StoreConfig::default()
    };
    DataProvider::builder(config).build().unwrap().start().await.unwrap()
}

async fn reach(provider: &DataProviderHandle, relay: i32, para: i32) {
    let mut status = provider.subscribe();
    let reached = status.wait_for(|status| {
        status.info.parent_committed_height >= relay && status.info.para_committed_height >= para
    });
    let in_time = tokio::time::timeout(PATIENCE, reached).await.is_ok();
    assert!(in_time, "{relay}, {para}: {:#?}", provider.status());
}

/// The keys of all that is sealed up to relay block `relay` and parachain block `para`.
async fn keys(provider: &DataProviderHandle, relay: u32, para: u32) -> Vec<BlobKey> {
    let info = provider.status().info;
    let mut keys = vec![BlobKey::Genesis(u32::try_from(info.para_id).unwrap())];
    let mut next = u32::try_from(info.parent_start_header).unwrap();
    while next <= relay {
        keys.push(BlobKey::Relay(next));
        let body = provider.get(BlobKey::Relay(next), PATIENCE).await.unwrap().unwrap();
        next = RelaySegment::decode(body).unwrap().to + 1;
    }
    keys.extend((0..para / 16).map(BlobKey::Headers));
    keys.extend((0..para / 4).map(BlobKey::Blocks));
    keys
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_providers_serve_what_a_third_puts_into_a_bucket_and_outlast_its_absence() {
    outlast(Duration::from_secs(5)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: the bucket is away for a minute"]
async fn two_providers_outlast_a_bucket_that_is_away_for_a_minute() {
    outlast(Duration::from_mins(1)).await;
}

/// Two providers serve what a third ingests; then the bucket is away for so long.
async fn outlast(absence: Duration) {
    let s3 = tokio::task::spawn_blocking(|| S3::start(NAME)).await.unwrap();
    let config = NetworkConfig {
        relay_block_time: Duration::from_millis(100),
        session_blocks: 30,
        history: 130,
        para_listen: ([127, 0, 0, 1], 0).into(),
        relay_listen: ([127, 0, 0, 1], 0).into(),
        ..NetworkConfig::default()
    };
    let network = Network::builder(config).build().unwrap().start().await.unwrap();
    let folders: Vec<_> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
    let mut gates = Vec::new();
    for _ in 0..3 {
        gates.push(Gate::open(&s3.address).await);
    }
    let ingesting = provider(&network, folders[0].path(), &gates[0], false).await;
    reach(&ingesting, 120, 32).await;
    let first = provider(&network, folders[1].path(), &gates[1], true).await;
    let second = provider(&network, folders[2].path(), &gates[2], true).await;
    // Blocks 30, 60, 90 and 120 ended periods; 32 headers and 40 blocks filled chunks.
    let keys = keys(&ingesting, 120, 32).await;
    assert!(keys.len() > 12, "{keys:?}");
    for serving in [&first, &second] {
        reach(serving, 120, 31).await;
        for key in &keys {
            let expected = ingesting.get(*key, PATIENCE).await.unwrap().unwrap();
            let served = serving.get(*key, PATIENCE).await.unwrap();
            assert_eq!(served.as_ref(), Some(&expected), "{key}");
        }
    }

    // One of them has read it all, and gives it while the bucket is away. A third has read nothing
    // and waits; so does the one that ingests.
    let folder = tempfile::tempdir().unwrap();
    let fresh = provider(&network, folder.path(), &gates[2], true).await;
    reach(&fresh, 120, 31).await;
    gates.iter().for_each(Gate::close);
    for key in &keys {
        assert!(first.get(*key, Duration::ZERO).await.unwrap().is_some(), "{key}");
    }
    let absent = fresh.get(BlobKey::Blocks(3), Duration::from_secs(1)).await;
    assert!(absent.is_err(), "{absent:?}");
    let mut status = first.subscribe();
    let said = status.wait_for(|status| !status.problems.is_empty());
    tokio::time::timeout(PATIENCE, said).await.expect("it says so").unwrap();
    let waiting = fresh.get(BlobKey::Blocks(3), absence + PATIENCE);
    let back = async {
        tokio::time::sleep(absence).await;
        for key in &keys {
            assert!(first.get(*key, Duration::ZERO).await.unwrap().is_some(), "{key}");
        }
        gates.iter().for_each(Gate::reopen);
    };
    let (waited, ()) = tokio::join!(waiting, back);
    let expected = ingesting.get(BlobKey::Blocks(3), PATIENCE).await.unwrap();
    assert_eq!(waited.unwrap(), expected);

    // All go on, with what was sealed meanwhile and since.
    let later = ingesting.status().info.parent_committed_height / 30 * 30 + 30;
    for provider in [&ingesting, &first, &second] {
        reach(provider, later, 63).await;
        let mut status = provider.subscribe();
        let sound = status.wait_for(|status| status.problems.is_empty());
        tokio::time::timeout(PATIENCE, sound).await.expect("no problem remains").unwrap();
    }
    assert!(gates[0].wrote());
    assert!(!gates[1].wrote() && !gates[2].wrote(), "a provider that only serves has written");
    for provider in [ingesting, first, second, fresh] {
        provider.shutdown().await.unwrap();
    }
    network.shutdown().await.unwrap();
}
