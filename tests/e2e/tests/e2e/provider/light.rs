//! Light mode: the parachain begins near the tip, with a state.

use prb_core::data_provider::OfflineStore;
use prb_walkie::proto::data_provider::{ParaHeaders, State, StatePart};

use super::*;

const HISTORY: u32 = 400;

/// Blocks that the parachain's node was asked about.
fn asked_for_changes(network: &NetworkHandle) -> u64 {
    network.faults().para_rpc().calls().get("pha_getStorageChangesAt").copied().unwrap_or(0)
}

async fn state(provider: &DataProviderHandle, state: &State) -> Vec<u8> {
    let mut encoded = Vec::new();
    for part in 0..state.parts {
        let key = BlobKey::StatePart { number: state.number, part };
        let part = provider.get(key, PATIENCE).await.unwrap().unwrap();
        encoded.extend_from_slice(&StatePart::decode(part).unwrap().data);
    }
    encoded
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_light_store_keeps_what_workers_need_that_load_its_state() {
    let network = network(|config| {
        config.history = HISTORY;
        config.session_blocks = 50;
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let mut settings = config(&network, folder.path());
    // Of the few blocks after the beginning some are to be sealed.
    (settings.store.headers_per_unit, settings.store.units_per_chunk) = (4, 2);
    let light = DataProviderConfig { light: true, ..settings.clone() };
    let provider = DataProvider::builder(light).build().unwrap().start().await.unwrap();
    let status = reach(&provider, "a beginning", |status| {
        status.info.para_start_header > 0 && status.info.para_committed_height > 0
    })
    .await;
    let start = status.info.para_start_header as u32;
    // The history has 200 parachain blocks and a few more.
    assert!(start > 150, "{start}");

    // Nothing before it was asked for or is kept; all of the relay chain is.
    let end = network.heights().borrow().relay_finalized;
    finalized(&network, end + 40).await;
    reach(&provider, "the tip", |status| {
        status.info.parent_committed_height >= end as i32 + 40
            && status.info.para_committed_height >= status.info.para_target - 1
    })
    .await;
    let since = u64::from(network.heights().borrow().para_finalized - start);
    assert!(asked_for_changes(&network) <= since, "{} of {since}", asked_for_changes(&network));
    assert!(segments(&provider, HISTORY).await.len() >= 7);
    for key in [BlobKey::Headers(0), BlobKey::Blocks(0)] {
        assert_eq!(provider.get(key, Duration::ZERO).await.unwrap(), None);
    }
    let unit = BlobKey::Headers(start / status.info.headers_per_chunk);
    let unit = provider.get(unit, PATIENCE).await.unwrap().unwrap();
    assert_eq!(ParaHeaders::decode(unit).unwrap().first, start);

    // A worker begins there.
    let kept = provider.get(BlobKey::States, Duration::ZERO).await.unwrap().unwrap();
    let kept = States::decode(kept).unwrap().states.remove(0);
    assert!(kept.number >= start);
    let double = double().await;
    let mut feeder = Feeder::init(&provider, &double.endpoint(), network.chains().para_id).await;
    feeder.load_state(kept.number, state(&provider, &kept).await).await;
    feeder.until(end + 40).await;
    same_state(&network, &double).await;
    provider.shutdown().await.unwrap();
    drop((provider, feeder));

    // What is there verifies by itself, and it stays light whatever the settings say.
    let offline = OfflineStore::open(folder.path(), &settings.store).await.unwrap();
    let report = offline.check(true).await.unwrap();
    assert_eq!(report.findings, []);
    let verified = report.verified.unwrap();
    assert!(verified.headers > start && verified.blocks > start, "{verified:?}");
    let copied = tempfile::tempdir().unwrap();
    offline.export(copied.path(), &settings.store).await.unwrap();
    let copy = OfflineStore::open(copied.path(), &settings.store).await.unwrap();
    assert!(copy.check(true).await.unwrap().verified.is_some());
    drop((offline, copy));
    let provider = DataProvider::builder(settings).build().unwrap().start().await.unwrap();
    let end = network.heights().borrow().relay_best as i32 + 5;
    let status = reach(&provider, "the tip again", |status| {
        status.info.parent_committed_height >= end
            && status.info.para_committed_height >= status.info.para_target - 1
    })
    .await;
    assert_eq!(status.info.para_start_header as u32, start);
    assert!(status.problems.is_empty() && status.refused == 0, "{:?}", status.problems);
    provider.shutdown().await.unwrap();
    network.shutdown().await.unwrap();
}
