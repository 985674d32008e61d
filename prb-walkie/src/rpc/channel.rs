//! The generated client's way to a peer.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::future;
use http::{HeaderMap, HeaderValue, header};
use http_body_util::{BodyExt, Full};
use libp2p::PeerId;
use tonic::Status;
use tonic::body::Body;
use tower_service::Service;

use super::frame;
use crate::node::Walkie;

/// Carries gRPC requests over a peer's stream, so that the client generated from `proto/prb`
/// calls peers. Made by [`Walkie::client`] and [`Walkie::channel`].
///
/// Metadata does not cross. A request's own timeout (`tonic::Request::set_timeout`) does, and
/// replaces the channel's.
#[derive(Debug, Clone)]
pub struct PeerChannel {
    walkie: Walkie,
    peer: PeerId,
    timeout: Duration,
}

impl PeerChannel {
    pub(crate) fn new(walkie: Walkie, peer: PeerId, timeout: Duration) -> Self {
        Self { walkie, peer, timeout }
    }

    /// The same with another time each call may take.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    async fn carry(self, request: http::Request<Body>) -> Result<Bytes, Status> {
        let timeout = grpc_timeout(request.headers()).unwrap_or(self.timeout);
        let name = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
        let body = request.into_body().collect().await?.to_bytes();
        let data = frame::unwrap(&body)
            .ok_or_else(|| Status::unimplemented("only single messages travel between peers"))?;
        let answer = self.walkie.carry(self.peer, &name, data, timeout).await?;
        Ok(frame::wrap(&answer))
    }
}

impl Service<http::Request<Body>> for PeerChannel {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let channel = self.clone();
        Box::pin(async move {
            Ok(match channel.carry(request).await {
                Ok(framed) => respond(framed),
                Err(status) => status.into_http(),
            })
        })
    }
}

fn respond(framed: Bytes) -> http::Response<Body> {
    let mut trailers = HeaderMap::new();
    trailers.insert(Status::GRPC_STATUS, HeaderValue::from_static("0"));
    let body = Full::new(framed).with_trailers(future::ready(Some(Ok(trailers))));
    let mut response = http::Response::new(Body::new(body));
    let grpc = HeaderValue::from_static("application/grpc");
    response.headers_mut().insert(header::CONTENT_TYPE, grpc);
    response
}

/// `grpc-timeout`: at most eight digits and a unit.
fn grpc_timeout(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (amount, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let amount: u64 = (amount.len() <= 8).then(|| amount.parse().ok())??;
    Some(match unit {
        "H" => Duration::from_secs(amount * 3600),
        "M" => Duration::from_secs(amount * 60),
        "S" => Duration::from_secs(amount),
        "m" => Duration::from_millis(amount),
        "u" => Duration::from_micros(amount),
        "n" => Duration::from_nanos(amount),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_as_grpc_writes_them() {
        let read = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("grpc-timeout", HeaderValue::from_static(text));
            grpc_timeout(&headers)
        };
        assert_eq!(read("5S"), Some(Duration::from_secs(5)));
        assert_eq!(read("250m"), Some(Duration::from_millis(250)));
        assert_eq!(read("99999999H"), Some(Duration::from_hours(99_999_999)));
        for bad in ["", "S", "5", "5s", "123456789S", "-1S"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
