//! HTTP/1.1 to all workers, over one connection each.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt};
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Request, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use prost::Message;
use tower_service::Service;

use self::connection::{ExchangeError, Stream, exchange};
use self::resting::Resting;
use super::{Endpoint, Method, PruntimeError, Transport, proto};
use crate::error::error_chain;

mod connection;
mod resting;

/// How connections to workers are kept.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HttpConfig {
    /// Most time for making a connection.
    pub connect_timeout: Duration,
    /// How long an unused connection is kept for the next call; none is kept if zero.
    pub keep_alive: Duration,
    /// Longest answer taken, bytes.
    pub max_answer: usize,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(8),
            // Longer than the 12 s between blocks, so that a worker at the tip keeps its one.
            keep_alive: Duration::from_secs(30),
            max_answer: 32 << 20,
        }
    }
}

/// The real [`Transport`]; clones share their connections.
#[derive(Clone)]
pub struct HttpTransport {
    connector: HttpsConnector<HttpConnector>,
    connect_timeout: Duration,
    resting: Arc<Resting>,
    max_answer: usize,
}

impl fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpTransport").finish_non_exhaustive()
    }
}

/// The system's certificates cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("TLS cannot be set up: {reason}")]
pub struct TlsError {
    reason: String,
}

impl HttpTransport {
    /// Connects to nothing yet. Fails if the system gives no resources for TLS.
    pub fn new(config: &HttpConfig) -> Result<Self, TlsError> {
        crate::tls::choose_cryptography();
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(config.connect_timeout));
        let connector = HttpsConnectorBuilder::new()
            .try_with_platform_verifier()
            .map_err(|error| TlsError { reason: error.to_string() })?
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        Ok(Self {
            connector,
            connect_timeout: config.connect_timeout,
            resting: Arc::new(Resting::new(config.keep_alive)),
            max_answer: config.max_answer,
        })
    }

    async fn post(
        &self,
        endpoint: &Endpoint,
        method: Method,
        body: Bytes,
    ) -> Result<Bytes, PruntimeError> {
        let unreachable =
            |reason| PruntimeError::Unreachable { endpoint: endpoint.clone(), method, reason };
        let address = format!("{endpoint}/prpc/PhactoryAPI.{method}");
        let address: Uri = address.parse().map_err(|error| unreachable(error_chain(&error)))?;
        let request = request(&address, body).map_err(|error| unreachable(error_chain(&error)))?;
        let stream = match self.resting.take(endpoint) {
            Some(stream) => stream,
            None => self.connect(address).await.map_err(unreachable)?,
        };
        let (answer, stream) =
            exchange(stream, request, self.max_answer).await.map_err(|error| match error {
                ExchangeError::Http(error) => unreachable(error_chain(&error)),
                error @ ExchangeError::TooLong { .. } => PruntimeError::Malformed {
                    endpoint: endpoint.clone(),
                    method,
                    reason: error.to_string(),
                },
            })?;
        if let Some(stream) = stream {
            self.resting.put(endpoint, stream);
        }
        if answer.status == StatusCode::OK {
            return Ok(answer.body.freeze());
        }
        Err(PruntimeError::Refused {
            endpoint: endpoint.clone(),
            method,
            status: answer.status.as_u16(),
            text: refusal_text(&answer.body),
        })
    }

    /// Connects, over TLS where the address says so; else why not.
    async fn connect(&self, address: Uri) -> Result<Stream, String> {
        let connecting = self.connector.clone().call(address);
        match tokio::time::timeout(self.connect_timeout, connecting).await {
            Ok(Ok(MaybeHttpsStream::Http(stream))) => Ok(Box::new(stream)),
            Ok(Ok(MaybeHttpsStream::Https(stream))) => Ok(Box::new(stream)),
            Ok(Err(error)) => Err(error_chain(&*error)),
            Err(_) => Err(format!("no connection within {:?}", self.connect_timeout)),
        }
    }
}

fn request(address: &Uri, body: Bytes) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
    Request::post(address.path())
        .header(HOST, address.authority().map_or("", |authority| authority.as_str()))
        .header(CONTENT_TYPE, "application/octet-stream")
        .body(Full::new(body))
}

impl Transport for HttpTransport {
    fn call<'a>(
        &'a self,
        endpoint: &'a Endpoint,
        method: Method,
        body: Bytes,
        deadline: Duration,
    ) -> BoxFuture<'a, Result<Bytes, PruntimeError>> {
        async move {
            tokio::time::timeout(deadline, self.post(endpoint, method, body)).await.unwrap_or_else(
                |_| {
                    Err(PruntimeError::Deadline {
                        endpoint: endpoint.clone(),
                        method,
                        after: deadline,
                    })
                },
            )
        }
        .boxed()
    }
}

/// Most refusals are a `PrpcError`; some (413, 503) are plain text, and a proxy's are HTML.
fn refusal_text(body: &[u8]) -> String {
    const LONGEST: usize = 2048;
    let text = match proto::PrpcError::decode(body) {
        Ok(error) if !error.message.is_empty() => error.message,
        _ => String::from_utf8_lossy(body).into_owned(),
    };
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests;
