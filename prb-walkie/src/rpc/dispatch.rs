//! From a peer's stream to the service and back.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method as Verb, header};
use http_body_util::{BodyExt, Full};
use prost::Message;
use tonic::body::Body;
use tonic::{Code, Status};
use tower_service::Service as _;

use super::method::{self, Method};
use super::service::Service;
use super::{explicit, frame, status, wrapper};
use crate::access::Caller;
use crate::proto::WalkieRpcRequestWrapper;

/// Answers one request wrapper with one response wrapper, within `deadline` or sooner if the
/// caller waits less. Whatever the request is, there is an answer.
pub(crate) async fn dispatch(
    service: Service,
    caller: Caller,
    request: Bytes,
    deadline: Duration,
) -> Bytes {
    let request = match WalkieRpcRequestWrapper::decode(request) {
        Ok(request) => request,
        Err(error) => {
            let error = Status::invalid_argument(format!("not a request: {error}"));
            service.requests().count(None, error.code());
            return wrapper::answer(String::new(), Err(status::to_peer(&error)));
        }
    };
    let deadline = match request.timeout_ms {
        0 => deadline,
        waits => deadline.min(Duration::from_millis(waits)),
    };
    let WalkieRpcRequestWrapper { nonce, data, method, .. } = request;
    let answered = tokio::time::timeout(deadline, call(service, caller, &method, &data))
        .await
        .unwrap_or_else(|_| Err(Status::deadline_exceeded("The handler took too long.")));
    match answered {
        Ok(data) => wrapper::answer(nonce, Ok(data)),
        Err(error) => {
            tracing::debug!(method, code = ?error.code(), error = error.message(), "call failed");
            wrapper::answer(nonce, Err(status::to_peer(&error)))
        }
    }
}

/// The answer to one request.
pub(crate) async fn call(
    mut service: Service,
    caller: Caller,
    name: &str,
    data: &[u8],
) -> Result<Bytes, Status> {
    let Some(method) = method::method(name) else {
        service.requests().count(None, Code::Unimplemented);
        return Err(Status::unimplemented(""));
    };
    if method.is_streaming() {
        service.requests().count(Some(method), Code::NotFound);
        return Err(Status::not_found(format!("{name} is a stream: call it over gRPC.")));
    }
    let mut request = http::Request::new(Body::new(Full::new(frame::wrap(data))));
    *request.method_mut() = Verb::POST;
    *request.uri_mut() = method.uri().clone();
    *request.version_mut() = http::Version::HTTP_2;
    let headers = request.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(header::TE, HeaderValue::from_static("trailers"));
    request.extensions_mut().insert(caller);

    let Ok(response) = service.call(request).await;
    answer(method, response).await
}

/// The message in a gRPC response. A status comes after the body, or in the headers of one that
/// has no body.
async fn answer(method: &Method, response: http::Response<Body>) -> Result<Bytes, Status> {
    let (head, body) = response.into_parts();
    let mut reported = Status::from_header_map(&head.headers);
    let collected = body.collect().await?;
    if reported.is_none() {
        reported = collected.trailers().and_then(Status::from_header_map);
    }
    if let Some(status) = reported.filter(|status| status.code() != Code::Ok) {
        return Err(status);
    }
    let message = frame::unwrap(&collected.to_bytes())
        .ok_or_else(|| Status::internal("the handler answered no message"))?;
    Ok(if method.carries_bytes() {
        message
    } else {
        explicit::with_zeros(method.output(), message)
    })
}

/// Answers a request that finds too many others under way.
pub(crate) fn turn_away(service: &Service, request: Bytes) -> Bytes {
    let method = WalkieRpcRequestWrapper::decode(request.clone()).unwrap_or_default().method;
    service.requests().count(method::method(&method), Code::ResourceExhausted);
    refuse(request, "Too many calls are under way.")
}

/// Answers a request whose answer cannot be sent, or that will not be handled.
pub(crate) fn refuse(request: Bytes, reason: &str) -> Bytes {
    let nonce = WalkieRpcRequestWrapper::decode(request).unwrap_or_default().nonce;
    wrapper::answer(nonce, Err(status::to_peer(&Status::resource_exhausted(reason))))
}
