//! HTTP/1.1 to all workers through one connection pool.

use std::error::Error as _;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::future::{BoxFuture, FutureExt};
use prost::Message;
use reqwest::{Client, StatusCode};

use super::{Endpoint, Method, PruntimeError, Transport, proto};

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

/// The real [`Transport`].
#[derive(Clone, Debug)]
pub struct HttpTransport {
    client: Client,
    max_answer: usize,
}

impl HttpTransport {
    /// Connects to nothing yet. Fails if the system gives no resources for a client.
    pub fn new(config: &HttpConfig) -> Result<Self, reqwest::Error> {
        crate::tls::choose_cryptography();
        let client = Client::builder()
            .http1_only()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .tcp_nodelay(true)
            .connect_timeout(config.connect_timeout)
            // Never more than there are workers: each has one call at a time.
            .pool_max_idle_per_host(if config.keep_alive.is_zero() { 0 } else { usize::MAX })
            .pool_idle_timeout(config.keep_alive)
            .build()?;
        Ok(Self { client, max_answer: config.max_answer })
    }

    async fn post(
        &self,
        endpoint: &Endpoint,
        method: Method,
        body: Bytes,
    ) -> Result<Bytes, PruntimeError> {
        let unreachable = |error: reqwest::Error| PruntimeError::Unreachable {
            endpoint: endpoint.clone(),
            method,
            reason: causes(&error.without_url()),
        };
        let mut response = self
            .client
            .post(format!("{endpoint}/prpc/PhactoryAPI.{method}"))
            .header("content-type", "application/octet-stream")
            .body(body)
            .send()
            .await
            .map_err(unreachable)?;
        let status = response.status();
        let mut answer = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if answer.len() + chunk.len() > self.max_answer {
                return Err(PruntimeError::Malformed {
                    endpoint: endpoint.clone(),
                    method,
                    reason: format!("longer than {} bytes", self.max_answer),
                });
            }
            answer.extend_from_slice(&chunk);
        }
        // The connection goes back to the pool in a task of its own. The next call, which often
        // follows at once, would not find it there, and every worker would have two of them.
        tokio::task::yield_now().await;
        if status == StatusCode::OK {
            return Ok(answer.freeze());
        }
        Err(PruntimeError::Refused {
            endpoint: endpoint.clone(),
            method,
            status: status.as_u16(),
            text: refusal_text(&answer),
        })
    }
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

/// reqwest's own text says only that a request failed; why is in its sources.
fn causes(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
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
