//! Finality as a bridge follows it: proofs for the past, a subscription for the tip.

use parity_scale_codec::Decode;
use prb_devnet::grandpa::{FinalityProof, Justification};
use prb_devnet::network::NetworkConfig;
use subxt::rpcs::client::rpc_params;

use crate::{bytes, config, connect, reach, request, start};

#[tokio::test(flavor = "multi_thread")]
async fn one_proof_covers_the_rest_of_a_set() {
    let network = start(NetworkConfig { history: 35, ..config() }).await;
    let relay = connect(&network.relay_url()).await;
    let answer = request(&relay, "grandpa_proveFinality", rpc_params![11]).await;
    let proof = FinalityProof::decode(&mut &bytes(&answer)[..]).unwrap();
    let numbers: Vec<u32> = proof.unknown_headers.iter().map(|header| header.number).collect();
    assert_eq!(numbers, (12..=20).collect::<Vec<_>>());
    let justification = Justification::decode(&mut &proof.justification[..]).unwrap();
    assert_eq!(justification.commit.target_number, 20);

    let refused = relay.request::<serde_json::Value>("grandpa_proveFinality", rpc_params![9999]);
    let text = refused.await.unwrap_err().to_string();
    assert!(text.contains("Block not yet finalized"), "{text}");
    network.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_keep_few_justifications_and_the_subscription_has_the_others() {
    let network = start(NetworkConfig { history: 35, ..config() }).await;
    let relay = connect(&network.relay_url()).await;
    let mut kept = Vec::new();
    for number in 1..=30 {
        let hash = request(&relay, "chain_getBlockHash", rpc_params![number]).await;
        let block = request(&relay, "chain_getBlock", rpc_params![hash]).await;
        if !block["justifications"].is_null() {
            assert_eq!(block["justifications"][0][0], serde_json::json!([70, 82, 78, 75]));
            kept.push(number);
        }
    }
    assert_eq!(kept, [1, 10, 20, 30]);

    let mut rounds = relay
        .subscribe::<serde_json::Value>(
            "grandpa_subscribeJustifications",
            rpc_params![],
            "grandpa_unsubscribeJustifications",
        )
        .await
        .unwrap();
    let mut target = async || {
        let message = rounds.next().await.unwrap().unwrap();
        Justification::decode(&mut &bytes(&message)[..]).unwrap().commit.target_number
    };
    let first = target().await;
    assert_eq!([target().await, target().await], [first + 1, first + 2]);
    network.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn authorities_change_on_demand() {
    let network = start(NetworkConfig { session_blocks: 0, ..config() }).await;
    reach(&network, |heights| heights.relay_best > 1).await;
    let change = network.heights().borrow().relay_best + 3;
    network.faults().change_authorities_at(change);
    reach(&network, |heights| heights.relay_finalized > change).await;
    let relay = connect(&network.relay_url()).await;
    let answer = request(&relay, "grandpa_proveFinality", rpc_params![1]).await;
    let proof = FinalityProof::decode(&mut &bytes(&answer)[..]).unwrap();
    assert_eq!(proof.unknown_headers.last().unwrap().number, change);
    network.shutdown().await.unwrap();
}
