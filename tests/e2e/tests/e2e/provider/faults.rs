//! Nodes drop connections, hang, lag, lack things and lie: the provider takes the truth from
//! others where there are any, says what keeps it where there are none, and goes on by itself.

use std::time::Duration;

use prb_core::blob::{BlobKey, BlobSource};
use prb_core::chain::Endpoint;
use prb_core::data_provider::{Stage, VerifyState};
use prb_core::scale::header::{DigestItem, EncodedHeader};
use prb_devnet::rpc::{MethodFault, NodeFaults, ProofFault};
use prb_walkie::proto::data_provider::ParaHeaders;
use prost::Message;

use super::faulty::{Chain, Nodes};
use super::network;

/// Methods by which history is read.
const METHODS: [(Chain, &str); 5] = [
    (Chain::Relay, "grandpa_proveFinality"),
    (Chain::Relay, "state_getReadProof"),
    (Chain::Relay, "chain_getHeader"),
    (Chain::Para, "chain_getBlockHash"),
    (Chain::Para, "pha_getStorageChangesAt"),
];

async fn others_are_asked(fault: MethodFault) {
    let nodes = Nodes::start(|_| {}).await;
    for (chain, method) in METHODS {
        nodes.faults(chain).set(method, fault);
    }
    let provider = nodes.provider(nodes.config()).await;
    let status = nodes.caught_up(&provider, &format!("{fault:?}")).await;
    assert_eq!(status.refused, 0);
    for chain in [&status.relay, &status.para] {
        assert!(chain.endpoints[0].calls > 0 && chain.endpoints[1].calls > 0, "{chain:#?}");
    }
    nodes.accepted(&provider).await;
    nodes.stop(provider).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_a_node_drops_the_connection_another_one_is_asked() {
    others_are_asked(MethodFault::Drop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_a_node_hangs_another_one_is_asked() {
    others_are_asked(MethodFault::Hang).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_a_node_answers_with_errors_another_one_is_asked() {
    others_are_asked(MethodFault::Error(-32603, "Internal error")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_only_node_that_errs_is_named_with_its_words_and_recovers() {
    let nodes = Nodes::start(|_| {}).await;
    let fault = MethodFault::Error(-32603, "Internal error: the disk is on fire");
    nodes.faults(Chain::Para).set("pha_getStorageChangesAt", fault);
    let provider = nodes.provider(nodes.config_alone()).await;
    let words = ["the disk is on fire", "pha_getStorageChangesAt", &nodes.network.para_url()];
    let status = nodes.kept(&provider, Stage::Blocks, &words).await;
    assert_eq!(status.info.para_committed_height, -1);
    nodes.faults(Chain::Para).clear_all();
    nodes.caught_up(&provider, "the fault is gone").await;
    nodes.accepted(&provider).await;
    nodes.stop(provider).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_archive_node_is_asked_for_what_a_pruned_one_has_discarded() {
    let nodes = Nodes::start(|_| {}).await;
    for chain in [Chain::Relay, Chain::Para] {
        nodes.faults(chain).node(|node| node.pruned_below = Some(1000));
    }
    let provider = nodes.provider(nodes.config()).await;
    let status = nodes.caught_up(&provider, "by the archive nodes").await;
    for chain in [&status.relay, &status.para] {
        let archive: Vec<_> = chain.endpoints.iter().map(|node| node.archive).collect();
        assert_eq!(archive, [Some(false), Some(true)], "{chain:#?}");
    }
    nodes.accepted(&provider).await;
    nodes.stop(provider).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pruned_node_alone_is_said_to_be_one_and_recovers() {
    let nodes = Nodes::start(|_| {}).await;
    // What workers start from is had; what comes then is not.
    nodes.faults(Chain::Para).node(|node| node.pruned_below = Some(2));
    let provider = nodes.provider(nodes.config_alone()).await;
    let words = ["State already discarded", &nodes.network.para_url()];
    nodes.kept(&provider, Stage::Genesis, &words).await;
    nodes.faults(Chain::Para).clear_all();
    nodes.caught_up(&provider, "the states are there").await;
    nodes.accepted(&provider).await;
    nodes.stop(provider).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_warp_synced_node_is_read_block_by_block() {
    let nodes = Nodes::start(|_| {}).await;
    nodes.faults(Chain::Relay).node(|node| node.warp_synced_at = Some(1_000_000));
    let provider = nodes.provider(nodes.config_alone()).await;
    let status = nodes.caught_up(&provider, "block by block").await;
    assert_eq!(status.refused, 0);
    assert_eq!(status.relay.endpoints[0].proves_finality, Some(false));
    nodes.accepted(&provider).await;
    nodes.stop(provider).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn proofs_that_are_missing_or_of_older_blocks_hold_nothing_up() {
    for fault in [ProofFault::Null, ProofFault::Older] {
        let nodes = Nodes::start(|_| {}).await;
        nodes.faults(Chain::Relay).node(|node| node.proofs = fault);
        let provider = nodes.provider(nodes.config_alone()).await;
        let status = nodes.caught_up(&provider, &format!("{fault:?}")).await;
        assert_eq!(status.refused, 0);
        nodes.accepted(&provider).await;
        nodes.stop(provider).await;
    }
}

/// What a node gives wrong is refused, counted and taken from the other node; from an only node it
/// is asked again until it is right.
async fn refused(chain: Chain, stage: Stage, words: &[&str], fault: fn(&mut NodeFaults)) {
    let nodes = Nodes::start(|_| {}).await;
    nodes.faults(chain).node(fault);
    let provider = nodes.provider(nodes.config()).await;
    let status = nodes.caught_up(&provider, "by the other node").await;
    assert!(status.refused > 0, "{status:#?}");
    let endpoints = match chain {
        Chain::Relay => &status.relay.endpoints,
        Chain::Para => &status.para.endpoints,
    };
    assert!(endpoints[0].distrusted && endpoints[0].refused > 0, "{endpoints:#?}");
    assert_eq!((endpoints[1].distrusted, endpoints[1].refused), (false, 0));
    nodes.accepted(&provider).await;
    provider.shutdown().await.unwrap();

    let folder = tempfile::tempdir().unwrap();
    let mut config = nodes.config_alone();
    config.data_dir = folder.path().to_owned();
    let provider = nodes.provider(config).await;
    let url = match chain {
        Chain::Relay => nodes.network.relay_url(),
        Chain::Para => nodes.network.para_url(),
    };
    let words = [words, &["refused", &url]].concat();
    let status = nodes.kept(&provider, stage, &words).await;
    assert!(status.refused > 0);
    nodes.faults(chain).clear_all();
    nodes.caught_up(&provider, "the node gives the truth").await;
    nodes.accepted(&provider).await;
    nodes.stop(provider).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_justification_is_refused() {
    let words = ["relay block", "badly signed"];
    refused(Chain::Relay, Stage::Relay, &words, |node| node.bad_justifications = true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_header_of_another_fork_is_refused() {
    let words = ["relay block", "builds on"];
    refused(Chain::Relay, Stage::Relay, &words, |node| node.forked_from = Some(10)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parachain_header_of_another_fork_is_refused() {
    let words = ["parachain header", "builds on"];
    refused(Chain::Para, Stage::Headers, &words, |node| node.forked_from = Some(5)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn storage_changes_that_do_not_give_the_state_root_are_refused() {
    let words = ["parachain block 7", "state root"];
    refused(Chain::Para, Stage::Blocks, &words, |node| node.wrong_changes_at = Some(7)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_lags_is_left_for_one_that_does_not() {
    let nodes = Nodes::start(|_| {}).await;
    for chain in [Chain::Relay, Chain::Para] {
        nodes.faults(chain).node(|node| node.stuck_at = Some(24));
    }
    let provider = nodes.provider(nodes.config()).await;
    nodes.caught_up(&provider, "by the nodes that follow").await;
    nodes.accepted(&provider).await;
    nodes.stop(provider).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_only_node_that_stands_still_is_said_to_and_recovers() {
    let nodes = Nodes::start(|_| {}).await;
    // Workers are given nothing of the running period before something in it is justified.
    nodes.faults(Chain::Relay).node(|node| node.stuck_at = Some(40));
    let provider = nodes.provider(nodes.config_alone()).await;
    let url = nodes.network.relay_url();
    let words = ["no justification for relay block 26", &url];
    let status = nodes.kept(&provider, Stage::Relay, &words).await;
    assert!(status.info.parent_target <= 40);
    nodes.faults(Chain::Relay).node(|node| node.stuck_at = Some(50));
    let words = ["no final block after 50", &url];
    let status = nodes.kept(&provider, Stage::Relay, &words).await;
    assert_eq!(status.info.parent_committed_height, 50);
    nodes.faults(Chain::Relay).clear_all();
    nodes.caught_up(&provider, "it follows again").await;
    nodes.accepted(&provider).await;
    nodes.stop(provider).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_of_another_chain_is_never_asked() {
    let nodes = Nodes::start(|_| {}).await;
    let other = network(|config| config.seed = 77).await;
    let mut config = nodes.config();
    let genesis = nodes.network.chains().relay.chain().genesis().hash;
    config.relay.genesis_hash = Some(subxt::utils::H256(genesis.0));
    config.relay.endpoints.insert(0, Endpoint::new(&other.relay_url()));
    let provider = nodes.provider(config).await;
    let status = nodes.caught_up(&provider, "by nodes of this chain").await;
    assert!(status.relay.endpoints[0].other_chain, "{:#?}", status.relay);
    assert_eq!(status.refused, 0);
    nodes.accepted(&provider).await;
    other.shutdown().await.unwrap();
    nodes.stop(provider).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_over_the_size_limit_are_had_in_smaller_ones_or_said() {
    // A period's headers do not fit into one answer, nor do many values.
    let nodes = Nodes::start(|config| config.max_response_bytes = 20_000).await;
    let too_large = MethodFault::TOO_LARGE;
    nodes.faults(Chain::Para).set("pha_getStorageChangesAt", too_large);
    let provider = nodes.provider(nodes.config_alone()).await;
    let words = ["too big", "pha_getStorageChangesAt"];
    nodes.kept(&provider, Stage::Blocks, &words).await;
    nodes.faults(Chain::Para).clear_all();
    let status = nodes.caught_up(&provider, "in smaller answers").await;
    assert_eq!(status.refused, 0);
    nodes.accepted(&provider).await;
    nodes.stop(provider).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parachain_block_that_is_reverted_is_never_served() {
    let nodes = Nodes::start(|_| {}).await;
    let provider = nodes.provider(nodes.config_alone()).await;
    nodes.caught_up(&provider, "history").await;
    for _ in 0..4 {
        let before = nodes.network.heights().borrow().para_best;
        nodes.network.faults().fork_para();
        nodes.made(6).await;
        assert!(nodes.network.heights().borrow().para_best > before);
    }
    let status = nodes.caught_up(&provider, "after the forks").await;
    assert_eq!(status.refused, 0, "unfinalized blocks are not even asked for");
    nodes.accepted(&provider).await;
    nodes.stop(provider).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_runtime_upgrade_passes_like_any_block() {
    let nodes = Nodes::start(|_| {}).await;
    let provider = nodes.provider(nodes.config_alone()).await;
    nodes.caught_up(&provider, "history").await;
    nodes.network.faults().upgrade_runtime();
    nodes.network.faults().write_bulk(1 << 20);
    nodes.made(8).await;
    let status = nodes.caught_up(&provider, "the new runtime").await;
    assert_eq!(status.refused, 0);
    // The header says so, and its bytes are the chain's.
    let per_chunk = status.info.headers_per_chunk;
    let mut upgrades = 0;
    for chunk in 0..=status.info.para_committed_height as u32 / per_chunk {
        let body = provider.get(BlobKey::Headers(chunk), Duration::ZERO).await.unwrap().unwrap();
        let headers = ParaHeaders::decode(body).unwrap().items.into_iter();
        let headers = headers.map(|item| EncodedHeader::decode(item).unwrap());
        let announces_one = |header: &EncodedHeader| {
            header.header().digest.contains(&DigestItem::RuntimeEnvironmentUpdated)
        };
        upgrades += headers.filter(announces_one).count();
    }
    assert_eq!(upgrades, 1);
    nodes.accepted(&provider).await;
    nodes.stop(provider).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_block_that_a_worker_cannot_use_is_fetched_from_another_node_and_then_accepted() {
    let nodes = Nodes::start(|_| {}).await;
    // Nobody replays: what is wrong shows at the worker.
    nodes.faults(Chain::Para).node(|node| node.wrong_changes_at = Some(7));
    let mut config = nodes.config();
    config.verify_state = VerifyState::Off;
    let provider = nodes.provider(config).await;
    nodes.caught_up(&provider, "unverified").await;
    let refusal = nodes.refusal(&provider).await;
    assert!(refusal.contains("StateRootMismatch block=7"), "{refusal}");
    provider.report_bad_block(7).await.unwrap();
    super::reach(&provider, "the right block", |status| status.repaired == 1).await;
    nodes.accepted(&provider).await;
    provider.shutdown().await.unwrap();

    // Where blocks were replayed a false report changes nothing, whatever a node says now.
    let folder = tempfile::tempdir().unwrap();
    let mut config = nodes.config_alone();
    config.data_dir = folder.path().to_owned();
    nodes.faults(Chain::Para).clear_all();
    let provider = nodes.provider(config).await;
    nodes.caught_up(&provider, "verified").await;
    nodes.faults(Chain::Para).node(|node| node.wrong_changes_at = Some(7));
    provider.report_bad_block(7).await.unwrap();
    nodes.kept(&provider, Stage::Repair, &["parachain block 7", "refused"]).await;
    nodes.accepted(&provider).await;
    assert_eq!(provider.status().repaired, 0);
    nodes.stop(provider).await;
}
