//! What is served of a service over HTTP: its figures, that it lives, whether it is ready, what it
//! knows of itself, and its methods.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use prb_core::telemetry::{CONTENT_TYPE, Registry};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::Role;
use crate::args::Listen;
use crate::shutdown::Stack;
use crate::web::server::{self, Limits};
pub(crate) use rest::Rest;

mod level;
pub(crate) mod rest;
mod state;

/// A connection asks once, and has some time beside the longest answer's.
const LIMITS: Limits =
    Limits { connections: 16, keep_alive: false, life: rest::CALL.saturating_add(REQUEST) };
/// How long it may take to send a request and to read the answer.
const REQUEST: Duration = Duration::from_secs(30);

/// Listens where the arguments want it, or on the usual port of the service, until stopped.
pub(super) async fn start(
    listen: Option<Listen>,
    role: &Role,
    registry: Registry,
    rest: Rest,
    stack: &mut Stack,
) -> Result<()> {
    let usual = SocketAddr::from((Ipv4Addr::LOCALHOST, role.admin_port));
    let Listen::At(address) = listen.unwrap_or(Listen::At(usual)) else { return Ok(()) };
    let listener = TcpListener::bind(address).await;
    let listener = listener.with_context(|| format!("cannot serve metrics at {address}"))?;
    let address = listener.local_addr().context("cannot serve metrics")?;
    tracing::info!("serves metrics and health at http://{address}");
    serve(listener, pages(registry, rest), "metrics and health", stack);
    Ok(())
}

/// Serves pages until stopped.
pub(super) fn serve(listener: TcpListener, pages: Router, name: &'static str, stack: &mut Stack) {
    server::serve(listener, pages, LIMITS, name, stack);
}

fn pages(registry: Registry, rest: Rest) -> Router {
    let watched = Router::new()
        .route("/metrics", get(metrics))
        // Whoever answers lives: a service that ends takes its process with it.
        .route("/livez", get("ok\n"))
        .route("/readyz", get(ready))
        .with_state(registry.clone());
    watched
        .merge(state::pages(registry, rest.clone()))
        .merge(level::pages(rest.clone()))
        .merge(rest::pages(rest))
}

async fn metrics(State(registry): State<Registry>) -> Response {
    match registry.to_text() {
        Ok(text) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// What keeps the service from its work, or that nothing does.
async fn ready(State(registry): State<Registry>) -> Response {
    let obstacles = obstacles(&registry);
    let ready = obstacles.is_empty();
    let code = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, Json(json!({ "ready": ready, "obstacles": obstacles }))).into_response()
}

fn obstacles(registry: &Registry) -> Vec<Value> {
    registry
        .obstacles()
        .into_iter()
        .map(|obstacle| {
            let seconds = obstacle.since.and_then(|since| since.elapsed().ok());
            json!({
                "part": obstacle.part,
                "reason": obstacle.reason,
                "seconds": seconds.map(|age| age.as_secs()),
            })
        })
        .collect()
}
