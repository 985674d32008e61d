use std::path::Path;

use proptest::prelude::*;

use prb_walkie::proto::data_provider::ParaBlocks;
use prost::Message as _;

use super::super::index::Hole;
use super::super::names::ChunkKind;
use super::*;
use crate::store::{Store, StoreConfig};

fn config() -> StoreConfig {
    StoreConfig {
        headers_per_unit: 4,
        blocks_per_unit: 4,
        units_per_chunk: 2,
        ..StoreConfig::default()
    }
}

async fn open(folder: &Path) -> Store {
    Store::open(folder, &config()).await.unwrap()
}

fn item(number: u32) -> Bytes {
    Bytes::from(format!("item {number}"))
}

fn block_chunk(from: u32, to: u32) -> ChunkName {
    ChunkName { kind: ChunkKind::Blocks, from, to }
}

fn add(store: &Store, count: u32) {
    let next = store.blocks.next();
    store.blocks.append(next, (next..next + count).map(item).collect()).unwrap();
}

/// Every item from the first to `end` is there once, in its place, in aligned units.
async fn check(store: &Store, end: u32) {
    assert_eq!(store.blocks.next(), end);
    assert_eq!(store.heights().borrow().blocks, (end > 1).then(|| end - 1));
    for number in 1..end {
        assert_eq!(store.blocks.item(number).await.unwrap(), Some(item(number)));
    }
    assert_eq!(store.blocks.item(end).await.unwrap(), None);
    let units = if end > 1 { end.div_ceil(4) } else { 0 };
    for unit in 0..units {
        let message = ParaBlocks::decode(store.blocks.unit(unit).await.unwrap().unwrap()).unwrap();
        assert_eq!(message.first, (unit * 4).max(1));
        let last = message.first + message.items.len() as u32 - 1;
        assert_eq!(last, (unit * 4 + 3).min(end - 1));
        assert_eq!(message.complete, last == unit * 4 + 3);
    }
}

#[tokio::test]
async fn what_is_sealed_comes_with_its_checksum() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    add(&store, 100);
    store.blocks.commit(Durability::WhenSealed).await.unwrap();
    let (body, checksum) = store.blocks.summed_unit(1).await.unwrap().unwrap();
    assert_eq!(checksum, Some(crc_fast::crc32_iscsi(&body)));
    assert!(store.blocks.summed_unit(24).await.unwrap().unwrap().1.is_none(), "of the tail");
}

#[tokio::test]
async fn what_is_committed_survives_and_chunks_are_aligned() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    check(&store, 1).await;
    add(&store, 21);
    store.blocks.commit(Durability::Now).await.unwrap();
    check(&store, 22).await;
    drop(store);
    let mut chunks: Vec<_> = std::fs::read_dir(folder.path().join("chunks/blocks"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    chunks.sort();
    assert_eq!(chunks, ["0000000001-0000000007", "0000000008-0000000015"]);
    check(&open(folder.path()).await, 22).await;
}

#[tokio::test]
async fn what_is_not_committed_is_lost_whole() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    add(&store, 5);
    store.blocks.commit(Durability::Now).await.unwrap();
    add(&store, 1);
    store.blocks.commit(Durability::WhenSealed).await.unwrap();
    drop(store);
    check(&open(folder.path()).await, 6).await;
}

#[tokio::test]
async fn a_gap_or_a_repetition_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    add(&store, 3);
    for first in [0, 1, 3, 5] {
        let error = store.blocks.append(first, vec![item(first)]).unwrap_err();
        assert!(matches!(error, StoreError::OutOfOrder { expected: 4, .. }), "{error}");
    }
    check(&store, 4).await;
}

#[tokio::test]
async fn a_crash_between_sealing_and_forgetting_the_tail_doubles_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    add(&store, 9);
    store.blocks.commit(Durability::Now).await.unwrap();
    let tree = store.db.open_tree("blocks").unwrap();
    for number in 1..8_u32 {
        tree.insert(number.to_be_bytes(), &item(number)[..]).unwrap();
    }
    drop((store, tree));
    let store = open(folder.path()).await;
    check(&store, 10).await;
    assert_eq!(store.db.open_tree("blocks").unwrap().len(), 1, "a run of two");
}

#[tokio::test]
async fn a_run_that_is_sealed_in_part_doubles_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    for count in [6, 3] {
        add(&store, count);
        store.blocks.commit(Durability::Now).await.unwrap();
        check(&store, store.blocks.next()).await;
    }
    // The run from 7 on begins in the chunk that ends with 7.
    drop(store);
    let store = open(folder.path()).await;
    check(&store, 10).await;
    assert_eq!(store.blocks.unsealed(), 2);
    add(&store, 6);
    store.blocks.commit(Durability::Now).await.unwrap();
    assert_eq!(store.db.open_tree("blocks").unwrap().len(), 0);
    check(&store, 16).await;
}

#[tokio::test]
async fn records_of_an_earlier_version_are_taken_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let tree = store.db.open_tree("blocks").unwrap();
    for number in 1..5_u32 {
        tree.insert(number.to_be_bytes(), &item(number)[..]).unwrap();
    }
    store.db.insert("schema", &1_u32.to_le_bytes()).unwrap();
    drop((store, tree));
    let store = open(folder.path()).await;
    check(&store, 5).await;
    assert_eq!(store.db.get("schema").unwrap().unwrap(), 2_u32.to_le_bytes());
    store.blocks.replace(2, Bytes::from("other")).await.unwrap();
    add(&store, 2);
    store.blocks.commit(Durability::Now).await.unwrap();
    drop(store);
    let store = open(folder.path()).await;
    assert_eq!(store.blocks.item(2).await.unwrap().unwrap(), "other");
    store.blocks.replace(2, item(2)).await.unwrap();
    check(&store, 7).await;
    add(&store, 1);
    store.blocks.commit(Durability::Now).await.unwrap();
    assert_eq!(store.db.open_tree("blocks").unwrap().len(), 0);
    check(&store, 8).await;
}

#[tokio::test]
async fn a_file_that_never_got_its_name_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    add(&store, 9);
    store.blocks.commit(Durability::Now).await.unwrap();
    drop(store);
    let unfinished = folder.path().join("chunks/blocks/0000000008-0000000015#1");
    std::fs::write(&unfinished, b"half").unwrap();
    check(&open(folder.path()).await, 10).await;
    assert!(!unfinished.exists());
}

#[tokio::test]
async fn a_damaged_chunk_is_an_error_and_never_wrong_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    add(&store, 9);
    store.blocks.commit(Durability::Now).await.unwrap();
    drop(store);
    let path = folder.path().join("chunks/blocks/0000000001-0000000007");
    let sound = std::fs::read(&path).unwrap();
    for damaged in [sound[..sound.len() - 3].to_vec(), sound[..30].to_vec(), Vec::new()] {
        std::fs::write(&path, damaged).unwrap();
        let store = open(folder.path()).await;
        store.blocks.item(5).await.unwrap_err();
        assert_eq!(store.blocks.item(8).await.unwrap(), Some(item(8)));
        drop(store);
    }
    std::fs::write(&path, sound).unwrap();
    check(&open(folder.path()).await, 10).await;
}

#[tokio::test]
async fn what_stands_behind_a_lost_chunk_is_kept_and_the_hole_can_be_filled() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    add(&store, 25);
    store.blocks.commit(Durability::Now).await.unwrap();
    drop(store);
    std::fs::remove_file(folder.path().join("chunks/blocks/0000000008-0000000015")).unwrap();
    let store = open(folder.path()).await;
    assert_eq!(store.blocks.next(), 26);
    assert_eq!(store.blocks.hole().unwrap(), Some(Hole { from: 8, to: 15 }));
    assert_eq!(store.blocks.item(8).await.unwrap(), None);
    assert_eq!(store.blocks.item(16).await.unwrap(), Some(item(16)));
    let lost: Vec<Bytes> = (8..16).map(item).collect();
    assert_eq!(store.blocks.were_sealed(8, &lost).unwrap(), Some(true));
    assert_eq!(store.blocks.were_sealed(8, &vec![item(8); 8]).unwrap(), Some(false));
    store.blocks.fill(9, &lost).await.unwrap_err();
    store.blocks.fill(8, &lost[..3]).await.unwrap_err();
    store.blocks.fill(8, &lost[..4]).await.unwrap();
    assert_eq!(store.blocks.hole().unwrap(), Some(Hole { from: 12, to: 15 }));
    store.blocks.fill(12, &lost[4..]).await.unwrap();
    check(&store, 26).await;
    drop(store);
    check(&open(folder.path()).await, 26).await;
}

#[tokio::test]
async fn a_tail_whose_chunk_before_it_is_lost_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    add(&store, 21);
    store.blocks.commit(Durability::Now).await.unwrap();
    drop(store);
    std::fs::remove_file(folder.path().join("chunks/blocks/0000000008-0000000015")).unwrap();
    let store = open(folder.path()).await;
    assert_eq!(store.blocks.next(), 22);
    let lost: Vec<Bytes> = (8..16).map(item).collect();
    store.blocks.fill(8, &lost).await.unwrap();
    check(&store, 22).await;
}

#[tokio::test]
async fn a_damaged_chunk_is_put_aside_and_a_sound_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    add(&store, 15);
    store.blocks.commit(Durability::Now).await.unwrap();
    let (sound, last) = (block_chunk(1, 7), block_chunk(8, 15));
    assert!(!store.blocks.quarantine(sound).await.unwrap());
    check(&store, 16).await;
    let path = folder.path().join("chunks").join(last.to_string());
    std::fs::write(&path, b"other bytes").unwrap();
    assert!(store.blocks.quarantine(last).await.unwrap());
    assert!(!path.exists());
    assert!(folder.path().join(format!("chunks/quarantine/{last}")).exists());
    // Nothing came after it: the series ends before it, and goes on.
    check(&store, 8).await;
    add(&store, 8);
    store.blocks.commit(Durability::Now).await.unwrap();
    check(&store, 16).await;
}

#[tokio::test]
async fn a_full_disk_is_said_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let full = StoreConfig { min_free_bytes: u64::MAX, ..config() };
    let store = Store::open(folder.path(), &full).await.unwrap();
    for count in [3, 9] {
        add(&store, count);
        let error = store.blocks.commit(Durability::Now).await.unwrap_err();
        assert!(matches!(error, StoreError::Full { .. }), "{error}");
    }
    check(&store, 13).await;
    drop(store);
    check(&open(folder.path()).await, 1).await;
}

#[tokio::test]
async fn the_parachain_may_begin_later_and_then_stays_so() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let store = open(folder.path()).await;
        store.begin_para_at(9).await.unwrap();
        drop(store);
        let store = open(folder.path()).await;
        assert_eq!(store.para_start().await, 9);
        assert_eq!((store.headers.next(), store.blocks.next()), (9, 10));
        let heights = *store.heights().borrow();
        assert_eq!((heights.headers, heights.blocks), (None, None));
    }
    let store = open(folder.path()).await;
    add(&store, 7);
    store.blocks.commit(Durability::Now).await.unwrap();
    store.begin_para_at(4).await.unwrap_err();
    let unit = store.blocks.unit(2).await.unwrap().unwrap();
    let unit = ParaBlocks::decode(unit).unwrap();
    assert_eq!((unit.first, unit.items.len(), unit.complete), (10, 2, true));
    assert_eq!(store.blocks.unit(1).await.unwrap(), None);
    drop(store);
    let store = open(folder.path()).await;
    assert_eq!(store.blocks.next(), 17);
    assert_eq!(store.blocks.item(10).await.unwrap(), Some(item(10)));
}

#[tokio::test]
async fn an_item_is_replaced_wherever_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    add(&store, 9);
    for number in [2, 9] {
        store.blocks.commit(Durability::Now).await.unwrap();
        store.blocks.replace(number, Bytes::from("other")).await.unwrap();
        assert_eq!(store.blocks.item(number).await.unwrap().unwrap(), "other");
    }
    drop(store);
    let store = open(folder.path()).await;
    for number in [2, 9] {
        assert_eq!(store.blocks.item(number).await.unwrap().unwrap(), "other");
        store.blocks.replace(number, item(number)).await.unwrap();
    }
    check(&store, 10).await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_order_of_appends_commits_and_restarts_keeps_all_that_was_durable(
        steps in prop::collection::vec((0_u32..12, 0_u8..3), 1..12),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_time()
            .build()
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        runtime.block_on(async {
            let mut store = open(folder.path()).await;
            let mut durable = 1;
            for (count, then) in steps {
                add(&store, count);
                match then {
                    0 => store.blocks.commit(Durability::WhenSealed).await.unwrap(),
                    1 => {
                        store.blocks.commit(Durability::Now).await.unwrap();
                        durable = store.blocks.next();
                    }
                    _ => {
                        drop(store);
                        store = open(folder.path()).await;
                        assert!(store.blocks.next() >= durable);
                        durable = store.blocks.next();
                    }
                }
                let next = store.blocks.next();
                check(&store, next).await;
            }
        });
    }
}
