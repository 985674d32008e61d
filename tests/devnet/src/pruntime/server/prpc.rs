//! The pRPC mode: protobuf, or JSON on request.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::extract::Request;
use axum::http::{HeaderValue, Method as HttpMethod, StatusCode, header};
use axum::response::{IntoResponse, Response};
use prost::Message;

use super::body::{self, BodyError};
use super::{Service, json, octets};
use crate::pruntime::call::{Answer, Method, Refusal};
use crate::pruntime::config::Mode;
use crate::pruntime::instance::{Fault, Instance};
use crate::pruntime::proto::PrpcError;

const SERVICE_PREFIX: &str = "PhactoryAPI.";

/// Answers `/prpc/{path}`.
pub(super) async fn answer(
    service: &Service,
    instance: &Arc<Instance>,
    path: &str,
    request: Request,
) -> Response {
    static NEXT_REQUEST: AtomicU64 = AtomicU64::new(1);
    let started = Instant::now();
    let mut response = answer_inner(service, instance, path, request).await;
    if service.mode == Mode::V2 {
        let headers = response.headers_mut();
        // Odd numbers are requests from outside.
        let id = NEXT_REQUEST.fetch_add(2, Ordering::Relaxed);
        headers.insert("x-request-id", HeaderValue::from(id));
        let cost = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        headers.insert("x-cost-time", HeaderValue::from(cost));
    }
    response
}

async fn answer_inner(
    service: &Service,
    instance: &Arc<Instance>,
    path: &str,
    request: Request,
) -> Response {
    let wants_json = service.mode == Mode::V2 && is_json(&request);
    let method =
        path.strip_prefix(SERVICE_PREFIX).and_then(|name| Method::parse(name, service.mode));
    let Some(method) = method else {
        return refuse(service, Refusal::NotFound, wants_json).await;
    };
    let bytes = if request.method() == HttpMethod::GET {
        Vec::new()
    } else {
        let limit = method.body_limit(service.mode);
        match body::read(request.into_body(), limit).await {
            Ok(bytes) => bytes,
            // The old generation reads what fits and goes on.
            Err(BodyError::TooLarge(bytes)) if service.mode == Mode::V0_2 => bytes,
            Err(BodyError::TooLarge(_)) => {
                return (StatusCode::PAYLOAD_TOO_LARGE, "Entity too large").into_response();
            }
            Err(BodyError::Broken) => {
                let status = match service.mode {
                    Mode::V2 => StatusCode::SERVICE_UNAVAILABLE,
                    Mode::V0_2 => StatusCode::BAD_REQUEST,
                };
                return (status, "Read body failed").into_response();
            }
        }
    };
    let request =
        if wants_json { method.decode_json(&bytes) } else { method.decode_protobuf(&bytes) };
    match instance.fault(method) {
        Some(Fault::Silence) => std::future::pending().await,
        Some(Fault::Refusal(text)) => {
            return refuse(service, Refusal::Application(text), wants_json).await;
        }
        Some(Fault::End) => return service.exit.abort(format!("ended by {method:?}")).await,
        Some(Fault::Raw(status, body)) => {
            let status = StatusCode::from_u16(status).unwrap_or_default();
            return (status, body).into_response();
        }
        None => {}
    }
    let result = match request {
        Ok(request) => instance.call(request).await,
        Err(refusal) => Err(refusal),
    };
    match result {
        Ok(answer) if wants_json => json_response(&answer),
        Ok(answer) => octets(StatusCode::OK, answer.encode_protobuf()),
        Err(refusal) => refuse(service, refusal, wants_json).await,
    }
}

/// A GET is JSON, and so is what says that it is.
fn is_json(request: &Request) -> bool {
    let typed = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/json"));
    let asked = request
        .uri()
        .query()
        .is_some_and(|query| query.split('&').any(|part| part.split('=').next() == Some("json")));
    typed || asked || request.method() == HttpMethod::GET
}

pub(super) fn json_response(answer: &Answer) -> Response {
    match answer.encode_json() {
        Ok(body) => json(StatusCode::OK, body),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// The answer to a refused request. There is none to one that ends the process.
pub(super) async fn refuse(service: &Service, refusal: Refusal, wants_json: bool) -> Response {
    let status = match &refusal {
        Refusal::Application(_) => StatusCode::INTERNAL_SERVER_ERROR,
        Refusal::Decode(_) => StatusCode::BAD_REQUEST,
        Refusal::NotFound => StatusCode::NOT_FOUND,
        Refusal::Abort(reason) => return service.exit.abort(reason.clone()).await,
    };
    let error = PrpcError { message: refusal.to_string() };
    if wants_json {
        let body = serde_json::json!({ "error": format!("{error:?}") });
        return json(status, body.to_string().into_bytes());
    }
    octets(status, error.encode_to_vec())
}
