//! The whole provider on the recorded chains, with nodes that answer wrongly.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use prb_walkie::proto::data_provider::{ParaBlocks, ParaHeaders, RelaySegment};
use prb_walkie::proto::db;
use prost::Message as _;

use super::*;
use crate::blob::{BlobKey, BlobSource};
use crate::chain::recorded::{Fault, Recorded};
use crate::scale::bridge::header_to_sync;
use crate::store::{Durability, Store};
use crate::test_vectors::Vectors;

const PATIENCE: Duration = Duration::from_secs(20);

/// Relay blocks whose state the recording proves: the end of a period, and two after it.
const CLOSED: u32 = 20;
const TIPS: [u32; 2] = [21, 26];

struct Setup {
    folder: tempfile::TempDir,
    relay: Arc<Recorded>,
    para: Arc<Recorded>,
}

impl Setup {
    /// A store that knows where the recorded chains begin.
    async fn new() -> Self {
        Self::with_headers_per_unit(8).await
    }

    async fn with_headers_per_unit(headers_per_unit: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let vectors = Vectors::load();
        let layout = StoreConfig { headers_per_unit, ..config(folder.path()).store };
        let store = Store::open(folder.path(), &layout).await.unwrap();
        let header = Bytes::from_static(&vectors.para[0].header);
        store.headers.append(0, vec![header]).unwrap();
        store.headers.commit(Durability::Now).await.unwrap();
        let genesis = db::Genesis {
            para_id: vectors.para_id,
            para_number: 0,
            parent_number: vectors.relay_genesis,
            bridge_genesis_info: Bytes::from_static(&vectors.genesis_info),
            genesis_state: Bytes::from_static(&vectors.genesis_state),
        };
        store.put_genesis(genesis.encode_to_vec().into()).await.unwrap();
        let (relay, para) = (Arc::new(Recorded::relay(CLOSED)), Arc::new(Recorded::para(47)));
        Self { folder, relay, para }
    }

    async fn start(&self) -> DataProviderHandle {
        let builder = DataProvider::builder(config(self.folder.path()));
        let builder = builder.relay_chain(self.relay.clone()).para_chain(self.para.clone());
        builder.build().unwrap().start().await.unwrap()
    }
}

fn config(folder: &Path) -> DataProviderConfig {
    let mut config = DataProviderConfig::new(folder, "ws://unused", "ws://unused");
    config.store.headers_per_unit = 8;
    config.store.blocks_per_unit = 4;
    config.store.units_per_chunk = 1;
    config.state_interval = 5;
    config
}

/// Waits until everything up to relay block `end` is stored, and compares it with the recording.
async fn complete(provider: &DataProviderHandle, end: u32) {
    let vectors = Vectors::load();
    let head = vectors.relay[end as usize].para_head.unwrap();
    let mut status = provider.subscribe();
    let done = status.wait_for(|status| {
        status.info.parent_committed_height >= status::height(end)
            && status.info.para_committed_height >= status::height(head)
    });
    let in_time = tokio::time::timeout(PATIENCE, done).await.is_ok();
    assert!(in_time, "not complete: {:#?}", provider.status());
    let mut next = vectors.relay_genesis + 1;
    while next <= end {
        let body = provider.get(BlobKey::Relay(next), PATIENCE).await.unwrap().unwrap();
        let segment = RelaySegment::decode(body).unwrap();
        assert_eq!(segment.from, next);
        for (number, item) in (segment.from..).zip(&segment.items) {
            let block = &vectors.relay[number as usize];
            let last = number == segment.to;
            assert_eq!(item, &header_to_sync(&block.header, last.then_some(&block.justification)));
        }
        assert_eq!(segment.para_number, vectors.relay[segment.to as usize].para_head);
        assert_eq!(segment.authority_set_change.is_some(), segment.to == CLOSED);
        next = segment.to + 1;
    }
    let [headers_per_unit, blocks_per_unit] = provider.inner.store.units();
    for number in 0..=head {
        let block = &vectors.para[number as usize];
        let body = provider
            .get(BlobKey::Headers(number / headers_per_unit), PATIENCE)
            .await
            .unwrap()
            .unwrap();
        let chunk = ParaHeaders::decode(body).unwrap();
        assert_eq!(chunk.items[(number - chunk.first) as usize], block.header);
        if number > 0 {
            let body = provider
                .get(BlobKey::Blocks(number / blocks_per_unit), PATIENCE)
                .await
                .unwrap()
                .unwrap();
            let chunk = ParaBlocks::decode(body).unwrap();
            let stored = &chunk.items[(number - chunk.first) as usize];
            assert_eq!(stored, &block.block_header_with_changes, "block {number}");
        }
    }
}

#[tokio::test]
async fn history_and_tip_are_served_as_recorded_and_a_restart_goes_on() {
    let setup = Setup::new().await;
    let provider = setup.start().await;
    complete(&provider, CLOSED).await;
    for tip in TIPS {
        setup.relay.grow(tip);
        complete(&provider, tip).await;
    }
    let status = provider.status();
    assert_eq!(status.refused, 0);
    assert!(status.problems.is_empty(), "the end of history is none: {:?}", status.problems);
    provider.shutdown().await.unwrap();
    drop(provider);

    // Whatever is asked of the nodes now must come from the store.
    setup.para.fail(Fault::Pruned, u32::MAX);
    let provider = setup.start().await;
    complete(&provider, TIPS[1]).await;
    provider.shutdown().await.unwrap();
}

#[tokio::test]
async fn whatever_is_wrong_is_refused_counted_and_asked_again() {
    for fault in [
        Fault::BadJustification,
        Fault::OtherFork,
        Fault::OtherProof,
        Fault::WrongChanges,
        Fault::CutChanges,
        Fault::OtherHeader,
    ] {
        let setup = Setup::new().await;
        let of_relay =
            matches!(fault, Fault::BadJustification | Fault::OtherFork | Fault::OtherProof);
        let faulty = if of_relay { &setup.relay } else { &setup.para };
        faulty.fail(fault, 2);
        let provider = setup.start().await;
        complete(&provider, CLOSED).await;
        let status = provider.status();
        assert!((1..=2).contains(&status.refused), "{fault:?}: {status:?}");
        assert!(status.problems.is_empty(), "{fault:?}: {status:?}");
        assert_eq!(u64::from(*faulty.distrusted.borrow()), status.refused, "{fault:?}");
        provider.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn a_node_that_fails_is_asked_again() {
    for (fault, times) in [(Fault::Disconnect, 5), (Fault::Pruned, 3)] {
        let setup = Setup::new().await;
        setup.relay.fail(fault, times);
        setup.para.fail(fault, times);
        let provider = setup.start().await;
        complete(&provider, CLOSED).await;
        assert_eq!(provider.status().refused, 0, "{fault:?}");
        provider.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn where_finality_cannot_be_proven_stored_and_announced_justifications_serve() {
    for fault in [Fault::CannotProve, Fault::WarpSynced] {
        let setup = Setup::new().await;
        setup.relay.fail(fault, u32::MAX);
        let provider = setup.start().await;
        complete(&provider, CLOSED).await;
        setup.relay.grow(TIPS[0]);
        complete(&provider, TIPS[0]).await;
        assert_eq!(provider.status().refused, 0, "{fault:?}");
        provider.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn a_get_waits_for_what_is_to_come_and_no_longer_than_asked() {
    let setup = Setup::new().await;
    let provider = setup.start().await;
    complete(&provider, CLOSED).await;
    let soon = provider.get(BlobKey::Relay(21), Duration::from_millis(50)).await.unwrap();
    assert_eq!(soon, None);
    let waiting = provider.get(BlobKey::Relay(21), PATIENCE);
    let (found, ()) = tokio::join!(waiting, async { setup.relay.grow(21) });
    assert_eq!(RelaySegment::decode(found.unwrap().unwrap()).unwrap().to, 21);
    let waiting = provider.get(BlobKey::Relay(22), PATIENCE);
    let (stopped, ()) = tokio::join!(waiting, async { provider.shutdown().await.unwrap() });
    assert!(matches!(stopped, Err(crate::blob::BlobError::Stopping)), "{stopped:?}");
}

#[tokio::test]
async fn a_block_that_a_worker_reports_is_fetched_anew() {
    let setup = Setup::new().await;
    let provider = setup.start().await;
    complete(&provider, CLOSED).await;
    // As if the disk had given other bytes with a good checksum.
    for number in [2, 9] {
        provider.inner.store.blocks.replace(number, Bytes::from_static(b"bad")).await.unwrap();
        provider.report_bad_block(number).await.unwrap();
    }
    provider.report_bad_block(4).await.unwrap();
    let mut status = provider.subscribe();
    let repaired = status.wait_for(|status| status.repaired == 2);
    tokio::time::timeout(PATIENCE, repaired).await.unwrap().unwrap();
    complete(&provider, CLOSED).await;
    provider.shutdown().await.unwrap();
}

/// Chunks of a kind, oldest first.
fn chunks(folder: &Path, kind: &str) -> Vec<std::path::PathBuf> {
    let folder = folder.join("chunks").join(kind);
    let entries = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

#[tokio::test]
async fn damaged_chunks_are_never_served_but_put_aside_and_fetched_anew() {
    let setup = Setup::new().await;
    let provider = setup.start().await;
    complete(&provider, CLOSED).await;
    provider.shutdown().await.unwrap();
    drop(provider);
    let folder = setup.folder.path();
    for digests_too in [false, true] {
        let mut damaged = 0;
        for kind in ["relay", "headers", "blocks", "state"] {
            let paths = chunks(folder, kind);
            assert!(!paths.is_empty(), "{kind}");
            for (index, path) in paths.into_iter().enumerate() {
                let bytes = std::fs::read(&path).unwrap();
                match index % 3 {
                    0 => std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap(),
                    1 => std::fs::write(&path, b"").unwrap(),
                    _ => std::fs::remove_file(&path).unwrap(),
                }
                damaged += 1;
            }
        }
        if digests_too {
            // What was sealed is not known any more: blocks have to replay.
            let records = sled::open(folder.join("tail")).unwrap();
            records.open_tree("blocks digests").unwrap().clear().unwrap();
            records.flush().unwrap();
        }
        let provider = setup.start().await;
        complete(&provider, CLOSED).await;
        let status = provider.status();
        assert!(status.repaired > 0 && status.refused == 0, "{damaged} damaged: {status:?}");
        provider.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn a_chunk_damaged_while_it_is_served_is_waited_for() {
    let setup = Setup::new().await;
    let provider = setup.start().await;
    complete(&provider, CLOSED).await;
    provider.shutdown().await.unwrap();
    drop(provider);
    let provider = setup.start().await;
    for (kind, key) in [("headers", BlobKey::Headers(0)), ("blocks", BlobKey::Blocks(0))] {
        let path = &chunks(setup.folder.path(), kind)[0];
        let sound = std::fs::read(path).unwrap();
        std::fs::write(path, &sound[..sound.len() / 2]).unwrap();
        let waited = provider.get(key, PATIENCE).await.unwrap();
        assert!(waited.is_some(), "{key}");
        assert_eq!(std::fs::read(path).unwrap(), sound, "{key}");
    }
    complete(&provider, CLOSED).await;
    provider.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_stored_block_that_does_not_replay_is_fetched_anew_at_the_start() {
    let setup = Setup::new().await;
    let provider = setup.start().await;
    complete(&provider, CLOSED).await;
    provider.shutdown().await.unwrap();
    let store = &provider.inner.store;
    for number in store.states().await.unwrap() {
        store.delete_state(number).await.unwrap();
    }
    store.blocks.replace(3, Bytes::from_static(b"bad")).await.unwrap();
    drop(provider);
    let provider = setup.start().await;
    setup.relay.grow(TIPS[0]);
    complete(&provider, TIPS[0]).await;
    assert_eq!(provider.status().repaired, 1);
    provider.shutdown().await.unwrap();
}

#[test]
fn settings_that_cannot_work_are_named() {
    let mut config = config(Path::new("/nowhere"));
    config.state_interval = 0;
    let error = DataProvider::builder(config.clone()).build().err().unwrap();
    assert_eq!(error.setting, "state_interval");
    config.relay.endpoints.clear();
    assert_eq!(DataProvider::builder(config).build().err().unwrap().setting, "relay");
}

/// A complete store, with no provider on it.
async fn stored(headers_per_unit: u32) -> Setup {
    let setup = Setup::with_headers_per_unit(headers_per_unit).await;
    let provider = setup.start().await;
    complete(&provider, CLOSED).await;
    provider.shutdown().await.unwrap();
    setup
}

async fn offline(folder: &Path) -> OfflineStore {
    OfflineStore::open(folder, &config(folder).store).await.unwrap()
}

#[tokio::test]
async fn a_sound_store_verifies_from_the_genesis_to_its_last_block() {
    let setup = stored(8).await;
    let offline = offline(setup.folder.path()).await;
    let report = offline.check(true).await.unwrap();
    assert_eq!(report.findings, []);
    let verified = report.verified.unwrap();
    let head = Vectors::load().relay[CLOSED as usize].para_head.unwrap();
    assert_eq!((verified.relay, verified.headers, verified.blocks), (CLOSED, head, head));
    assert!(!verified.known_start);
    let (before, after) = offline.compact().await.unwrap();
    assert!(after <= before && after > 0);
    assert_eq!(offline.check(true).await.unwrap().verified.unwrap(), verified);
}

#[tokio::test]
async fn a_check_names_what_is_damaged_and_what_was_sealed_wrong() {
    let setup = stored(8).await;
    let folder = setup.folder.path();
    {
        let store = Store::open(folder, &config(folder).store).await.unwrap();
        store.blocks.replace(3, Bytes::from_static(b"bad")).await.unwrap();
        store.flush().await.unwrap();
    }
    let offline = offline(folder).await;
    let report = offline.check(true).await.unwrap();
    let found: Vec<_> = report.findings.iter().map(|finding| &finding.object[..]).collect();
    assert_eq!(found, ["parachain block 3"]);
    // Checksums alone are right.
    assert_eq!(offline.check(false).await.unwrap().findings, []);
    let path = &chunks(folder, "headers")[0];
    std::fs::write(path, b"bad").unwrap();
    let report = offline.check(true).await.unwrap();
    assert_eq!(report.findings.len(), 1, "{report:?}");
    assert!(report.findings[0].object.starts_with("headers/"), "{report:?}");
    assert_eq!(offline.drop_damaged().await.unwrap(), [report.findings[0].object.clone()]);
    offline.drop_range(Part::Blocks, 3, 3).await.unwrap();
    drop(offline);

    // A provider puts it right.
    let provider = setup.start().await;
    complete(&provider, CLOSED).await;
    provider.shutdown().await.unwrap();
    drop(provider);
    let report = self::offline(folder).await.check(true).await.unwrap();
    assert_eq!(report.findings, []);
}

#[tokio::test]
async fn any_range_that_is_dropped_is_fetched_anew() {
    for (part, from, to) in [
        (Part::Relay, 1, 5),
        // Header 0 comes with the genesis, which the recorded chains cannot give.
        (Part::Headers, 8, 9),
        (Part::Headers, 10, u32::MAX),
        (Part::Blocks, 5, 6),
        (Part::Blocks, 1, u32::MAX),
    ] {
        let setup = stored(8).await;
        let folder = setup.folder.path();
        let dropped = offline(folder).await.drop_range(part, from, to).await.unwrap();
        assert!(!dropped.is_empty(), "{part:?}");
        let provider = setup.start().await;
        complete(&provider, CLOSED).await;
        provider.shutdown().await.unwrap();
        drop(provider);
        let report = offline(folder).await.check(true).await.unwrap();
        assert_eq!(report.findings, [], "{part:?} {from}-{to}");
    }
}

#[tokio::test]
async fn a_copy_is_taken_in_once_it_verifies_and_its_start_is_vouched_for() {
    let setup = stored(1).await;
    let folders: Vec<_> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
    let [copy, scratch, new] = [0, 1, 2].map(|index: usize| folders[index].path());
    let layout = StoreConfig::default();
    let (chunks, _) = offline(setup.folder.path()).await.export(copy, &layout).await.unwrap();
    assert!(chunks > 5, "{chunks}");
    let source = OfflineStore::open_copy(copy, scratch, &layout).await.unwrap();
    let target = OfflineStore::open(new, &layout).await.unwrap();
    let error = target.import(&source, None).await.unwrap_err();
    let ImportError::UnknownStart { hash, .. } = &error else { panic!("{error}") };
    let (verified, taken, _) = target.import(&source, Some(hash)).await.unwrap();
    assert_eq!(verified.relay, CLOSED);
    assert!(taken > 5 && taken <= chunks, "{taken} of {chunks}");
    let error = target.import(&source, Some(hash)).await.unwrap_err();
    assert!(matches!(error, ImportError::NotEmpty), "{error}");
    drop(target);

    // A provider goes on from it.
    let provider = Setup { folder: tempfile::tempdir().unwrap(), ..setup };
    let builder = DataProvider::builder(config(new));
    let builder = builder.relay_chain(provider.relay.clone()).para_chain(provider.para.clone());
    let running = builder.build().unwrap().start().await.unwrap();
    complete(&running, CLOSED).await;
    running.shutdown().await.unwrap();

    // One whose checksums are right and whose bytes are not is refused as a whole.
    let other = tempfile::tempdir().unwrap();
    drop(source);
    {
        let store = Store::open(copy, &layout).await.unwrap();
        store.blocks.replace(2, Bytes::from_static(b"bad")).await.unwrap();
    }
    let scratch = tempfile::tempdir().unwrap();
    let source = OfflineStore::open_copy(copy, scratch.path(), &layout).await.unwrap();
    let target = OfflineStore::open(other.path(), &layout).await.unwrap();
    let error = target.import(&source, Some(hash)).await.unwrap_err();
    assert!(error.to_string().contains("parachain block 2"), "{error}");
    assert!(target.stats().await.unwrap().iter().all(|kind| kind.chunks == 0));
}
