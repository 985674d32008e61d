//! Typed requests to the nodes of one chain.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::stream::BoxStream;
use serde::de::DeserializeOwned;
use serde_json::Value;
use subxt::utils::H256;
use subxt_rpcs::RpcClient;

use self::connection::{Connection, Params};
use super::{ChainError, Endpoint};

mod blocks;
mod connection;
mod finality;
mod json;
mod node;
mod rpc;
mod state;
#[cfg(test)]
mod tests;

pub use blocks::Block;
pub use node::{Health, RuntimeVersion, TransactionStatus};
pub use state::Pair;

/// What a subscription gives; its last item is the error that ended it.
pub type Subscription<T> = BoxStream<'static, Result<T, ChainError>>;

/// How to reach the nodes of one chain.
#[derive(Clone, Debug)]
pub struct ChainClientConfig {
    /// Nodes of the same chain. The first that works is used until it fails.
    pub endpoints: Vec<Endpoint>,
    /// Genesis hash the nodes must have; `None` takes the first node's word.
    pub genesis_hash: Option<H256>,
    /// Longest wait for an answer, connecting included.
    pub request_timeout: Duration,
    /// Longest wait for answers that take a node long: finality proofs of a whole set period,
    /// storage changes (made by executing the block again).
    pub slow_request_timeout: Duration,
    /// Longest wait for a connection.
    pub connect_timeout: Duration,
    /// Most requests in flight at one node; further ones wait, within their deadline.
    pub max_in_flight: usize,
    /// Largest answer, in bytes of JSON.
    pub max_response_bytes: u32,
}

impl ChainClientConfig {
    /// The defaults for the given nodes.
    pub fn new(endpoints: impl IntoIterator<Item = Endpoint>) -> Self {
        Self {
            endpoints: endpoints.into_iter().collect(),
            genesis_hash: None,
            request_timeout: Duration::from_secs(30),
            slow_request_timeout: Duration::from_mins(3),
            connect_timeout: Duration::from_secs(10),
            max_in_flight: 64,
            max_response_bytes: 256 * 1024 * 1024,
        }
    }
}

/// A client of one chain; clones share its connections.
///
/// Nothing is connected before the first request, and a broken connection is made anew by the
/// next one, with back-off. A node whose genesis hash differs from the first one seen is refused.
#[derive(Clone)]
pub struct ChainClient {
    inner: Arc<Inner>,
}

struct Inner {
    connections: Vec<Connection>,
    current: AtomicUsize,
    genesis: OnceLock<H256>,
    request_timeout: Duration,
    slow_request_timeout: Duration,
}

impl ChainClient {
    /// A client that connects when first asked.
    pub fn new(mut config: ChainClientConfig) -> Self {
        let endpoints = std::mem::take(&mut config.endpoints).into_iter();
        let connections = endpoints.map(|endpoint| Connection::new(endpoint, &config)).collect();
        Self {
            inner: Arc::new(Inner {
                connections,
                current: AtomicUsize::new(0),
                genesis: config.genesis_hash.map(OnceLock::from).unwrap_or_default(),
                request_timeout: config.request_timeout,
                slow_request_timeout: config.slow_request_timeout,
            }),
        }
    }

    /// The node asked at the moment.
    pub fn endpoint(&self) -> Result<&Endpoint, ChainError> {
        self.connection().map(|(_, connection)| connection.endpoint())
    }

    /// The same connections for subxt.
    pub fn rpc(&self) -> RpcClient {
        RpcClient::new(self.clone())
    }

    /// Any request, with the deadline of ordinary ones. `params` is a JSON array.
    pub async fn request<T: DeserializeOwned>(
        &self,
        method: &str,
        params: Value,
    ) -> Result<T, ChainError> {
        self.request_within(method, params, self.inner.request_timeout).await
    }

    async fn request_slow<T: DeserializeOwned>(
        &self,
        method: &str,
        params: Value,
    ) -> Result<T, ChainError> {
        self.request_within(method, params, self.inner.slow_request_timeout).await
    }

    async fn request_within<T: DeserializeOwned>(
        &self,
        method: &str,
        params: Value,
        deadline: Duration,
    ) -> Result<T, ChainError> {
        self.request_params(method, Params::of(&params), deadline).await
    }

    async fn request_params<T: DeserializeOwned>(
        &self,
        method: &str,
        params: Params,
        deadline: Duration,
    ) -> Result<T, ChainError> {
        let (index, connection) = self.connection()?;
        let answer = connection.request(method, params, deadline, &self.inner.genesis).await;
        self.moved_on(index, answer)
    }

    async fn subscribe<T: DeserializeOwned + Send + 'static>(
        &self,
        subscribe: &str,
        params: Value,
        unsubscribe: &str,
    ) -> Result<Subscription<T>, ChainError> {
        self.subscribe_params(subscribe, Params::of(&params), unsubscribe).await
    }

    async fn subscribe_params<T: DeserializeOwned + Send + 'static>(
        &self,
        subscribe: &str,
        params: Params,
        unsubscribe: &str,
    ) -> Result<Subscription<T>, ChainError> {
        let (index, connection) = self.connection()?;
        let deadline = self.inner.request_timeout;
        let genesis = &self.inner.genesis;
        let answer = connection.subscribe(subscribe, params, unsubscribe, deadline, genesis).await;
        self.moved_on(index, answer)
    }

    /// Asks the next node from now on, if there is another.
    pub fn use_next_endpoint(&self) {
        let index = self.inner.current.load(Ordering::Relaxed);
        self.move_on_from(index);
    }

    fn connection(&self) -> Result<(usize, &Connection), ChainError> {
        let index = self.inner.current.load(Ordering::Relaxed);
        let connection = self.inner.connections.get(index).ok_or(ChainError::NoEndpoint)?;
        Ok((index, connection))
    }

    /// Lets the next request ask the next node when this one could not be talked to.
    fn moved_on<T>(&self, index: usize, answer: Result<T, ChainError>) -> Result<T, ChainError> {
        if matches!(
            answer,
            Err(ChainError::Unreachable { .. }
                | ChainError::Disconnected { .. }
                | ChainError::Deadline { .. }
                | ChainError::WrongChain { .. })
        ) {
            self.move_on_from(index);
        }
        answer
    }

    fn move_on_from(&self, index: usize) {
        let next = (index + 1) % self.inner.connections.len().max(1);
        let current = &self.inner.current;
        // Losing this race means that another request has moved on already.
        let _ = current.compare_exchange(index, next, Ordering::Relaxed, Ordering::Relaxed);
    }

    fn unknown_block(&self, block: impl fmt::Debug) -> ChainError {
        match self.endpoint() {
            Ok(endpoint) => {
                ChainError::UnknownBlock { endpoint: endpoint.clone(), block: format!("{block:?}") }
            }
            Err(error) => error,
        }
    }

    fn malformed(&self, method: &str, reason: impl fmt::Display) -> ChainError {
        match self.endpoint() {
            Ok(endpoint) => ChainError::Malformed {
                endpoint: endpoint.clone(),
                method: method.to_owned(),
                reason: reason.to_string(),
            },
            Err(error) => error,
        }
    }
}

impl fmt::Debug for ChainClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let endpoints = self.inner.connections.iter().map(Connection::endpoint);
        f.debug_list().entries(endpoints).finish()
    }
}
