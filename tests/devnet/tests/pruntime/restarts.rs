//! What a double keeps: checkpoints to go back to, and an identity bound to one chain.

use parity_scale_codec::{Decode, Encode};
use prb_devnet::pruntime::scale::GenesisBlockInfo;
use prb_devnet::pruntime::{DoubleConfig, DoubleExit, proto};

use super::client::{Peer, Reply};
use super::follow::{Follower, accept, now_ms};
use super::small_chain::SmallChain;

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_goes_back_to_the_last_checkpoint_and_on_from_there() {
    let folder = tempfile::tempdir().expect("a folder");
    for data_dir in [None, Some(folder.path().to_path_buf())] {
        let config =
            DoubleConfig { data_dir, checkpoint_interval: Some(2), ..DoubleConfig::default() };
        let mut follower = Follower::start(config).await;
        let mut steps = Vec::new();
        for _ in 0..5 {
            steps.push(follower.step(Vec::new()).await);
        }
        let before = follower.peer.info().await;
        assert_eq!(before.blocknum, 6);
        follower.peer.double.restart_from_checkpoint().await.expect("a checkpoint");
        let restored = follower.peer.info().await;
        assert_eq!((restored.blocknum, restored.para_headernum, restored.headernum), (5, 5, 106));
        assert_eq!(restored.state_root, hex::encode(steps[3].state_root));
        assert_eq!(restored.public_key, before.public_key);
        assert!(!restored.can_load_chain_state);
        let last = &steps[4];
        accept(&follower.peer, "SyncHeader", &last.relay).await;
        accept(&follower.peer, "SyncParaHeader", &last.para).await;
        accept(&follower.peer, "DispatchBlocks", &last.block).await;
        assert_eq!(follower.peer.info().await.state_root, before.state_root);
        follower.peer.double.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_is_taken_on_request_and_outlives_the_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = DoubleConfig { data_dir: Some(folder.path().into()), ..DoubleConfig::default() };
    let mut follower = Follower::start(config.clone()).await;
    follower.step(Vec::new()).await;
    let taken: proto::SyncedTo =
        accept(&follower.peer, "TakeCheckpoint", &proto::Empty {}).await.ok();
    assert_eq!(taken.synced_to, 1);
    let before = follower.peer.info().await;
    follower.step(Vec::new()).await;
    follower.peer.double.shutdown().await;

    let again = Peer::start(config.clone()).await;
    let info = again.info().await;
    assert_eq!((info.blocknum, info.public_key), (before.blocknum, before.public_key));

    let options = proto::StopOptions { remove_checkpoints: true };
    assert_eq!(again.call("Stop", &options).await, Reply::Broken);
    assert!(matches!(again.double.wait().await, DoubleExit::Aborted(_)));
    let empty = Peer::start(config).await;
    assert!(!empty.info().await.initialized);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_genesis_ends_the_process_and_burns_its_identity() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = DoubleConfig { data_dir: Some(folder.path().into()), ..DoubleConfig::default() };
    let chain = SmallChain::begin(now_ms());
    let good = chain.init();
    let mut genesis = GenesisBlockInfo::decode(&mut &good.encoded_genesis_info[..]).expect("own");
    genesis.block_header.extrinsics_root = [1; 32].into();
    genesis.proof.clear();
    let bad = proto::InitRuntimeRequest { encoded_genesis_info: genesis.encode(), ..good.clone() };

    let peer = Peer::start(config.clone()).await;
    assert_eq!(peer.call("InitRuntime", &bad).await, Reply::Broken);
    assert!(matches!(peer.double.wait().await, DoubleExit::Aborted(_)));
    assert_eq!(peer.call("GetInfo", &proto::Empty {}).await, Reply::Broken);

    let again = Peer::start(config).await;
    let refused = again.call("InitRuntime", &good).await;
    let expected = format!(
        "Genesis block hash mismatches with saved keys, expected {:?}",
        genesis.block_header.hash()
    );
    assert_eq!(refused.error(), expected);
    // A key given for debugging replaces the burned one.
    let debug = proto::InitRuntimeRequest { debug_set_key: Some(vec![1; 32]), ..good };
    accept(&again, "InitRuntime", &debug).await;
}
