//! Any method over gRPC, with messages as bytes.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use bytes::{Buf, BufMut, Bytes};
use http::uri::PathAndQuery;
use prb_walkie::access::token::Token;
use prb_walkie::rpc::Method;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status, Streaming};

/// How long connecting may take on one host.
const CONNECT: Duration = Duration::from_secs(5);

/// A service on this host.
pub(crate) struct GrpcClient {
    channel: Channel,
    authorization: MetadataValue<Ascii>,
    timeout: Duration,
    whom: String,
}

impl GrpcClient {
    /// Connects to `service` at `address`.
    pub(super) async fn connect(
        service: &str,
        address: SocketAddr,
        token: &Token,
        timeout: Duration,
    ) -> Result<Self> {
        let whom = format!("{service} at {address}");
        let endpoint = Endpoint::from_shared(format!("http://{address}"))?.connect_timeout(CONNECT);
        let connected = endpoint.connect().await;
        let channel = connected.with_context(|| format!("cannot reach {whom}; does it run?"))?;
        let mut authorization: MetadataValue<Ascii> = token.bearer().parse()?;
        authorization.set_sensitive(true);
        Ok(Self { channel, authorization, timeout, whom })
    }

    /// Who it is, for people.
    pub(super) fn whom(&self) -> &str {
        &self.whom
    }

    /// Calls a method with an encoded request; the answer is encoded too.
    pub(super) async fn call(&self, method: &Method, request: Bytes) -> Result<Bytes> {
        let mut request = self.request(request);
        request.set_timeout(self.timeout);
        let mut grpc = self.grpc().await?;
        let answer = grpc.unary(request, path(method)?, Raw).await;
        answer.map(tonic::Response::into_inner).map_err(|status| self.refused(method, &status))
    }

    /// Begins a stream of encoded answers.
    pub(super) async fn stream(&self, method: &Method, request: Bytes) -> Result<Streaming<Bytes>> {
        let mut grpc = self.grpc().await?;
        let answer = grpc.server_streaming(self.request(request), path(method)?, Raw).await;
        answer.map(tonic::Response::into_inner).map_err(|status| self.refused(method, &status))
    }

    /// What the service said instead of an answer.
    pub(super) fn refused(&self, method: &Method, status: &Status) -> anyhow::Error {
        let (code, message) = (status.code(), status.message());
        anyhow!("{} refused {}: {message} ({code:?})", self.whom, method.name())
    }

    async fn grpc(&self) -> Result<Grpc<Channel>> {
        let mut grpc = Grpc::new(self.channel.clone()).max_decoding_message_size(usize::MAX);
        grpc.ready().await.with_context(|| format!("cannot reach {}", self.whom))?;
        Ok(grpc)
    }

    fn request(&self, message: Bytes) -> Request<Bytes> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", self.authorization.clone());
        request
    }
}

fn path(method: &Method) -> Result<PathAndQuery> {
    Ok(method.path().parse()?)
}

/// Leaves messages as they are.
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(message);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
