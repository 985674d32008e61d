//! The service's methods over HTTP and JSON, with the document that describes them.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, Method as Verb, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use prb_walkie::access::token::Token;
use prb_walkie::node::Walkie;
use prb_walkie::rpc::{self, json, openapi};
use serde_json::{Value, json};
use tonic::{Code, Status};

/// Where the methods are.
pub(crate) const PREFIX: &str = "/api/v1";
/// How long a method may take; its caller is told when it did not end in time.
pub(super) const CALL: Duration = Duration::from_mins(1);
/// Most bytes of a request: some ten thousand workers.
const LONGEST: usize = 8 << 20;

/// A service whose methods can be called; clones are the same one.
#[derive(Clone)]
pub(crate) struct Rest {
    token: Token,
    /// Once it has joined its peers.
    walkie: Arc<OnceLock<Walkie>>,
}

impl Rest {
    /// One that callers with this token may change.
    pub(crate) fn new(token: Token) -> Self {
        Self { token, walkie: Arc::default() }
    }

    /// From now on it answers.
    pub(crate) fn serve(&self, walkie: &Walkie) {
        // It is told once; a second time would say the same.
        let _ = self.walkie.set(walkie.clone());
    }

    /// The node, once there is one.
    pub(super) fn walkie(&self) -> Option<&Walkie> {
        self.walkie.get()
    }

    /// An error if the caller has no token.
    pub(super) fn needs_token(&self, headers: &HeaderMap) -> Result<(), Status> {
        if self.is_granted(headers)? {
            return Ok(());
        }
        Err(Status::unauthenticated("This needs the service's token."))
    }

    /// Whether the caller has the token; an error for a wrong one.
    pub(super) fn is_granted(&self, headers: &HeaderMap) -> Result<bool, Status> {
        match headers.get(header::AUTHORIZATION) {
            None => Ok(false),
            Some(sent) if self.token.is_bearer(sent.as_bytes()) => Ok(true),
            Some(_) => Err(Status::unauthenticated("That is not this service's token.")),
        }
    }
}

/// The methods, and their document.
pub(super) fn pages(rest: Rest) -> Router {
    Router::new()
        .route("/api/openapi.json", get(async || Json(document())))
        .route(&format!("{PREFIX}/{{method}}"), get(call).post(call))
        .layer(DefaultBodyLimit::max(LONGEST))
        .with_state(rest)
}

/// What the methods are.
pub(crate) fn document() -> Value {
    openapi::document("prb", env!("CARGO_PKG_VERSION"), PREFIX)
}

async fn call(
    State(rest): State<Rest>,
    Path(name): Path<String>,
    verb: Verb,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match in_time(answer(&rest, &name, &verb, &headers, &body)).await {
        Ok(answer) => Json(answer).into_response(),
        Err(Refusal::Status(status)) => refused(&status),
        Err(Refusal::Http(code, why)) => {
            (code, Json(json!({ "error": { "code": "INVALID_ARGUMENT", "message": why } })))
                .into_response()
        }
    }
}

async fn in_time(answer: impl Future<Output = Result<Value, Refusal>>) -> Result<Value, Refusal> {
    let late = |_| Status::deadline_exceeded(format!("It did not end within {CALL:?}."));
    tokio::time::timeout(CALL, answer).await.map_err(late)?
}

/// Why a call is not answered.
enum Refusal {
    /// As over gRPC.
    Status(Status),
    /// As HTTP alone has it.
    Http(StatusCode, &'static str),
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

async fn answer(
    rest: &Rest,
    name: &str,
    verb: &Verb,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Value, Refusal> {
    let granted = rest.is_granted(headers)?;
    let method = rpc::method(name).filter(|method| !method.is_streaming());
    let method = method.ok_or_else(|| Status::not_found("There is no such method."))?;
    if verb != Verb::POST && !openapi::is_plain_read(method) {
        let why = "It takes a request, or changes something: POST it.";
        return Err(Refusal::Http(StatusCode::METHOD_NOT_ALLOWED, why));
    }
    let request = if body.is_empty() {
        json!({})
    } else if is_json(headers) {
        let read = serde_json::from_slice(body);
        read.map_err(|error| Status::invalid_argument(format!("not JSON: {error}")))?
    } else {
        // A page of somebody else can send anything but this without being asked for leave.
        let why = "Send it as application/json.";
        return Err(Refusal::Http(StatusCode::UNSUPPORTED_MEDIA_TYPE, why));
    };
    let walkie = rest.walkie().ok_or_else(|| Status::unavailable("It is starting."))?;
    let request = json::encode_request(method, &request);
    let request = request.map_err(|error| Status::invalid_argument(error.to_string()))?;
    let answer = walkie.answer(method, &request, granted).await?;
    let answer = json::decode_answer(method, &answer);
    Ok(answer.map_err(|error| Status::internal(error.to_string()))?)
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/json")
}

/// A status as HTTP has it.
pub(super) fn refused(status: &Status) -> Response {
    let (code, name) = match status.code() {
        Code::InvalidArgument => (StatusCode::BAD_REQUEST, "INVALID_ARGUMENT"),
        Code::FailedPrecondition => (StatusCode::BAD_REQUEST, "FAILED_PRECONDITION"),
        Code::OutOfRange => (StatusCode::BAD_REQUEST, "OUT_OF_RANGE"),
        Code::Unauthenticated => (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"),
        Code::PermissionDenied => (StatusCode::FORBIDDEN, "PERMISSION_DENIED"),
        Code::NotFound => (StatusCode::NOT_FOUND, "NOT_FOUND"),
        Code::Unimplemented => (StatusCode::NOT_FOUND, "UNIMPLEMENTED"),
        Code::AlreadyExists => (StatusCode::CONFLICT, "ALREADY_EXISTS"),
        Code::Aborted => (StatusCode::CONFLICT, "ABORTED"),
        Code::ResourceExhausted => (StatusCode::TOO_MANY_REQUESTS, "RESOURCE_EXHAUSTED"),
        Code::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE"),
        Code::DeadlineExceeded => (StatusCode::GATEWAY_TIMEOUT, "DEADLINE_EXCEEDED"),
        Code::Cancelled => (StatusCode::INTERNAL_SERVER_ERROR, "CANCELLED"),
        Code::DataLoss => (StatusCode::INTERNAL_SERVER_ERROR, "DATA_LOSS"),
        Code::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL"),
        Code::Ok | Code::Unknown => (StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN"),
    };
    (code, Json(json!({ "error": { "code": name, "message": status.message() } }))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_a_slow_method_is_told_that_it_takes_too_long() {
        let slow = |seconds| async move {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            Ok(json!({}))
        };
        assert!(in_time(slow(50)).await.is_ok(), "it takes longer than a look at figures");
        let Err(Refusal::Status(status)) = in_time(slow(70)).await else { panic!("in time") };
        assert_eq!(refused(&status).status(), StatusCode::GATEWAY_TIMEOUT);
    }
}
