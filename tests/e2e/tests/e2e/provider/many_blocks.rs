//! A long chain with changes of authorities and heavy blocks, from nothing to the tip, and what
//! workers make of all that is served.

use std::time::{Duration, Instant};

use bytes::Bytes;
use prb_core::blob::{BlobKey, BlobSource};
use prb_core::data_provider::{
    DataProvider, DataProviderConfig, DataProviderHandle, ProviderStatus,
};
use prb_devnet::network::{Bulk, NetworkHandle};
use prb_devnet::pruntime::{Double, DoubleConfig, DoubleHandle};
use prb_walkie::proto::data_provider::{ParaBlocks, State, StatePart, States};
use prost::Message;

use super::{network, same_state, segments};
use crate::feeder::Feeder;

struct Size {
    /// Relay chain blocks; half as many parachain blocks.
    relay: u32,
    /// Changes of the relay chain's authorities.
    changes: u32,
    /// Most bytes a parachain block writes.
    heaviest: u32,
    /// How many heavy blocks there are.
    heavy: u32,
    /// Longest wait for anything.
    patience: Duration,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_accept_every_block_of_a_chain_of_three_thousand() {
    accepted(Size {
        relay: 3_000,
        changes: 12,
        heaviest: 2 << 20,
        heavy: 8,
        patience: Duration::from_mins(2),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: 100,000 relay chain blocks take minutes"]
async fn workers_accept_every_block_of_a_chain_of_a_hundred_thousand() {
    accepted(Size {
        relay: 100_000,
        changes: 12,
        heaviest: 2 << 20,
        heavy: 100,
        patience: Duration::from_mins(20),
    })
    .await;
}

async fn accepted(size: Size) {
    let begun = Instant::now();
    let network = network(|config| {
        config.history = size.relay;
        // The last of each is final too.
        let full = size.relay - 10;
        config.session_blocks = full / size.changes;
        config.bulk = Some(Bulk { interval: full / size.heavy, bytes: size.heaviest });
    })
    .await;
    network.faults().pause_blocks();
    say(&format!("{} relay blocks made", size.relay), begun);

    let folder = tempfile::tempdir().unwrap();
    let mut config =
        DataProviderConfig::new(folder.path(), &network.relay_url(), &network.para_url());
    config.state_interval = size.relay / 2 / 5;
    let provider = DataProvider::builder(config).build().unwrap().start().await.unwrap();
    let begun = Instant::now();
    let status = caught_up(&network, &provider, size.patience).await;
    let calls = status.relay.calls as f64 / f64::from(size.relay);
    let para = status.info.para_committed_height;
    say(
        &format!(
            "provider at relay block {}, parachain block {para}: {:.0} blocks/s, {calls:.4} relay \
             calls for each relay block, {:.2} calls for each parachain block, {} MB received",
            status.info.parent_committed_height,
            f64::from(size.relay) / begun.elapsed().as_secs_f64(),
            status.para.calls as f64 / f64::from(para),
            (status.relay.bytes + status.para.bytes) >> 20,
        ),
        begun,
    );
    assert_eq!(status.refused, 0);
    assert!(calls <= 0.1, "{calls} calls for each relay block");
    let end = status.info.parent_committed_height as u32;
    served(&provider, end, &size).await;

    // One checkpoint, past the middle.
    let interval = size.relay / 2 * 3 / 5;
    let double = double(Some(interval)).await;
    let para_id = network.chains().para_id;
    let begun = Instant::now();
    let mut feeder = Feeder::init(&provider, &double.endpoint(), para_id).await;
    feeder.until(end).await;
    same_state(&network, &double).await;
    say("a worker accepts all from genesis to the tip", begun);

    // It goes back to an older checkpoint, somewhere in the middle of a segment.
    let begun = Instant::now();
    let at_tip = double.info().await.blocknum;
    double.restart_from_checkpoint().await.unwrap();
    let back = double.info().await.blocknum;
    assert!((at_tip / 2..at_tip * 3 / 4).contains(&back), "{back} of {at_tip}");
    feeder.restarted();
    feeder.until(end).await;
    same_state(&network, &double).await;
    say(&format!("a worker goes on from parachain block {back}"), begun);
    double.shutdown().await;

    // Others begin with each state that is kept.
    for kept in kept_states(&provider).await {
        let begun = Instant::now();
        let double = self::double(None).await;
        let mut feeder = Feeder::init(&provider, &double.endpoint(), para_id).await;
        feeder.load_state(kept.number, state(&provider, &kept).await).await;
        assert_eq!(double.info().await.blocknum, kept.number + 1);
        feeder.until(end).await;
        same_state(&network, &double).await;
        double.shutdown().await;
        let State { number, bytes, .. } = kept;
        say(
            &format!("a worker goes on from block {number} by its state, {} MB", bytes >> 20),
            begun,
        );
    }
    provider.shutdown().await.unwrap();
    network.shutdown().await.unwrap();
}

/// Waits until the provider has stored all there is.
async fn caught_up(
    network: &NetworkHandle,
    provider: &DataProviderHandle,
    patience: Duration,
) -> ProviderStatus {
    let heights = *network.heights().borrow();
    let mut status = provider.subscribe();
    let reached = status.wait_for(|status| {
        status.info.parent_committed_height >= heights.relay_finalized as i32
            && status.info.para_committed_height >= heights.para_finalized as i32
    });
    let reached = tokio::time::timeout(patience, reached).await;
    reached.unwrap_or_else(|_| panic!("{:#?}", provider.status())).unwrap().clone()
}

async fn double(checkpoint_interval: Option<u32>) -> DoubleHandle {
    let config = DoubleConfig { checkpoint_interval, ..DoubleConfig::default() };
    Double::builder(config).build().unwrap().start().await.unwrap()
}

/// Reads all that is served of both chains: it has the changes of authorities and the heavy
/// blocks that were asked for.
async fn served(provider: &DataProviderHandle, end: u32, size: &Size) {
    let begun = Instant::now();
    let segments = segments(provider, end).await;
    let changes = segments.iter().filter(|segment| segment.authority_set_change.is_some());
    assert_eq!(changes.count() as u32, size.changes);
    let info = provider.status().info;
    let (last, mut next, mut heavy) = (info.para_committed_height as u32, 1, Vec::new());
    while next <= last {
        let key = BlobKey::Blocks(next / info.blocks_per_chunk);
        let body = provider.get(key, Duration::ZERO).await.unwrap().unwrap();
        let blocks = ParaBlocks::decode(body).unwrap();
        assert_eq!(blocks.first, next);
        next += blocks.items.len() as u32;
        // The lightest of them.
        let smallest = (size.heaviest / 8) as usize;
        heavy.extend(blocks.items.iter().map(Bytes::len).filter(|bytes| *bytes >= smallest));
    }
    let most_bytes = heavy.iter().max().copied().unwrap_or(0);
    assert_eq!((next, heavy.len() as u32), (last + 1, size.heavy));
    assert!(most_bytes >= size.heaviest as usize, "{most_bytes} bytes");
    let segments = segments.len();
    say(
        &format!(
            "{segments} segments, {} changes of authorities, {} heavy blocks, {most_bytes} bytes in \
             the heaviest",
            size.changes,
            heavy.len(),
        ),
        begun,
    );
}

/// The full states that are served.
async fn kept_states(provider: &DataProviderHandle) -> Vec<State> {
    let states = provider.get(BlobKey::States, Duration::ZERO).await.unwrap().unwrap();
    let states = States::decode(states).unwrap().states;
    assert!(!states.is_empty(), "no state is kept");
    states
}

/// A whole state out of its parts.
async fn state(provider: &DataProviderHandle, kept: &State) -> Vec<u8> {
    let mut state = Vec::with_capacity(kept.bytes as usize);
    for part in 0..kept.parts {
        let key = BlobKey::StatePart { number: kept.number, part };
        let body = provider.get(key, Duration::ZERO).await.unwrap().unwrap();
        state.extend_from_slice(&StatePart::decode(body).unwrap().data);
    }
    state
}

#[expect(clippy::print_stderr, reason = "the figures of a long test are its log")]
fn say(what: &str, since: Instant) {
    let elapsed = since.elapsed().as_secs_f64();
    eprintln!("{elapsed:8.1} s, {:6} MB  {what}", resident_mb().unwrap_or(0));
}

/// Memory of this process: network, provider and workers together.
fn resident_mb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? >> 10)
}
