//! A change that is asked for.

use axum::Json;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::json;

use super::guard::may_change;

/// The body of a request that may change something: one that the operator means.
pub(crate) struct Change(pub(crate) Bytes);

impl<S: Send + Sync> FromRequest<S> for Change {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        may_change(request.method(), request.headers())
            .map_err(|refusal| refused(refusal.status(), refusal.reason()))?;
        Bytes::from_request(request, state).await.map(Self).map_err(IntoResponse::into_response)
    }
}

/// Why it was not done, as our script reads it.
pub(crate) fn refused(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "hasError": true, "error": { "message": message } }))).into_response()
}
