//! A provider on nodes of which some misbehave.

use std::time::Duration;

use prb_core::chain::{ChainClientConfig, Endpoint};
use prb_core::data_provider::{
    DataProvider, DataProviderConfig, DataProviderHandle, ProviderStatus, Stage, VerifyState,
};
use prb_devnet::network::{NetworkConfig, NetworkHandle, NodeHandle};
use prb_devnet::rpc::RpcFaults;

use super::{double, network, reach, same_state};
use crate::feeder::Feeder;

/// Which chain's nodes are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chain {
    Relay,
    Para,
}

/// A network with two nodes for each chain. Faults are those of the first ones.
pub(super) struct Nodes {
    pub(super) network: NetworkHandle,
    seconds: Vec<NodeHandle>,
    folder: tempfile::TempDir,
}

impl Nodes {
    pub(super) async fn start(change: impl FnOnce(&mut NetworkConfig)) -> Self {
        let network = network(|config| {
            config.history = 60;
            config.session_blocks = 25;
            change(config);
        })
        .await;
        let seconds = vec![
            network.another_relay_node().await.unwrap(),
            network.another_para_node().await.unwrap(),
        ];
        Self { network, seconds, folder: tempfile::tempdir().unwrap() }
    }

    pub(super) fn faults(&self, chain: Chain) -> &RpcFaults {
        match chain {
            Chain::Relay => self.network.faults().relay_rpc(),
            Chain::Para => self.network.faults().para_rpc(),
        }
    }

    /// Settings with the first node of each chain alone.
    pub(super) fn config_alone(&self) -> DataProviderConfig {
        let mut config = super::config(&self.network, self.folder.path());
        impatient(&mut config);
        config
    }

    /// Settings with both nodes of each chain, the first one first.
    pub(super) fn config(&self) -> DataProviderConfig {
        let mut config = self.config_alone();
        for (chain, second) in [&mut config.relay, &mut config.para].into_iter().zip(&self.seconds)
        {
            chain.endpoints.push(Endpoint::new(&second.url()));
        }
        config
    }

    pub(super) async fn provider(&self, config: DataProviderConfig) -> DataProviderHandle {
        DataProvider::builder(config).build().unwrap().start().await.unwrap()
    }

    /// Waits until the provider is at the tip of now or later, with nothing that keeps it.
    pub(super) async fn caught_up(
        &self,
        provider: &DataProviderHandle,
        what: &str,
    ) -> ProviderStatus {
        let end = self.network.heights().borrow().relay_finalized as i32;
        reach(provider, what, |status| {
            let info = &status.info;
            info.parent_committed_height >= end
                && info.para_committed_height >= info.para_target - 1
                && info.para_target > 0
                && status.problems.is_empty()
        })
        .await
    }

    /// Waits for a reason why a stage does not go on that contains these words.
    pub(super) async fn kept(
        &self,
        provider: &DataProviderHandle,
        stage: Stage,
        words: &[&str],
    ) -> ProviderStatus {
        reach(provider, &format!("{stage}: {words:?}"), |status| {
            let problem = status.problems.get(&stage);
            problem.is_some_and(|problem| words.iter().all(|word| problem.reason.contains(word)))
        })
        .await
    }

    /// Waits until so many more relay blocks are made and final.
    pub(super) async fn made(&self, blocks: u32) {
        let end = self.network.heights().borrow().relay_best + blocks;
        super::finalized(&self.network, end).await;
    }

    /// A fresh worker accepts all that is served.
    pub(super) async fn accepted(&self, provider: &DataProviderHandle) {
        let end = provider.status().info.parent_committed_height as u32;
        let double = double().await;
        let para_id = self.network.chains().para_id;
        let mut feeder = Feeder::init(provider, &double.endpoint(), para_id).await;
        feeder.until(end).await;
        same_state(&self.network, &double).await;
    }

    /// What a fresh worker refuses.
    pub(super) async fn refusal(&self, provider: &DataProviderHandle) -> String {
        let end = provider.status().info.parent_committed_height as u32;
        let double = double().await;
        let para_id = self.network.chains().para_id;
        let mut feeder = Feeder::init(provider, &double.endpoint(), para_id).await;
        feeder.try_until(end).await.expect_err("the worker refuses something")
    }

    pub(super) async fn stop(self, provider: DataProviderHandle) {
        provider.shutdown().await.unwrap();
        self.network.shutdown().await.unwrap();
    }
}

/// What is waited for in the field in minutes is waited for in seconds.
fn impatient(config: &mut DataProviderConfig) {
    config.verify_state = VerifyState::Full;
    config.health_interval = Duration::from_millis(500);
    config.stall_after = Duration::from_secs(2);
    for chain in [&mut config.relay, &mut config.para] {
        let ChainClientConfig { request_timeout, slow_request_timeout, connect_timeout, .. } =
            chain;
        for wait in [request_timeout, slow_request_timeout, connect_timeout] {
            *wait = Duration::from_secs(2);
        }
    }
}
