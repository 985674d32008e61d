//! Dispatching in the background: refusals meanwhile, the old state on show, and slow dispatches.

use std::time::Duration;

use parity_scale_codec::{Decode, Encode};
use prb_devnet::pruntime::scale::BlockHeaderWithChanges;
use prb_devnet::pruntime::{DoubleConfig, proto};

use super::client::Reply;
use super::follow::{Follower, accept};

const REFUSAL: &str = "RCU in progress, please try the request again later";

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_refused_while_blocks_are_dispatched_in_the_background() {
    let config = DoubleConfig {
        rcu: true,
        dispatch_delay: Duration::from_secs(4),
        ..DoubleConfig::default()
    };
    let mut follower = Follower::start(config).await;
    let step = follower.headers(Vec::new()).await;
    let before = follower.peer.info().await;
    let peer = &follower.peer;
    let (dispatched, ()) = tokio::join!(peer.call("DispatchBlocks", &step.block), async {
        // Until the dispatch begins, repeating the header is accepted.
        while matches!(peer.call("SyncHeader", &step.relay).await, Reply::Ok(_)) {}
        assert_eq!(peer.call("SyncHeader", &step.relay).await.error(), REFUSAL);
        assert_eq!(peer.call("DispatchBlocks", &step.block).await.error(), REFUSAL);
        assert_eq!(peer.info().await, before, "reads show the old state");
    });
    assert!(matches!(dispatched, Reply::Ok(_)), "{dispatched:?}");
    assert_eq!(peer.info().await.blocknum, 2);
    accept(peer, "SyncHeader", &step.relay).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_background_dispatch_keeps_its_progress() {
    let config = DoubleConfig { rcu: true, ..DoubleConfig::default() };
    let mut follower = Follower::start(config).await;
    let step = follower.headers(Vec::new()).await;
    let next = follower.chain.step(Vec::new());
    let blocks = two(&step.block, &next.block);
    let reply = follower.peer.call("DispatchBlocks", &blocks).await;
    assert_eq!(reply.error(), "NoStateRoot");
    assert_eq!(follower.peer.info().await.blocknum, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_can_be_ordered() {
    let mut follower = Follower::start(DoubleConfig::default()).await;
    let step = follower.chain.step(Vec::new());
    follower.peer.double.refuse_next(2);
    for _ in 0..2 {
        assert_eq!(follower.peer.call("SyncHeader", &step.relay).await.error(), REFUSAL);
    }
    accept(&follower.peer, "SyncHeader", &step.relay).await;
}

/// Both requests' blocks in one.
fn two(first: &proto::Blocks, second: &proto::Blocks) -> proto::Blocks {
    let mut blocks = Vec::new();
    for request in [first, second] {
        let some = Vec::<BlockHeaderWithChanges>::decode(&mut &request.encoded_blocks[..]);
        blocks.extend(some.expect("own encoding"));
    }
    proto::Blocks { encoded_blocks: blocks.encode() }
}
