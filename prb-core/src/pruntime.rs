//! A worker's RPC: pRuntime's API over HTTP, typed, one call at a time for each worker.

use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;

pub mod client;
pub mod endpoint;
pub mod error;
pub mod http;
mod method;

pub use client::{Deadlines, Pruntime};
pub use endpoint::{Endpoint, ParseEndpointError};
pub use error::{PruntimeError, StateRootMismatch};
pub use http::{HttpConfig, HttpTransport, TlsError};
pub use method::Method;

/// The messages of `proto/pruntime`, generated. Their documentation is in that file.
#[allow(missing_docs, clippy::all, clippy::pedantic, unreachable_pub)]
pub mod proto {
    include!(concat!(env!("OUT_DIR"), "/pruntime.rs"));
}

/// Carries a request to a worker and its answer back. [`HttpTransport`] is the real one.
pub trait Transport: Send + Sync + 'static {
    /// Posts `body`, an encoded request of `method`, and gives the encoded answer.
    ///
    /// Every answer that is not a success is an error that carries the worker's words.
    fn call<'a>(
        &'a self,
        endpoint: &'a Endpoint,
        method: Method,
        body: Bytes,
        deadline: Duration,
    ) -> BoxFuture<'a, Result<Bytes, PruntimeError>>;
}
