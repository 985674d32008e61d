//! Workers that go away, come back, come back as somebody else, or cannot be started.

use std::time::Duration;

use prb_core::data_provider::DataProvider;
use prb_core::lifecycle::Phase;
use prb_devnet::network::Network;
use prb_devnet::pruntime::{DoubleConfig, DoubleExit, Fault, Method};

use super::bridge::{Bridge, PHA, double, network, provider_of, start};
use crate::feeder::Feeder;
use crate::gate::Gate;

/// Blocks in an hour, one every 12 s.
const AN_HOUR: u32 = 300;

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_go_away_or_change_come_back_by_themselves() {
    let mut config = network();
    config.relay_block_time = Duration::from_millis(100);
    let bridge = Bridge::start(config).await;
    bridge.pool(1, "//Alice", "").await;
    let folder = tempfile::tempdir().unwrap();
    let kept = || DoubleConfig {
        data_dir: Some(folder.path().to_owned()),
        checkpoint_interval: Some(20),
        ..double()
    };
    bridge.worker("away", 1, kept(), 5_000 * PHA).await;
    bridge.worker("swapped", 1, double(), 5_000 * PHA).await;
    let flapping = start(double()).await;
    let gate = Gate::open(flapping.endpoint().trim_start_matches("http://")).await;
    bridge.worker_behind("flapping", &gate, flapping).await;
    bridge.worker("steady", 1, double(), 5_000 * PHA).await;
    for name in ["away", "swapped", "flapping", "steady"] {
        bridge.until(name, Phase::Computing, "").await;
    }
    let steady = bridge.report("steady");
    let began = steady.para_block.unwrap();
    let away = async {
        bridge.double("away").kill();
        bridge.until("away", Phase::Failing, "cannot be reached").await;
        bridge.until_block("steady", began + AN_HOUR).await;
        bridge.replace("away", kept()).await;
        bridge.until_block("away", began + AN_HOUR).await;
    };
    let flapping = async {
        for _ in 0..4 {
            gate.close();
            tokio::time::sleep(Duration::from_secs(5)).await;
            let before = bridge.report("flapping").para_block.unwrap();
            gate.reopen();
            tokio::time::sleep(Duration::from_secs(5)).await;
            bridge.until_block("flapping", before + 1).await;
        }
    };
    let swapped = async {
        let before = bridge.report("swapped").public_key;
        bridge.replace("swapped", double()).await;
        bridge.until_told("swapped", "register").await;
        bridge.until("swapped", Phase::Computing, "").await;
        assert_ne!(bridge.report("swapped").public_key, before);
    };
    tokio::join!(away, flapping, swapped);
    for name in ["away", "swapped", "flapping"] {
        bridge.until(name, Phase::Computing, "computing").await;
        bridge.roots_agree(name).await;
    }
    assert_eq!(bridge.report("steady").since, steady.since);
    assert_eq!(bridge.missed_heartbeats(&["steady"], began).await, [0_u32; 0]);
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_cannot_be_started_is_tried_until_it_can() {
    let bridge = Bridge::start(network()).await;
    bridge.pool(1, "//Alice", "").await;
    // One with another chain's state, from another network.
    let mut other = network();
    other.seed = 9;
    let other = Network::builder(other).build().unwrap().start().await.unwrap();
    let stranger = start(double()).await;
    {
        let folder = tempfile::tempdir().unwrap();
        let settings = provider_of(&other, folder.path());
        let provider = DataProvider::builder(settings).build().unwrap().start().await.unwrap();
        Feeder::init(&provider, &stranger.endpoint(), other.chains().para_id).await;
        provider.shutdown().await.unwrap();
    }
    other.shutdown().await.unwrap();
    bridge.worker_at("stranger", 1, stranger, 5_000 * PHA).await;
    // One whose sealed key is another chain's.
    let text = "Genesis block hash mismatches with saved keys, expected 0x00".to_owned();
    let faults = vec![(Method::InitRuntime, Fault::Refusal(text))];
    bridge.worker("sealed", 1, DoubleConfig { faults, ..double() }, 5_000 * PHA).await;
    // One whose server takes no state of a live chain's size.
    let faults = vec![(Method::InitRuntime, Fault::Raw(413, b"Entity too large".to_vec()))];
    bridge.worker("narrow", 1, DoubleConfig { faults, ..double() }, 5_000 * PHA).await;
    // One that ends itself at its start, as often as it is started.
    let dies = || DoubleConfig { faults: vec![(Method::InitRuntime, Fault::End)], ..double() };
    bridge.worker("dying", 1, dies(), 5_000 * PHA).await;
    for _ in 0..3 {
        let exit = bridge.double("dying").wait().await;
        assert!(matches!(exit, DoubleExit::Aborted(_)), "{exit:?}");
        bridge.replace("dying", dies()).await;
    }
    bridge.until("dying", Phase::Failing, "cannot be reached").await;
    bridge.until("stranger", Phase::Failing, "it belongs to another chain").await;
    bridge.until("sealed", Phase::Failing, "mismatches with saved keys").await;
    bridge.until("narrow", Phase::Failing, "Entity too large").await;
    bridge.replace("dying", double()).await;
    for name in ["sealed", "narrow"] {
        bridge.double(name).answer_with(Method::InitRuntime, None);
    }
    bridge.replace("stranger", double()).await;
    for name in ["dying", "stranger", "sealed", "narrow"] {
        bridge.until(name, Phase::Computing, "").await;
    }
    bridge.stop().await;
}
