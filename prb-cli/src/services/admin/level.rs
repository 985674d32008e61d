//! What is logged, read and changed while the service runs.

use axum::extract::{DefaultBodyLimit, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use tonic::Status;

use super::rest::{self, Rest};
use crate::logging;

/// Directives are short.
const LONGEST: usize = 4 << 10;

/// Reading and changing take the token: detailed logs fill disks.
pub(super) fn pages(rest: Rest) -> Router {
    Router::new()
        .route("/log", get(read).put(change))
        .layer(DefaultBodyLimit::max(LONGEST))
        .with_state(rest)
}

async fn read(State(rest): State<Rest>, headers: HeaderMap) -> Response {
    match rest.needs_token(&headers) {
        Ok(()) => now(),
        Err(status) => rest::refused(&status),
    }
}

/// The body is a level or filter directives, as --log takes them.
async fn change(State(rest): State<Rest>, headers: HeaderMap, body: String) -> Response {
    if let Err(status) = rest.needs_token(&headers) {
        return rest::refused(&status);
    }
    match logging::change(body.trim()) {
        Ok(()) => now(),
        Err(reason) => rest::refused(&Status::invalid_argument(reason)),
    }
}

fn now() -> Response {
    Json(json!({ "level": logging::level() })).into_response()
}
