//! A lifecycle manager's side: it knows nothing but what the chain says, and asks for what comes
//! next until all is done.

use std::sync::Arc;
use std::time::Duration;

use parity_scale_codec::{Decode, Encode};
use prb_core::chain::{ChainClient, keys};
use prb_core::queue::{Action, Job, JobQueue, RedisQueue};
use prb_devnet_runtime::chain::TOKEN;
use prb_devnet_runtime::types::MessageOrigin;
use subxt::utils::H256;

use super::ends::Ends;
use super::fleet::{Account, Fleet};
use crate::trader::world::{Unsealed, Worker};

/// Enough for a worker of the highest score: 100 · √6000.
const STAKE: u128 = 8_000 * TOKEN;
const LOOK: Duration = Duration::from_millis(300);

/// Asks for everything of every worker; returns once the chain has it all.
pub(super) async fn run(fleet: Fleet, chain: ChainClient, queue: Arc<RedisQueue>) {
    let operators = {
        let queue = Arc::clone(&queue);
        // A Redis that was restarted has lost them.
        async move {
            loop {
                for account in fleet.accounts() {
                    let sealed = account.operator().seal(&Unsealed).unwrap();
                    let _ = queue.put_operator(account.pid(), sealed).await;
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    };
    let ends = Arc::new(Ends::default());
    let workers = fleet.workers().map(|(account, worker)| {
        let (chain, queue, ends) = (chain.clone(), Arc::clone(&queue), Arc::clone(&ends));
        tokio::spawn(async move { care(fleet, account, worker, &chain, &queue, &ends).await })
    });
    let workers: Vec<_> = workers.collect();
    tokio::select! {
        () = operators => {}
        () = ends.run(&queue) => {}
        ended = futures::future::join_all(workers) => ended.into_iter().for_each(Result::unwrap),
    }
}

async fn care(
    fleet: Fleet,
    account: Account,
    worker: Worker,
    chain: &ChainClient,
    queue: &RedisQueue,
    ends: &Ends,
) {
    loop {
        let asked = match next(fleet, &worker, chain).await {
            Ok(None) => return,
            Ok(Some(action)) => queue.enqueue(Job { pid: account.pid(), action }).await.ok(),
            Err(_) => None,
        };
        match asked {
            Some(id) => ends.of(id).await,
            None => tokio::time::sleep(LOOK).await,
        }
    }
}

/// What a worker lacks by finalized state.
async fn next(
    fleet: Fleet,
    worker: &Worker,
    chain: &ChainClient,
) -> Result<Option<Action>, prb_core::chain::ChainError> {
    let (public_key, at) = (worker.key(), chain.finalized_head().await?);
    let standing = Standing::of(worker, chain, at).await?;
    Ok(Some(match standing {
        Standing { registered: false, .. } => worker.register(),
        Standing { ingress: 0, .. } => {
            let now = chain.storage(&keys::value("Timestamp", "Now"), at).await?;
            worker.score(u64::decode(&mut &now.unwrap_or_default()[..]).unwrap_or(0))
        }
        Standing { assigned: false, .. } => Action::AddWorker { public_key },
        Standing { started: false, .. } => Action::StartComputing { public_key, stake: STAKE },
        Standing { ingress, .. } if ingress < fleet.messages => worker.message_of(ingress),
        Standing { .. } => return Ok(None),
    }))
}

/// What the chain says of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) registered: bool,
    pub(super) ingress: u64,
    pub(super) assigned: bool,
    pub(super) started: bool,
}

impl Standing {
    /// Whether nothing is left to do.
    pub(super) fn is_done(self, fleet: Fleet) -> bool {
        let Self { registered, ingress, assigned, started } = self;
        registered && assigned && started && ingress == fleet.messages
    }

    pub(super) async fn of(
        worker: &Worker,
        chain: &ChainClient,
        at: H256,
    ) -> Result<Self, prb_core::chain::ChainError> {
        let key = worker.key();
        let sender = MessageOrigin::Worker(sp_core::sr25519::Public::from_raw(key)).encode();
        let found = [
            keys::twox64_entry("PhalaRegistry", "Workers", &key),
            keys::twox64_entry("PhalaMq", "OffchainIngress", &sender),
            keys::twox64_entry("PhalaStakePoolv2", "WorkerAssignments", &key),
            keys::twox64_entry("PhalaComputation", "WorkerBindings", &key),
        ];
        let found = chain.storage_many(&found, at).await?;
        let started = match &found[3] {
            Some(session) => {
                let stakes = keys::twox64_entry("PhalaComputation", "Stakes", session);
                chain.storage(&stakes, at).await?.is_some()
            }
            None => false,
        };
        Ok(Self {
            registered: found[0].is_some(),
            ingress: found[1].as_ref().map_or(0, |it| u64::decode(&mut &it[..]).unwrap()),
            assigned: found[2].is_some(),
            started,
        })
    }
}
