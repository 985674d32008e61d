//! Starting a network, and holding on to it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::chains::{Chains, Heights};
use super::history::HistoryBuilder;
use super::producer::Producer;
use super::{Faults, NetworkConfig, NetworkError, driver};
use crate::rpc::{Context, RpcFaults, Server, ServerLimits};

/// Longest time a shutdown takes.
const SHUTDOWN: Duration = Duration::from_secs(5);

/// A running network. Clones are the same network; it goes on until [`NetworkHandle::shutdown`] or
/// until the last clone is dropped.
#[derive(Clone, Debug)]
pub struct NetworkHandle {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    chains: Chains,
    faults: Faults,
    serving: Serving,
    heights: watch::Receiver<Heights>,
    para: SocketAddr,
    relay: SocketAddr,
    tasks: TaskTracker,
    stop: CancellationToken,
    _last_handle: DropGuard,
    driver: Mutex<Option<JoinHandle<Result<(), NetworkError>>>>,
}

pub(super) async fn start(config: NetworkConfig) -> Result<NetworkHandle, NetworkError> {
    let para = bind("parachain", config.para_listen).await?;
    let relay = bind("relay chain", config.relay_listen).await?;
    let (para_address, relay_address) = (para.address(), relay.address());
    let block_time = config.relay_block_time;
    let allow_unsafe = config.allow_get_pairs;
    let limits =
        ServerLimits { max_response_bytes: config.max_response_bytes, ..Default::default() };

    let stop = CancellationToken::new();
    let until_served = stop.clone().drop_guard();
    let stopped = stop.clone();
    let producer = tokio::task::spawn_blocking(move || make_history(&config, &stopped))
        .await
        .map_err(|panic| NetworkError::Panicked(panic.to_string()))??;
    let chains = producer.chains().clone();

    let tasks = TaskTracker::new();
    let faults = Faults::new();
    let serving = Serving { allow_unsafe, limits, tasks: tasks.clone(), stop: stop.clone() };
    let (para_faults, relay_faults) = (faults.para_rpc().clone(), faults.relay_rpc().clone());
    serving.serve(para, chains.para_context(allow_unsafe, para_faults))?;
    serving.serve(relay, chains.relay_context(allow_unsafe, relay_faults))?;
    let (heights, watch) = watch::channel(chains.heights());
    let driver = tasks.spawn({
        let running = driver::run(producer, faults.clone(), block_time, heights, stop.clone());
        let stop = stop.clone();
        async move {
            // A network that makes no blocks any more is not served either.
            let _stop = stop.drop_guard();
            running.await.inspect_err(|error| tracing::error!(%error, "the network stops"))
        }
    });
    tasks.close();
    tracing::info!(para = %para_address, relay = %relay_address, "embedded network is served");
    Ok(NetworkHandle {
        inner: Arc::new(Inner {
            chains,
            faults,
            serving,
            heights: watch,
            para: para_address,
            relay: relay_address,
            tasks,
            stop,
            _last_handle: until_served,
            driver: Mutex::new(Some(driver)),
        }),
    })
}

/// How nodes are served.
#[derive(Debug)]
struct Serving {
    allow_unsafe: bool,
    limits: ServerLimits,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Serving {
    fn serve(&self, server: Server, context: Context) -> Result<(), NetworkError> {
        let faults = context.faults.clone();
        let methods = crate::rpc::module(context)
            .map_err(|error| NetworkError::Methods(error.to_string()))?;
        let (tasks, stop) = (self.tasks.clone(), self.stop.clone());
        self.tasks.spawn(server.serve(methods, self.limits, faults, tasks, stop));
        Ok(())
    }
}

/// One more node of a running network's chain.
#[derive(Clone, Debug)]
pub struct NodeHandle {
    address: SocketAddr,
    faults: RpcFaults,
}

impl NodeHandle {
    /// Its WebSocket URL; HTTP is answered on the same port.
    pub fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// Faults of this node alone.
    pub fn faults(&self) -> &RpcFaults {
        &self.faults
    }
}

async fn bind(chain: &'static str, address: SocketAddr) -> Result<Server, NetworkError> {
    Server::bind(address).await.map_err(|source| NetworkError::Bind { chain, address, source })
}

fn make_history(
    config: &NetworkConfig,
    stop: &CancellationToken,
) -> Result<Producer, NetworkError> {
    let mut history = HistoryBuilder::new(config)?;
    for _ in 0..config.history {
        if stop.is_cancelled() {
            break;
        }
        history.step()?;
    }
    Ok(history.into_producer())
}

impl NetworkHandle {
    /// WebSocket URL of the parachain's node; HTTP is answered on the same port.
    pub fn para_url(&self) -> String {
        format!("ws://{}", self.inner.para)
    }

    /// WebSocket URL of the relay chain's node; HTTP is answered on the same port.
    pub fn relay_url(&self) -> String {
        format!("ws://{}", self.inner.relay)
    }

    /// How far the chains are, now and as they go on.
    pub fn heights(&self) -> watch::Receiver<Heights> {
        self.inner.heights.clone()
    }

    /// Faults and events on demand.
    pub fn faults(&self) -> &Faults {
        &self.inner.faults
    }

    /// The chains themselves, for those in the same process.
    pub fn chains(&self) -> &Chains {
        &self.inner.chains
    }

    /// One more node of the parachain, on a free port of loopback.
    pub async fn another_para_node(&self) -> Result<NodeHandle, NetworkError> {
        self.another_node("parachain", Chains::para_context).await
    }

    /// One more node of the relay chain, on a free port of loopback.
    pub async fn another_relay_node(&self) -> Result<NodeHandle, NetworkError> {
        self.another_node("relay chain", Chains::relay_context).await
    }

    async fn another_node(
        &self,
        chain: &'static str,
        context: fn(&Chains, bool, RpcFaults) -> Context,
    ) -> Result<NodeHandle, NetworkError> {
        let server = bind(chain, (Ipv4Addr::LOCALHOST, 0).into()).await?;
        let node = NodeHandle { address: server.address(), faults: RpcFaults::new() };
        let serving = &self.inner.serving;
        let context = context(&self.inner.chains, serving.allow_unsafe, node.faults.clone());
        serving.serve(server, context)?;
        Ok(node)
    }

    /// Stops making blocks, closes all connections and waits until everything has ended, at most
    /// 5 s.
    pub async fn shutdown(&self) -> Result<(), NetworkError> {
        self.inner.stop.cancel();
        tokio::time::timeout(SHUTDOWN, self.wait())
            .await
            .map_err(|_| NetworkError::Shutdown(SHUTDOWN.as_secs()))?
    }

    /// Waits until the network has ended, and says why if it was not asked to. One caller gets the
    /// reason; to others it looks like a shutdown.
    pub async fn wait(&self) -> Result<(), NetworkError> {
        self.inner.tasks.wait().await;
        match self.inner.driver.lock().await.take() {
            Some(driver) => {
                driver.await.map_err(|panic| NetworkError::Panicked(panic.to_string()))?
            }
            None => Ok(()),
        }
    }
}
