//! Looking at the nodes now and then, whether or not anything is asked of them.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::ChainClient;
use super::connection::{Params, Turn};
use super::json::{HexHash, JsonHeader, hex};
use super::node::Health;
use super::nodes::Node;
use crate::chain::health::{EndpointHealth, Need};
use crate::chain::{ChainError, Refusal, keys};

/// Longest wait for an answer that costs a node nothing.
const PATIENCE: Duration = Duration::from_secs(10);

impl ChainClient {
    /// How the nodes are, in the order of the configuration.
    pub fn endpoints_health(&self) -> Vec<EndpointHealth> {
        self.inner.nodes.health()
    }

    /// Looks at every node once: whether it answers, how fast, how far it is and whether it keeps
    /// old states. Nodes that do not answer are left alone for a while.
    pub async fn check_endpoints(&self) {
        let look = async |node| {
            if let Err(error) = self.look_at(node).await {
                tracing::debug!(%error, "a node is not well");
            }
        };
        let mut nodes = self.inner.nodes.iter();
        // One after the other until it is known which chain it is: in the configured order.
        while self.inner.genesis.get().is_none()
            && let Some(node) = nodes.next()
        {
            look(node).await;
        }
        futures::future::join_all(nodes.map(look)).await;
    }

    async fn look_at(&self, node: &Node) -> Result<(), ChainError> {
        let health: Health = self.ask_node(node, "system_health", &json!([])).await?;
        let head: HexHash = self.ask_node(node, "chain_getFinalizedHead", &json!([])).await?;
        let header: Option<JsonHeader> =
            self.ask_node(node, "chain_getHeader", &json!([head.0])).await?;
        if let Some(header) = header.and_then(|header| header.encode().ok()) {
            node.looked_at(!health.is_syncing, header.number());
            if !node.knows_archive() && header.number() > 0 {
                self.look_for_archive(node).await?;
            }
        }
        Ok(())
    }

    /// Asks for something small in the state of the oldest block that has any history.
    async fn look_for_archive(&self, node: &Node) -> Result<(), ChainError> {
        let first: Option<HexHash> = self.ask_node(node, "chain_getBlockHash", &json!([1])).await?;
        let Some(HexHash(first)) = first else { return Ok(()) };
        let key = hex(keys::value("Timestamp", "Now"));
        match self.ask_node::<Option<Value>>(node, "state_getStorage", &json!([key, first])).await {
            Ok(_) => node.is_archive(true),
            Err(error) if error.refusal() == Some(Refusal::StateUnavailable) => {
                node.is_archive(false);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    async fn ask_node<T: for<'a> Deserialize<'a>>(
        &self,
        node: &Node,
        method: &str,
        params: &Value,
    ) -> Result<T, ChainError> {
        let deadline = self.inner.request_timeout.min(PATIENCE);
        let genesis = &self.inner.genesis;
        node.ask(Need::Anything, method, Params::of(params), deadline, genesis, Turn::Out).await
    }
}
