//! Starting, steering and stopping a double.

mod handle;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use sp_io::hashing::blake2_256;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::config::DoubleConfig;
use super::instance::{Instance, ResumeError};
use super::phactory::Settings;
use super::server::{ClosableListener, Service, router};
use super::store::Store;
pub use handle::DoubleHandle;

/// How long requests under way may take when a double is shut down.
const SHUTDOWN_DEADLINE: Duration = Duration::from_secs(3);

/// A double cannot be started or steered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DoubleError {
    /// A setting makes no sense.
    #[error("invalid setting: {0}")]
    Config(&'static str),
    /// The address cannot be listened on.
    #[error("cannot listen on {listen}: {source}")]
    Listen {
        /// The wanted address.
        listen: std::net::SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// What an earlier run has kept cannot be used.
    #[error("cannot resume: {0}")]
    Resume(String),
}

impl From<ResumeError> for DoubleError {
    fn from(error: ResumeError) -> Self {
        Self::Resume(error.to_string())
    }
}

/// How a double ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DoubleExit {
    /// It was shut down by its handle.
    Shutdown,
    /// It ended itself without answering, as a pRuntime process does that cannot go on.
    Aborted(String),
}

/// A double that is not started yet.
#[derive(Debug)]
pub struct Double {
    config: DoubleConfig,
}

/// Checks the settings of a double.
#[derive(Debug)]
pub struct DoubleBuilder {
    config: DoubleConfig,
}

impl DoubleBuilder {
    /// Binds nothing and touches no file.
    pub fn build(self) -> Result<Double, DoubleError> {
        if self.config.workers == 0 {
            return Err(DoubleError::Config("a double has at least one worker"));
        }
        if self.config.checkpoint_interval == Some(0) {
            return Err(DoubleError::Config("a checkpoint interval is at least one block"));
        }
        Ok(Double { config: self.config })
    }
}

impl Double {
    /// Begins with these settings.
    pub fn builder(config: DoubleConfig) -> DoubleBuilder {
        DoubleBuilder { config }
    }

    /// Listens and serves until it is shut down or ends itself.
    pub async fn start(self) -> Result<DoubleHandle, DoubleError> {
        let config = self.config;
        let tasks = TaskTracker::new();
        let instances = (0..config.workers)
            .map(|index| instance(&config, index, tasks.clone()).map(Arc::new))
            .collect::<Result<Vec<_>, _>>()?;
        let listen = config.listen;
        let listen_error = |source| DoubleError::Listen { listen, source };
        let listener = TcpListener::bind(listen).await.map_err(listen_error)?;
        let address = listener.local_addr().map_err(listen_error)?;
        let exit = Exit::new();
        let service = Arc::new(Service {
            instances: instances.clone(),
            mode: config.mode,
            kick_api: config.kick_api,
            exit: exit.clone(),
        });
        let listener = ClosableListener::new(listener, exit.closed.clone());
        let draining = CancellationToken::new();
        let serve = axum::serve(listener, router(service))
            .with_graceful_shutdown(draining.clone().cancelled_owned());
        let closed = exit.closed.clone();
        tasks.spawn(async move {
            tokio::select! {
                served = serve.into_future() => {
                    if let Err(error) = served {
                        tracing::error!(%error, "the double's server failed");
                    }
                }
                // Dropping the server frees the port at once.
                () = closed.cancelled() => {}
            }
        });
        tracing::info!(%address, workers = config.workers, "pRuntime double listens");
        Ok(DoubleHandle::new(address, instances, exit, draining, tasks))
    }
}

/// Worker `index` of a double, from what it has kept.
fn instance(
    config: &DoubleConfig,
    index: u32,
    tasks: TaskTracker,
) -> Result<Instance, ResumeError> {
    let settings = Settings {
        mode: config.mode,
        light: config.light,
        attestation: config.attestation,
        key_seed: config.key_seed.map(|seed| worker_seed(seed, index)),
        master_key_seed: config.master_key_seed,
        checkpoint_interval: config.checkpoint_interval,
        score: config.score,
        version: config.version.unwrap_or(config.mode.last_version()),
    };
    let folder = config.data_dir.clone().map(|folder| worker_folder(folder, index));
    let instance = Instance::start(settings, config.rcu, Store::open(folder)?, tasks)?;
    instance.delay_dispatch(config.dispatch_delay);
    for (method, fault) in &config.faults {
        instance.answer_with(*method, Some(fault.clone()));
    }
    Ok(instance)
}

/// Worker 0 has the given seed itself.
fn worker_seed(seed: [u8; 32], index: u32) -> [u8; 32] {
    if index == 0 { seed } else { blake2_256(&[&seed[..], &index.to_le_bytes()].concat()) }
}

/// Worker 0 has the given folder itself.
fn worker_folder(folder: PathBuf, index: u32) -> PathBuf {
    if index == 0 { folder } else { folder.join(format!("w{index}")) }
}

/// Ends a double, and says how it ended.
#[derive(Clone, Debug)]
pub(super) struct Exit {
    closed: CancellationToken,
    reason: watch::Sender<Option<DoubleExit>>,
}

impl Exit {
    fn new() -> Self {
        Self { closed: CancellationToken::new(), reason: watch::Sender::new(None) }
    }

    /// Ends like a process that aborts: the port is closed, every connection breaks, and this
    /// request, like all others, gets no answer.
    pub(super) async fn abort(&self, reason: String) -> Response {
        tracing::warn!(reason, "pRuntime double aborts");
        self.finish(DoubleExit::Aborted(reason));
        std::future::pending().await
    }

    /// The first reason counts.
    fn finish(&self, exit: DoubleExit) {
        self.reason.send_if_modified(|reason| {
            let first = reason.is_none();
            reason.get_or_insert(exit);
            first
        });
        self.closed.cancel();
    }
}
