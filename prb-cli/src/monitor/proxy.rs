//! The JSON proxy: every method of every peer, over HTTP, as version 2's monitor served it.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method as HttpMethod, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Json, Router};
use bytes::Bytes;
use prb_walkie::PeerId;
use prb_walkie::access::Class;
use prb_walkie::discovery::table::{Peer, Standing};
use prb_walkie::node::{JsonCallError, Walkie};
use prb_walkie::proto::WalkieRoles;
use prb_walkie::proto::error::ResponseErrorType;
use prb_walkie::rpc::{self, json};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::web::guard;

/// How long a peer may take to answer.
pub(super) const CALL: Duration = Duration::from_secs(30);
/// Calls under way at once; further ones wait.
const CALLS: usize = 32;

#[derive(Clone)]
struct Proxy {
    walkie: Walkie,
    calls: Arc<Semaphore>,
}

pub(super) fn pages(walkie: Walkie) -> Router {
    Router::new()
        .route("/ptp/discover", any(discover))
        .route("/ptp/proxy/{peer}/{method}", any(call))
        .with_state(Proxy { walkie, calls: Arc::new(Semaphore::new(CALLS)) })
}

/// Peers that answer, by role.
async fn discover(State(proxy): State<Proxy>) -> Json<Value> {
    let peers = proxy.walkie.peers();
    let of = |roles: &[WalkieRoles]| -> Vec<Value> {
        let live = peers.iter().filter(|peer| peer.standing == Standing::Live);
        live.filter(|peer| roles.contains(&peer.role)).map(described).collect()
    };
    Json(json!({
        "dataProviders": of(&[WalkieRoles::WrDataProviderInt, WalkieRoles::WrDataProviderExt]),
        "lifecycleManagers": of(&[WalkieRoles::WrLifecycleManager]),
    }))
}

fn described(peer: &Peer) -> Value {
    json!({
        "peerId": peer.id.to_base58(),
        "hostname": peer.hostname,
        "role": peer.role as i32,
        "chainIdentity": peer.chain_identity,
        "bridgeIdentity": peer.bridge_identity,
        "remoteAddr": peer.addresses.first().map(ToString::to_string).unwrap_or_default(),
    })
}

/// What may be asked for by any HTTP method, and what changes something by POST of JSON alone,
/// from no foreign page.
async fn call(
    State(proxy): State<Proxy>,
    Path((peer, name)): Path<(String, String)>,
    method: HttpMethod,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if Class::of(&name) == Class::Write
        && let Err(refusal) = guard::may_change(&method, &headers)
    {
        return failed(refusal.status(), ResponseErrorType::Unauthorized, refusal.reason());
    }
    let known = |id: &PeerId| proxy.walkie.peers().iter().any(|peer| peer.id == *id);
    let Some(peer) = peer.parse().ok().filter(known) else {
        return (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({}))).into_response();
    };
    let request = match read(&body) {
        Ok(request) => request,
        Err(reason) => return failed(StatusCode::BAD_REQUEST, ResponseErrorType::Server, &reason),
    };
    let Some(method) = rpc::method(&name).filter(|method| !method.is_streaming()) else {
        return Json(json::proxy_silence()).into_response();
    };
    // The semaphore is never closed.
    let _permit = proxy.calls.acquire().await;
    match proxy.walkie.call_json(peer, method, &request, CALL).await {
        Ok(answer) => Json(answer).into_response(),
        Err(JsonCallError::Json(error @ json::JsonError::Request { .. })) => {
            failed(StatusCode::BAD_REQUEST, ResponseErrorType::Server, &error.to_string())
        }
        Err(error) => {
            tracing::warn!(%peer, method = name, %error, "no answer to pass on");
            Json(json::proxy_silence()).into_response()
        }
    }
}

/// Who only asks may send no body.
fn read(body: &[u8]) -> Result<Value, String> {
    match body.trim_ascii() {
        [] => Ok(json!({})),
        // The text is not repeated: it may hold a secret.
        body => serde_json::from_slice(body).map_err(|error| format!("not JSON: {error}")),
    }
}

/// What went wrong before a peer was asked.
fn failed(status: StatusCode, kind: ResponseErrorType, message: &str) -> Response {
    let error = json!({ "type": kind as i32, "message": message });
    (status, Json(json!({ "hasError": true, "error": error, "meta": null }))).into_response()
}
