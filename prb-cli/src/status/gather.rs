//! Asking everybody at once, each for a bounded time.

use std::sync::Arc;
use std::time::Duration;

use prb_core::chain::ChainClient;
use prb_core::chain::health::EndpointHealth;
use prb_core::queue::{JobKey, JobQueue, JobState, RedisQueue, RedisQueueConfig};
use prb_walkie::discovery::boot::BootState;
use prb_walkie::node::Walkie;
use tokio::time::timeout;

use super::facts::{Facts, Queue, Told};
use crate::Failure;
use crate::args::{NodePolicy, OverviewArgs, ReachArgs};
use crate::peer::node;
use crate::services::nodes;

mod services;

/// Those who can be asked, as often as wanted. Clones ask the same.
#[derive(Clone)]
pub(super) struct Sources {
    reach: ReachArgs,
    /// None if only this host is asked.
    walkie: Option<Walkie>,
    relay: ChainClient,
    para: ChainClient,
    queue: Option<Arc<RedisQueue>>,
}

impl Sources {
    /// Gets ready to ask. Nobody is asked yet, but peers are looked for from now on.
    pub(super) async fn open(args: &OverviewArgs) -> Result<Self, Failure> {
        let reach = args.reach();
        let chain = |urls: &[String]| ChainClient::new(nodes(urls, NodePolicy::FailOver));
        // Nothing is put into the queue, and what is shown of it has no signature.
        let url = args.redis.url()?;
        let queue = url.map(|url| RedisQueueConfig::new(url.to_string(), JobKey::random()));
        let queue = queue.map(RedisQueue::open).transpose()?.map(Arc::new);
        let walkie = if args.wait().is_zero() { None } else { Some(node(&reach).await?) };
        let (relay, para) = (chain(&args.relay_endpoints), chain(&args.para_endpoints));
        Ok(Self { reach, walkie, relay, para, queue })
    }

    /// Asks everybody.
    pub(super) async fn gather(&self) -> Facts {
        let patience = self.reach.timeout();
        let (relay, para, queue, services) = tokio::join!(
            look_at(&self.relay, patience),
            look_at(&self.para, patience),
            self.queue(patience),
            services::ask(&self.reach, self.walkie.as_ref()),
        );
        let unreached = self.walkie.as_ref().map(unreached).unwrap_or_default();
        let looked_around = self.walkie.is_some();
        let mut facts = Facts { relay, para, unreached, looked_around, queue, ..Facts::default() };
        for (role, service) in services {
            facts.add(service, role);
        }
        facts
    }

    async fn queue(&self, patience: Duration) -> Option<Told<Queue>> {
        let queue = self.queue.as_ref()?;
        Some(match timeout(patience, ask_queue(queue)).await {
            Ok(told) => told,
            Err(_) => Err(format!("Redis does not answer within {patience:?}")),
        })
    }

    /// Says goodbye.
    pub(super) async fn close(self) {
        if let Some(queue) = self.queue {
            queue.close().await;
        }
        if let Some(walkie) = self.walkie {
            walkie.shutdown().await;
        }
    }
}

/// How the nodes of a chain are. One that does not answer in time is one that was not reached.
async fn look_at(chain: &ChainClient, patience: Duration) -> Vec<EndpointHealth> {
    let in_time = timeout(patience, chain.check_endpoints()).await.is_ok();
    let mut nodes = chain.endpoints_health();
    if !in_time {
        for node in nodes.iter_mut().filter(|node| node.finalized.is_none()) {
            node.reachable = Some(false);
            node.problem.get_or_insert_with(|| format!("no answer within {patience:?}"));
        }
    }
    nodes
}

async fn ask_queue(queue: &RedisQueue) -> Told<Queue> {
    let asked = async {
        let (counts, failed, published) = tokio::try_join!(
            queue.counts(),
            queue.list(JobState::Failed, 1),
            queue.published_accounts()
        )?;
        // What a newer trader publishes otherwise is left out, not an error.
        let accounts =
            published.iter().filter_map(|json| serde_json::from_slice(json).ok()).collect();
        let last_failure =
            failed.into_iter().find_map(|job| job.failure).map(|failure| failure.reason);
        Ok::<Queue, prb_core::queue::QueueError>(Queue { counts, accounts, last_failure })
    };
    asked.await.map_err(|error| error.to_string())
}

/// Boot nodes at which nobody was found.
fn unreached(walkie: &Walkie) -> Vec<(String, String)> {
    let reason = |state| match state {
        BootState::Reached(_) => None,
        BootState::Waiting => Some("no answer yet".to_owned()),
        BootState::Unreachable(reason) | BootState::Unusable(reason) => Some(reason),
    };
    let nodes = walkie.boot_nodes().into_iter();
    nodes.filter_map(|node| Some((node.text, reason(node.state)?))).collect()
}
