//! The worker inside a double: what the chain says to it, and what it signs in answer.

use parity_scale_codec::{Decode, Encode};
use prb_devnet::pruntime::{DoubleConfig, proto};
use prb_devnet_runtime::types::{
    Message, MessageOrigin, SignedMessage, SystemEvent, WorkerEvent, WorkerPublicKey, topic,
};
use sp_core::{Pair, sr25519};

use super::follow::{Follower, accept};
use super::small_chain::key;

type Changes = Vec<(Vec<u8>, Option<Vec<u8>>)>;

/// A block in which the chain says this to a worker.
fn saying(worker: WorkerPublicKey, event: WorkerEvent) -> Changes {
    let event = SystemEvent::WorkerEvent { pubkey: worker, event };
    let sender = MessageOrigin::Pallet(b"PhalaRegistry".to_vec());
    let messages = vec![Message::new(sender, topic::SYSTEM_EVENT, &event)];
    vec![(key("PhalaMq", "OutboundMessages", None), Some(messages.encode()))]
}

fn silence() -> Changes {
    vec![(key("PhalaMq", "OutboundMessages", None), None)]
}

async fn public_key(follower: &Follower) -> WorkerPublicKey {
    let hex_key = follower.peer.info().await.public_key.expect("initialized");
    let bytes: [u8; 32] = hex::decode(hex_key).expect("hex").try_into().expect("32 bytes");
    WorkerPublicKey::from_raw(bytes)
}

async fn egress(follower: &Follower) -> Vec<SignedMessage> {
    let reply = accept(&follower.peer, "GetEgressMessages", &proto::Empty {}).await;
    let answer: proto::GetEgressMessagesResponse = reply.ok();
    let mut senders =
        Vec::<(MessageOrigin, Vec<SignedMessage>)>::decode(&mut &answer.encoded_messages[..])
            .expect("SCALE");
    senders.pop().map_or_else(Vec::new, |(_, messages)| messages)
}

/// Benchmarks for two blocks and shows the report.
async fn benchmark(follower: &mut Follower) -> SignedMessage {
    let worker = public_key(follower).await;
    follower.step(saying(worker, WorkerEvent::Registered { confidence_level: 1 })).await;
    follower.step(saying(worker, WorkerEvent::BenchStart { duration: 2 })).await;
    follower.step(silence()).await;
    assert!(egress(follower).await.is_empty(), "the benchmark is not over");
    follower.step(silence()).await;
    let sent = egress(follower).await;
    assert_eq!(sent.len(), 1);
    sent[0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_benchmark_report_is_signed_and_purged_when_the_chain_has_it() {
    let mut follower = Follower::start(DoubleConfig::default()).await;
    let worker = public_key(&follower).await;
    let report = benchmark(&mut follower).await;
    let signed = SignedMessage::signed_bytes(&report.message, report.sequence);
    let signature = sr25519::Signature::try_from(&report.signature[..]).expect("64 bytes");
    assert!(sr25519::Pair::verify(&signature, signed, &worker));
    assert_eq!(follower.peer.info().await.pending_messages, 1);
    let ingress = key("PhalaMq", "OffchainIngress", Some(&MessageOrigin::Worker(worker).encode()));
    follower.step(vec![(ingress, Some(1u64.encode()))]).await;
    assert!(egress(&follower).await.is_empty());
    assert_eq!(follower.peer.info().await.pending_messages, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_light_worker_reports_what_a_verifying_one_does() {
    let config = DoubleConfig { key_seed: Some([9; 32]), ..DoubleConfig::default() };
    let verifying = benchmark(&mut Follower::start(config.clone()).await).await;
    let light = DoubleConfig { light: true, ..config };
    let light = benchmark(&mut Follower::start(light).await).await;
    assert_eq!(light.message.sender, verifying.message.sender);
    assert_eq!(light.message.destination, verifying.message.destination);
    assert_eq!(light.sequence, verifying.sequence);
}

#[tokio::test(flavor = "multi_thread")]
async fn registered_is_what_the_state_says() {
    let mut follower = Follower::start(DoubleConfig::default()).await;
    let worker = public_key(&follower).await;
    let entry = key("PhalaRegistry", "Workers", Some(&worker.encode()));
    assert!(!follower.peer.info().await.registered);
    follower.step(vec![(entry, Some(vec![1]))]).await;
    let info = follower.peer.info().await;
    assert!(info.registered && info.system.is_some_and(|system| system.registered));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_knows_the_worker_is_not_loaded() {
    let mut follower =
        Follower::start(DoubleConfig { key_seed: Some([9; 32]), ..DoubleConfig::default() }).await;
    let worker = public_key(&follower).await;
    follower.step(silence()).await;
    let before = follower.chain.state();
    let entry = key("PhalaRegistry", "Workers", Some(&worker.encode()));
    follower.step(vec![(entry, Some(vec![1]))]).await;
    let after = follower.chain.state();

    // The same worker on an empty folder.
    let fresh = super::client::Peer::start(DoubleConfig {
        key_seed: Some([9; 32]),
        ..DoubleConfig::default()
    })
    .await;
    accept(&fresh, "InitRuntime", &follower.chain.init()).await;
    let refused = fresh.call("LoadChainState", &after).await;
    let text = "Failed to load state: the worker is already registered at block 2";
    assert_eq!(refused.error(), text);
    accept(&fresh, "LoadChainState", &before).await;
    let info = fresh.info().await;
    assert_eq!((info.blocknum, info.para_headernum, info.headernum), (2, 1, 101));
    assert!(!info.can_load_chain_state);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pruntime_that_is_too_old_ends_itself() {
    let mut follower = Follower::start(DoubleConfig::default()).await;
    let minimum = key("PhalaRegistry", "MinimumPRuntimeVersion", None);
    follower.step(vec![(minimum.clone(), Some((2u32, 2u32, 1u32).encode()))]).await;
    let step = follower.headers(vec![(minimum, Some((2u32, 3u32, 0u32).encode()))]).await;
    let reply = follower.peer.call("DispatchBlocks", &step.block).await;
    assert_eq!(reply, super::client::Reply::Broken);
    let exit = follower.peer.double.wait().await;
    assert!(matches!(exit, prb_devnet::pruntime::DoubleExit::Aborted(_)), "{exit:?}");
}
