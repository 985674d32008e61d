//! How the server answers whatever is asked: modes, statuses, limits, old routes.

use parity_scale_codec::Encode;
use prb_devnet::pruntime::{DoubleConfig, DoubleExit, proto};
use serde_json::{Value, json};

use super::client::{Peer, Reply, http_client};
use super::follow::{Follower, accept};
use super::small_chain::number_of;

fn url(peer: &Peer, path: &str) -> String {
    format!("{}{path}", peer.double.endpoint())
}

#[tokio::test(flavor = "multi_thread")]
async fn json_is_spoken_on_request() {
    let peer = Peer::fresh().await;
    let http = http_client();
    let echo = json!({ "echo_msg": [1, 2, 255] });
    let typed = http.post(url(&peer, "/prpc/PhactoryAPI.Echo")).json(&echo).send().await;
    assert_eq!(typed.expect("an answer").json::<Value>().await.expect("JSON"), echo);
    let asked = http.post(url(&peer, "/prpc/PhactoryAPI.Echo?json")).body(echo.to_string());
    assert_eq!(asked.send().await.expect("an answer").json::<Value>().await.expect("JSON"), echo);
    for path in ["/prpc/PhactoryAPI.GetInfo", "/info"] {
        let info: Value =
            http.get(url(&peer, path)).send().await.expect("an answer").json().await.expect("JSON");
        assert_eq!(info["initialized"], false);
        assert_eq!(info["can_load_chain_state"], true);
        assert_eq!(info["public_key"], Value::Null);
        assert_eq!(info["supported_attestation_methods"], json!(["none"]));
    }
    let refused = http.post(url(&peer, "/prpc/PhactoryAPI.TakeCheckpoint")).json(&json!({}));
    let refused = refused.send().await.expect("an answer");
    assert_eq!(refused.status(), 500);
    let text = refused.json::<Value>().await.expect("JSON")["error"].to_string();
    assert!(text.contains("Runtime not initialized"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_methods_and_paths_are_told_apart() {
    let peer = Peer::fresh().await;
    let unknown = peer.call("NoSuchMethod", &proto::Empty {}).await;
    assert_eq!(unknown, Reply::Refused { status: 404, text: "Method Not Found".into() });
    let page = reqwest::get(url(&peer, "/nowhere")).await.expect("an answer");
    assert_eq!(page.status(), 404);
    assert!(page.text().await.expect("text").contains("<html>"));
    let help = reqwest::get(url(&peer, "/help")).await.expect("an answer");
    assert!(help.text().await.expect("text").contains("message PhactoryInfo"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_the_limit_is_refused_in_plain_text() {
    let peer = Peer::fresh().await;
    let fits = proto::EchoMessage { echo_msg: vec![7; 1024 * 1024 - 4] };
    let echoed: proto::EchoMessage = accept(&peer, "Echo", &fits).await.ok();
    assert_eq!(echoed, fits);
    for (method, length) in [("GetInfo", 1025), ("SignEndpointInfo", 33_000), ("Echo", 1_100_000)] {
        let reply = peer.call_raw(method, vec![0; length]).await;
        let refused = Reply::Refused { status: 413, text: "Entity too large".into() };
        assert_eq!(reply, refused, "{method}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_are_added_shown_and_signed_again() {
    let mut follower = Follower::start(DoubleConfig::default()).await;
    let empty: proto::GetEndpointResponse =
        accept(&follower.peer, "GetEndpointInfo", &proto::Empty {}).await.ok();
    assert_eq!(empty, proto::GetEndpointResponse::default());
    follower.step(Vec::new()).await;
    let request = proto::AddEndpointRequest {
        encoded_endpoint_type: vec![1],
        endpoint: "http://worker".into(),
    };
    let added: proto::GetEndpointResponse =
        accept(&follower.peer, "AddEndpoint", &request).await.ok();
    let shown: proto::GetEndpointResponse =
        accept(&follower.peer, "GetEndpointInfo", &proto::Empty {}).await.ok();
    assert_eq!(shown, added);
    follower.step(Vec::new()).await;
    let refreshed: proto::GetEndpointResponse =
        accept(&follower.peer, "RefreshEndpointSigningTime", &proto::Empty {}).await.ok();
    assert_ne!(refreshed.encoded_endpoint_payload, added.encoded_endpoint_payload);
    let too_many =
        proto::SignEndpointsRequest { encoded_endpoints: vec!["x".repeat(3000)].encode() };
    let refused = follower.peer.call("SignEndpointInfo", &too_many).await;
    assert_eq!(refused.error(), "Endpoints too large");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_binary_calls_answer_in_json_with_a_signature() {
    let mut follower = Follower::start(DoubleConfig::default()).await;
    let step = follower.headers(Vec::new()).await;
    let http = http_client();
    let dispatch = url(&follower.peer, "/bin_api/dispatch_block");
    let post = |body: Vec<u8>| http.post(dispatch.clone()).body(body).send();
    let number = number_of(&step.block);
    let answer: Value =
        post(step.block.encoded_blocks).await.expect("an answer").json().await.expect("JSON");
    assert_eq!(answer["status"], "ok");
    let payload: Value =
        serde_json::from_str(answer["payload"].as_str().expect("text")).expect("JSON in text");
    assert_eq!(payload, json!({ "dispatched_to": number }));
    assert_eq!(answer["signature"].as_str().expect("hex").len(), 128);
    let answer: Value = post(vec![0xff]).await.expect("an answer").json().await.expect("JSON");
    assert_eq!(answer["status"], "error");
    let payload = answer["payload"].as_str().expect("text");
    assert!(payload.contains("Decode input parameter failed"), "{payload}");
    let info: Value = http
        .post(url(&follower.peer, "/get_info"))
        .json(&json!({ "input": {}, "nonce": {} }))
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    let payload: Value =
        serde_json::from_str(info["payload"].as_str().expect("text")).expect("JSON in text");
    assert_eq!(payload["blocknum"], number + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn kicking_works_only_where_it_is_switched_on() {
    let peer = Peer::fresh().await;
    let http = http_client();
    let refused = http.post(url(&peer, "/kick")).send().await.expect("an answer");
    assert_eq!(refused.status(), 404);
    let peer = Peer::start(DoubleConfig { kick_api: true, ..DoubleConfig::default() }).await;
    assert!(http.post(url(&peer, "/kick")).send().await.is_err());
    assert_eq!(peer.double.wait().await, DoubleExit::Aborted("kicked".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_hosts_many_workers() {
    let config = DoubleConfig { workers: 3, light: true, ..DoubleConfig::default() };
    let peer = Peer::start(config).await;
    let third = peer.double.worker(2).expect("three workers");
    assert!(third.endpoint().ends_with("/w/2"));
    assert!(peer.double.worker(3).is_none());
    let chain = super::small_chain::SmallChain::begin(super::follow::now_ms());
    let third = Peer { double: third, ..peer };
    accept(&third, "InitRuntime", &chain.init()).await;
    assert!(third.info().await.initialized);
    let first = third.double.worker(0).expect("three workers");
    assert!(!first.info().await.initialized, "each has a state of its own");
    first.shutdown().await;
    assert_eq!(third.double.wait().await, DoubleExit::Shutdown);
    assert_eq!(third.call("GetInfo", &proto::Empty {}).await, Reply::Broken);
}
