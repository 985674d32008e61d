//! One request over HTTP/1.1, to what is nearby and speaks it without TLS.

use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Most bytes of an answer.
const LONGEST: usize = 64 << 20;

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

/// Asks `host:port`, on a connection of its own, and waits for the whole answer for so long.
pub(crate) async fn ask(
    authority: &str,
    mut request: Request<Full<Bytes>>,
    within: Duration,
) -> Result<Answer> {
    request.headers_mut().insert(header::HOST, authority.parse()?);
    let asking = async {
        let stream = TcpStream::connect(authority).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let answering = async {
            let answer = sender.send_request(request).await?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), LONGEST).collect().await;
            let body = body.map_err(|error| anyhow!("{error}"))?.to_bytes();
            anyhow::Ok(Answer { status, body })
        };
        tokio::pin!(connection, answering);
        // The answer may be complete before the connection ends, or the other way round.
        tokio::select! {
            answer = &mut answering => answer,
            ended = &mut connection => {
                ended?;
                answering.await
            }
        }
    };
    let answer = timeout(within, asking).await;
    answer
        .with_context(|| format!("{authority} did not answer within {within:?}"))?
        .with_context(|| format!("cannot ask {authority}"))
}
