//! Operators are told of workers in trouble.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use axum::{Json, Router};
use prb_core::lifecycle::{Phase, SIGNATURE_HEADER, TIMESTAMP_HEADER, Webhook, WebhookSecret};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::bridge::{Bridge, PHA, double, network};

/// Receives what is posted.
async fn receiver() -> (String, mpsc::Receiver<Value>) {
    let (came, notices) = mpsc::channel(16);
    let take = async |State(came): State<mpsc::Sender<Value>>,
                      headers: HeaderMap,
                      Json(notice): Json<Value>| {
        assert!(headers.contains_key(SIGNATURE_HEADER) && headers.contains_key(TIMESTAMP_HEADER));
        came.send(notice).await.unwrap();
    };
    let app = Router::new().route("/", post(take)).with_state(came);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, notices)
}

#[tokio::test(flavor = "multi_thread")]
async fn offline_error_and_recovery_are_posted_and_what_is_left_alone_is_not() {
    let (url, mut notices) = receiver().await;
    let bridge = Bridge::start_with(network(), |settings| {
        settings.lifecycle.skip_attestation = true;
        settings.lifecycle.recovered_after = Duration::from_secs(1);
        let secret = WebhookSecret::new(b"a secret that two share").unwrap();
        settings.lifecycle.webhook = Some(Webhook::new(url.parse().unwrap(), secret));
    })
    .await;
    let mut next = async |kind: &str, worker: &str| {
        let notice = tokio::time::timeout(Duration::from_mins(2), notices.recv()).await;
        let notice = notice.unwrap().unwrap();
        assert_eq!((&notice["kind"], &notice["worker"]["name"]), (&kind.into(), &worker.into()));
        notice["message"].as_str().unwrap().to_owned()
    };
    bridge.pool(1, "//Alice", "").await;
    for worker in ["alone", "w"] {
        bridge.worker(worker, 1, double(), 5_000 * PHA).await;
        bridge.until(worker, Phase::Computing, "").await;
    }
    bridge.lifecycle.kick_workers(&["alone".to_owned()]).unwrap();
    bridge.until("alone", Phase::Kicked, "").await;
    bridge.double("alone").kill();
    bridge.double("w").kill();
    assert!(next("offline", "w").await.contains("cannot be reached"));
    let moved = bridge.start_double("w", double()).await;
    bridge.change_worker("w", |worker| worker.endpoint = moved).await;
    bridge.until("w", Phase::Computing, "").await;
    next("recovered", "w").await;
    bridge.worker("low", 1, double(), PHA).await;
    assert!(next("error", "low").await.contains("a stake of 1 PHA is below"));
    bridge.stop().await;
}
