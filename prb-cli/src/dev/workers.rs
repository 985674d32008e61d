//! The workers of the embedded network: doubles that verify what they are fed.

use std::net::SocketAddr;

use futures::future::join_all;
use prb_devnet::pruntime::{Double, DoubleConfig, DoubleError, DoubleExit, DoubleHandle};

/// A running double with the name the bridge knows it by.
#[derive(Clone, Debug)]
pub(super) struct Worker {
    /// `worker-1` and so on, with as many digits as the last one needs.
    pub(super) name: String,
    pub(super) double: DoubleHandle,
}

/// Starts `count` doubles: the first on `listen` and each further one on the next port, or each on
/// a free one if the port is 0.
pub(super) async fn start(count: u16, listen: SocketAddr) -> Result<Vec<Worker>, DoubleError> {
    let digits = count.to_string().len();
    let mut workers = Vec::with_capacity(count.into());
    for number in 1..=count {
        let mut config = DoubleConfig { listen, ..DoubleConfig::default() };
        if listen.port() != 0 {
            config.listen.set_port(listen.port().saturating_add(number - 1));
        }
        let double = Double::builder(config).build()?.start().await?;
        workers.push(Worker { name: format!("worker-{number:0digits$}"), double });
    }
    Ok(workers)
}

/// Stops all of them at once.
pub(super) async fn stop(workers: Vec<Worker>) {
    join_all(workers.iter().map(|worker| worker.double.shutdown())).await;
}

/// Waits until one of them ends by itself, and says why.
pub(super) async fn failure(workers: &[Worker]) -> String {
    let ends = workers.iter().map(|worker| {
        Box::pin(async move {
            match worker.double.wait().await {
                DoubleExit::Aborted(reason) => format!("{} aborted: {reason}", worker.name),
                DoubleExit::Shutdown => format!("{} was shut down", worker.name),
            }
        })
    });
    futures::future::select_all(ends).await.0
}
