//! All that a service knows of itself, for whoever looks into a problem.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing::get};
use prb_core::telemetry::catalogue::ALL;
use prb_core::telemetry::{Registry, Samples};
use prb_walkie::node::Walkie;
use serde_json::{Map, Value, json};

use super::rest::{self, Rest};
use crate::{logging, peer};

/// A dump for those who have the token: it names endpoints and peers.
pub(super) fn pages(registry: Registry, rest: Rest) -> Router {
    Router::new().route("/state", get(dump)).with_state((registry, rest))
}

async fn dump(State((registry, rest)): State<(Registry, Rest)>, headers: HeaderMap) -> Response {
    if let Err(status) = rest.needs_token(&headers) {
        return rest::refused(&status);
    }
    Json(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "pid": std::process::id(),
        "log": logging::level(),
        "obstacles": super::obstacles(&registry),
        "network": rest.walkie().map(network),
        "figures": figures(&registry.measure()),
    }))
    .into_response()
}

fn network(walkie: &Walkie) -> Value {
    let view = walkie.subscribe().borrow().clone();
    let peers = view.peers.iter().map(|it| {
        json!({
            "id": it.id.to_string(),
            "role": peer::role(it.role),
            "standing": format!("{:?}", it.standing),
        })
    });
    let boot = view.boot_nodes.iter();
    let boot = boot.map(|it| json!({ "address": it.text, "state": format!("{:?}", it.state) }));
    json!({
        "peerId": walkie.peer_id().to_string(),
        "listeners": view.listeners.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "peers": peers.collect::<Vec<_>>(),
        "bootNodes": boot.collect::<Vec<_>>(),
    })
}

/// Every figure, with the labels of each value.
fn figures(samples: &Samples) -> Value {
    let mut figures = Map::new();
    for metric in ALL {
        let values = samples.values(metric.name).map(|(labels, value)| {
            let labels = metric.labels.iter().zip(labels);
            let labels: Map<_, _> =
                labels.map(|(name, value)| ((*name).to_owned(), value.clone().into())).collect();
            json!({ "labels": labels, "value": value })
        });
        let values: Vec<_> = values.collect();
        if !values.is_empty() {
            figures.insert(metric.name.to_owned(), values.into());
        }
    }
    figures.into()
}
