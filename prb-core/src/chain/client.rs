//! Typed requests to the nodes of one chain.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::stream::BoxStream;
use serde::de::DeserializeOwned;
use serde_json::Value;
use subxt::utils::H256;
use subxt_rpcs::RpcClient;

use self::connection::{Params, Turn};
use self::nodes::{Node, Nodes};
use super::health::{EndpointPolicy, Need};
use super::{ChainError, Endpoint};

mod blocks;
mod connection;
mod finality;
mod json;
mod node;
mod nodes;
mod rpc;
mod state;
#[cfg(test)]
mod tests;
mod watching;

pub use blocks::Block;
pub use node::{Health, RuntimeVersion, TransactionStatus};
pub use state::Pair;

/// What a subscription gives; its last item is the error that ended it.
pub type Subscription<T> = BoxStream<'static, Result<T, ChainError>>;

/// How to reach the nodes of one chain.
#[derive(Clone, Debug)]
pub struct ChainClientConfig {
    /// Nodes of the same chain, in order of preference.
    pub endpoints: Vec<Endpoint>,
    /// Which of those that serve equally well is asked.
    pub policy: EndpointPolicy,
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
            policy: EndpointPolicy::FailOver,
            genesis_hash: None,
            request_timeout: Duration::from_secs(30),
            slow_request_timeout: Duration::from_mins(3),
            connect_timeout: Duration::from_secs(10),
            max_in_flight: 256,
            max_response_bytes: 256 * 1024 * 1024,
        }
    }
}

/// A client of one chain; clones share its connections.
///
/// Nothing is connected before the first request, and a broken connection is made anew by the
/// next one, with back-off. A node whose genesis hash differs from the first one seen is refused.
/// A request that one node cannot answer is put to another, unless the client is
/// [pinned](Self::pinned) to one; what must not happen twice, like submitting, is asked once.
#[derive(Clone)]
pub struct ChainClient {
    inner: Arc<Inner>,
    pin: Option<usize>,
}

struct Inner {
    nodes: Nodes,
    genesis: OnceLock<H256>,
    request_timeout: Duration,
    slow_request_timeout: Duration,
}

impl ChainClient {
    /// A client that connects when first asked.
    pub fn new(mut config: ChainClientConfig) -> Self {
        let inner = Inner {
            nodes: Nodes::new(&mut config),
            genesis: config.genesis_hash.map(OnceLock::from).unwrap_or_default(),
            request_timeout: config.request_timeout,
            slow_request_timeout: config.slow_request_timeout,
        };
        Self { inner: Arc::new(inner), pin: None }
    }

    /// The same client, asking one node only: the one asked first for such needs at the moment.
    /// So the answers of a round are one node's view of the chain.
    #[must_use]
    pub fn pinned(&self, need: Need) -> Self {
        let pin = self.pin.or_else(|| self.inner.nodes.choose(need, &[]));
        Self { inner: self.inner.clone(), pin }
    }

    /// The node asked at the moment.
    pub fn endpoint(&self) -> Result<&Endpoint, ChainError> {
        let index = self.first(Need::Anything)?;
        self.node(index).map(|node| node.connection.endpoint())
    }

    /// Whether no other node would be asked before the one asked at the moment.
    pub fn is_preferred(&self, need: Need) -> bool {
        self.pin.is_none_or(|index| self.inner.nodes.is_preferred(need, index))
    }

    /// Asks others before the node asked at the moment: it gave something wrong.
    pub fn distrust(&self) {
        let node = self.first(Need::Anything).and_then(|index| self.node(index));
        if let Ok(node) = node {
            node.distrust();
        }
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
        let deadline = self.inner.request_timeout;
        self.put(Need::Anything, method, &params, deadline).await.map(|(_, answer)| answer)
    }

    /// A request for something in a block's state.
    async fn request_state<T: DeserializeOwned>(
        &self,
        method: &str,
        params: Value,
    ) -> Result<T, ChainError> {
        let deadline = self.inner.request_timeout;
        self.put(Need::State, method, &params, deadline).await.map(|(_, answer)| answer)
    }

    /// A request whose answer takes a node long.
    async fn request_slow<T: DeserializeOwned>(
        &self,
        need: Need,
        method: &str,
        params: Value,
    ) -> Result<T, ChainError> {
        let deadline = self.inner.slow_request_timeout;
        self.put(need, method, &params, deadline).await.map(|(_, answer)| answer)
    }

    /// Puts a request to one node after the other until one answers; also says which.
    async fn put<T: DeserializeOwned>(
        &self,
        need: Need,
        method: &str,
        params: &Value,
        deadline: Duration,
    ) -> Result<(&Node, T), ChainError> {
        self.put_params(need, method, Params::of(params), deadline).await
    }

    async fn put_params<T: DeserializeOwned>(
        &self,
        need: Need,
        method: &str,
        params: Params,
        deadline: Duration,
    ) -> Result<(&Node, T), ChainError> {
        let genesis = &self.inner.genesis;
        let mut asked = Vec::new();
        let mut index = self.first(need)?;
        loop {
            let node = self.node(index)?;
            let turn = Turn::Queued;
            let answer = node.ask(need, method, params.clone(), deadline, genesis, turn).await;
            match answer {
                Ok(answer) => return Ok((node, answer)),
                Err(error) => index = self.another(need, method, &mut asked, index, error)?,
            }
        }
    }

    /// Puts the same request about several blocks to one node by one message; also says which.
    /// `None` for a single one, and where the node does not take that: then they are to be put one
    /// by one.
    async fn put_together<T: DeserializeOwned>(
        &self,
        need: Need,
        method: &str,
        blocks: &[H256],
        deadline: Duration,
    ) -> Result<Option<(&Node, Vec<T>)>, ChainError> {
        if blocks.len() < 2 {
            return Ok(None);
        }
        let node = self.node(self.first(need)?)?;
        let params = blocks.iter().map(|block| Params::block(*block)).collect();
        let genesis = &self.inner.genesis;
        let answers = node.ask_together(need, method, params, deadline, genesis).await;
        Ok(answers.map(|answers| (node, answers)))
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
        let (deadline, genesis) = (self.inner.request_timeout, &self.inner.genesis);
        let need = Need::Anything;
        let mut asked = Vec::new();
        let mut index = self.first(need)?;
        loop {
            let node = self.node(index)?;
            let connection = &node.connection;
            let params = params.clone();
            match connection.subscribe(subscribe, params, unsubscribe, deadline, genesis).await {
                Ok(subscription) => return Ok(subscription),
                Err(error) => {
                    node.failed(need, &error);
                    index = self.another(need, subscribe, &mut asked, index, error)?;
                }
            }
        }
    }

    fn first(&self, need: Need) -> Result<usize, ChainError> {
        let chosen = self.pin.or_else(|| self.inner.nodes.choose(need, &[]));
        chosen.ok_or(ChainError::NoEndpoint)
    }

    fn node(&self, index: usize) -> Result<&Node, ChainError> {
        self.inner.nodes.get(index).ok_or(ChainError::NoEndpoint)
    }

    /// The node to ask after this one failed, or else its error.
    fn another(
        &self,
        need: Need,
        method: &str,
        asked: &mut Vec<usize>,
        index: usize,
        error: ChainError,
    ) -> Result<usize, ChainError> {
        // In doubt a transaction may have reached a pool.
        let once = self.pin.is_some() || method.starts_with("author_submit");
        asked.push(index);
        if once { Err(error) } else { self.inner.nodes.another(need, asked, &error).ok_or(error) }
    }

    fn unknown_block(node: &Node, block: impl fmt::Debug) -> ChainError {
        let endpoint = node.connection.endpoint().clone();
        ChainError::UnknownBlock { endpoint, block: format!("{block:?}") }
    }

    fn malformed(node: &Node, method: &str, reason: impl fmt::Display) -> ChainError {
        ChainError::Malformed {
            endpoint: node.connection.endpoint().clone(),
            method: method.to_owned(),
            reason: reason.to_string(),
        }
    }
}

impl fmt::Debug for ChainClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let endpoints = self.inner.nodes.iter().map(|node| node.connection.endpoint());
        f.debug_list().entries(endpoints).finish()
    }
}
