//! What a real node refuses, and how.

use prb_devnet::network::NetworkConfig;
use subxt::rpcs::client::{RpcClient, RpcParams, rpc_params};
use subxt_signer::sr25519::dev;

use crate::{config, connect, request, start};

async fn refusal(client: &RpcClient, method: &str, params: RpcParams) -> String {
    client.request::<serde_json::Value>(method, params).await.unwrap_err().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn expensive_or_senseless_calls_fail_as_on_a_real_node() {
    let network = start(NetworkConfig { max_response_bytes: 20_000, ..config() }).await;
    let client = connect(&network.para_url()).await;
    let cases = [
        ("state_getPairs", rpc_params!["0x"], "unsafe to be called externally"),
        ("state_getMetadata", rpc_params![], "-32008"),
        ("state_getKeysPaged", rpc_params!["0x", 1001], "4002"),
        ("chainHead_v1_follow", rpc_params![true], "-32601"),
        ("author_submitExtrinsic", rpc_params!["0x00112233"], "1002"),
        ("author_submitExtrinsic", rpc_params!["0xff"], "1001"),
        ("pha_getMqNextSequence", rpc_params!["zz"], "10000"),
    ];
    for (method, params, expected) in cases {
        let text = refusal(&client, method, params).await;
        assert!(text.contains(expected), "{method}: {text}");
    }
    let unknown = format!("0x{}", "11".repeat(32));
    let text = refusal(&client, "state_getStorage", rpc_params!["0x00", &unknown]).await;
    assert!(text.contains("4003") && text.contains("UnknownBlock"), "{text}");
    assert!(request(&client, "chain_getHeader", rpc_params![&unknown]).await.is_null());
    assert!(request(&client, "chain_getBlockHash", rpc_params![99_999]).await.is_null());
    let methods = request(&client, "rpc_methods", rpc_params![]).await.to_string();
    assert!(!methods.contains("chainHead") && !methods.contains("archive_"));
    network.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pool_refuses_with_its_own_codes() {
    use subxt::config::PolkadotExtrinsicParamsBuilder as Params;
    use subxt::dynamic::{self, Value};
    use subxt::{OnlineClient, PolkadotConfig};

    let network = start(config()).await;
    network.faults().pause_blocks();
    let url = network.para_url();
    let client = OnlineClient::<PolkadotConfig>::from_insecure_url(&url).await.unwrap();
    let rpc = connect(&url).await;
    let at = client.at_current_block().await.unwrap();
    let remark = |text: &str| dynamic::transaction("System", "remark", (Value::from_bytes(text),));
    let sign = async |text: &str, nonce: u64| {
        let params = Params::new().nonce(nonce).build();
        let mut transactions = at.transactions();
        let signed =
            transactions.create_signed(&remark(text), &dev::alice(), params).await.unwrap();
        format!("0x{}", hex::encode(signed.encoded()))
    };
    let first = sign("a", 0).await;
    let rival = sign("b", 0).await;
    let later = sign("c", 2).await;
    request(&rpc, "author_submitExtrinsic", rpc_params![&first]).await;
    request(&rpc, "author_submitExtrinsic", rpc_params![&later]).await;
    let text = refusal(&rpc, "author_submitExtrinsic", rpc_params![&first]).await;
    assert!(text.contains("1013"), "{text}");
    let text = refusal(&rpc, "author_submitExtrinsic", rpc_params![&rival]).await;
    assert!(text.contains("1014"), "{text}");
    let alice = dev::alice().public_key().to_account_id().to_string();
    let next = request(&rpc, "system_accountNextIndex", rpc_params![&alice]).await;
    assert_eq!(next, 1, "the gap before nonce 2 counts");
    let between = sign("d", 1).await;
    request(&rpc, "author_submitExtrinsic", rpc_params![&between]).await;
    assert_eq!(request(&rpc, "system_accountNextIndex", rpc_params![&alice]).await, 3);

    network.faults().resume_blocks();
    let mut heights = network.heights();
    let best = heights.borrow().para_best;
    heights.wait_for(|heights| heights.para_best >= best + 2).await.unwrap();
    let stale = sign("e", 0).await;
    let text = refusal(&rpc, "author_submitExtrinsic", rpc_params![&stale]).await;
    assert!(text.contains("1010"), "{text}");
    let text = refusal(&rpc, "author_submitExtrinsic", rpc_params![&stale]).await;
    assert!(text.contains("1012"), "{text}");
    network.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn http_is_answered_on_the_same_port() {
    let network = start(config()).await;
    let url = network.para_url().replace("ws://", "http://");
    // The library asks for a choice of TLS cryptography even where there is no TLS.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::new();
    let ask = |body: serde_json::Value| {
        let request = http.post(&url).json(&body).send();
        async { request.await.unwrap().json::<serde_json::Value>().await.unwrap() }
    };
    let one = serde_json::json!({ "jsonrpc": "2.0", "id": 1, "method": "system_chain" });
    let answer = ask(one.clone()).await;
    assert_eq!(answer["result"], "prb-dev-para");
    let other = serde_json::json!({ "jsonrpc": "2.0", "id": 2, "method": "system_name" });
    let answers = ask(serde_json::json!([one, other])).await;
    assert_eq!(answers.as_array().unwrap().len(), 2);
    network.shutdown().await.unwrap();
}
