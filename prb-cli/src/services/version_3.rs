//! The routes of version 3's worker manager, so that its monitor and its scripts find what they
//! know. It asks nobody who they are, since they do not say: it is off unless it is turned on.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Error, Result};
use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use prb_core::lifecycle::LifecycleHandle;
use prb_core::queue::JobQueue;
use prb_walkie::proto::lifecycle::{UpdateWorker, update_worker};
use prb_walkie::proto::{PoolOrWorkerQueryIdentity, db, pool_or_worker_query_identity::Identity};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::admin;
use crate::exit;
use crate::shutdown::Stack;

mod config;
mod transactions;
mod workers;

/// Most bytes of a request.
const LONGEST: usize = 1 << 20;

/// What the routes are about; clones are the same.
#[derive(Clone)]
struct Shim {
    lifecycle: LifecycleHandle,
    queue: Arc<dyn JobQueue>,
    unsigned: Arc<config::Unsigned>,
}

/// What went wrong, as version 3 says it.
struct Refused(StatusCode, &'static str, Error);

impl<E: Into<Error>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR, "ServerError", error.into())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Self(status, code, error) = self;
        let body = json!({ "error": true, "code": code, "message": exit::one_line(&error) });
        (status, Json(body)).into_response()
    }
}

/// Serves the routes at `address` until stopped.
pub(super) async fn start(
    address: SocketAddr,
    lifecycle: LifecycleHandle,
    queue: Arc<dyn JobQueue>,
    stack: &mut Stack,
) -> Result<()> {
    let listener = TcpListener::bind(address).await;
    let listener = listener.with_context(|| format!("cannot serve version 3 at {address}"))?;
    let address = listener.local_addr().context("cannot serve version 3")?;
    if address.ip().is_loopback() {
        tracing::info!("serves the routes of version 3 at http://{address}");
    } else {
        tracing::warn!(
            "serves the routes of version 3 at http://{address}: everybody who reaches them may \
             change pools and workers"
        );
    }
    let shim = Shim { lifecycle, queue, unsigned: Arc::default() };
    admin::serve(listener, routes(shim), "the routes of version 3", stack);
    Ok(())
}

fn routes(shim: Shim) -> Router {
    let teapot = || async { StatusCode::IM_A_TEAPOT };
    let status = || async { Json(json!({ "git_revision": env!("CARGO_PKG_VERSION") })) };
    let restart = || async { (StatusCode::METHOD_NOT_ALLOWED, Json(json!({ "ok": true }))) };
    Router::new()
        .route("/", get(teapot))
        .route("/wm/status", get(status))
        .route("/wm/restart", put(restart))
        .route("/wm/config", post(configure))
        .route("/workers/status", get(worker_status))
        .route("/workers/restart", put(restart_workers))
        .route("/workers/force_register", put(register_workers))
        .route("/workers/take_checkpoint", put(checkpoint_workers))
        .route("/workers/update_endpoints", put(update_endpoints))
        .route("/tx/status", get(transaction_status))
        .fallback(teapot)
        .layer(DefaultBodyLimit::max(LONGEST))
        .with_state(shim)
}

async fn configure(
    State(shim): State<Shim>,
    command: Result<Json<config::Command>, JsonRejection>,
) -> Result<Response, Refused> {
    let Json(command) = command.map_err(|error| bad_request(error.into()))?;
    let answer = config::carry_out(command, &shim.lifecycle, &shim.unsigned).await?;
    // It writes them to be read.
    let text = format!("{answer:#}");
    Ok(([(axum::http::header::CONTENT_TYPE, "application/json")], text).into_response())
}

async fn worker_status(State(shim): State<Shim>) -> Result<Json<Value>, Refused> {
    let states = shim.lifecycle.worker_states(&[])?.worker_states;
    Ok(Json(json!({ "workers": states.iter().map(workers::state).collect::<Vec<_>>() })))
}

#[derive(Deserialize)]
struct Ids {
    ids: Vec<String>,
}

type Asked = Result<Json<Ids>, JsonRejection>;

async fn restart_workers(State(shim): State<Shim>, ids: Asked) -> Result<Json<Value>, Refused> {
    let ids = named(ids)?;
    if !ids.is_empty() {
        let restarted = shim.lifecycle.restart_workers(&ids).await;
        restarted.map_err(|error| bad_request(error.into()))?;
    }
    Ok(done())
}

async fn register_workers(State(shim): State<Shim>, ids: Asked) -> Result<Json<Value>, Refused> {
    let ids = named(ids)?;
    if !ids.is_empty() {
        let restarted = shim.lifecycle.refresh_ra_and_restart_workers(&ids).await;
        restarted.map_err(|error| bad_request(error.into()))?;
    }
    Ok(done())
}

async fn checkpoint_workers(State(shim): State<Shim>, ids: Asked) -> Result<Json<Value>, Refused> {
    let ids = named(ids)?;
    if !ids.is_empty() {
        let asked = shim.lifecycle.checkpoint_workers(&ids);
        asked.map_err(|error| bad_request(error.into()))?;
    }
    Ok(done())
}

/// Whom a request is about. No ids name no workers here, and all of them elsewhere.
fn named(ids: Asked) -> Result<Vec<String>, Refused> {
    let Json(Ids { ids }) = ids.map_err(|error| bad_request(error.into()))?;
    Ok(ids)
}

fn done() -> Json<Value> {
    Json(json!({ "ok": true }))
}

#[derive(Deserialize)]
struct Endpoints {
    requests: Vec<NewEndpoints>,
}

#[derive(Deserialize)]
struct NewEndpoints {
    id: String,
    endpoints: Vec<String>,
}

/// All or none.
async fn update_endpoints(
    State(shim): State<Shim>,
    wanted: Result<Json<Endpoints>, JsonRejection>,
) -> Result<Json<Value>, Refused> {
    let Json(Endpoints { requests }) = wanted.map_err(|error| bad_request(error.into()))?;
    let all = shim.lifecycle.list_workers().workers;
    let item = |wanted: NewEndpoints| {
        let worker = all.iter().find(|worker| worker.uuid == wanted.id);
        let worker = worker.with_context(|| format!("there is no worker {}", wanted.id))?;
        let id = PoolOrWorkerQueryIdentity { identity: Some(Identity::Uuid(wanted.id)) };
        let worker = db::Worker { public_endpoints: wanted.endpoints, ..worker.clone() };
        Ok(update_worker::Item { id: Some(id), worker: Some(worker) })
    };
    let items: Result<Vec<_>, Error> = requests.into_iter().map(item).collect();
    let items = items.map_err(bad_request)?;
    let updated = shim.lifecycle.update_workers(UpdateWorker { items }).await;
    updated.map_err(|error| bad_request(error.into()))?;
    Ok(done())
}

async fn transaction_status(State(shim): State<Shim>) -> Result<Json<Value>, Refused> {
    Ok(Json(transactions::status(&*shim.queue).await?))
}

fn bad_request(error: Error) -> Refused {
    Refused(StatusCode::BAD_REQUEST, "BadRequest", error)
}
