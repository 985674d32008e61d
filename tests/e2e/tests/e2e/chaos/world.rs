//! The network, Redis and both processes, and the ways between them.

use std::sync::Arc;
use std::time::Duration;

use prb_core::chain::ChainClient;
use prb_core::queue::{JobQueue, RedisQueue};
use prb_devnet::network::NetworkHandle;
use prb_devnet::rpc::MethodFault;

use super::fleet::{Account, FLEET, Fleet};
use super::line::{Line, Target};
use super::process::{Process, socket};
use super::stranger::Stranger;
use super::{NODE, QUEUE, chain, queue};
use crate::trader::world::eventually;

pub(super) struct World {
    pub(super) fleet: Fleet,
    pub(super) network: NetworkHandle,
    pub(super) folder: tempfile::TempDir,
    pub(super) redis: Process,
    pub(super) to_redis: Line,
    pub(super) to_node: Line,
    pub(super) trader: Process,
    pub(super) manager: Process,
    pub(super) stranger: Stranger,
    pub(super) upgrades: u32,
}

impl World {
    pub(super) async fn new(fleet: Fleet, network: NetworkHandle) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let redis = Process::redis(folder.path());
        let to_redis = Line::to(Target::Socket(socket(folder.path()))).await;
        let port = network.para_url().rsplit(':').next().unwrap().trim_matches('/').parse();
        let to_node = Line::to(Target::Port(port.unwrap())).await;
        let settings = settings(fleet, &to_redis, &to_node);
        Self {
            stranger: Stranger::new(fleet, chain(&network.para_url())),
            trader: Process::of_test("chaos::the_trader", &settings),
            manager: Process::of_test("chaos::the_manager", &settings),
            fleet,
            network,
            folder,
            redis,
            to_redis,
            to_node,
            upgrades: 0,
        }
    }

    pub(super) fn start_trader(&self, more: &[(&str, String)]) -> Process {
        let mut settings = settings(self.fleet, &self.to_redis, &self.to_node);
        settings.extend_from_slice(more);
        Process::of_test("chaos::the_trader", &settings)
    }

    pub(super) fn start_manager(&self) -> Process {
        let settings = settings(self.fleet, &self.to_redis, &self.to_node);
        Process::of_test("chaos::the_manager", &settings)
    }

    /// The node takes extrinsics, but nobody hears of it.
    pub(super) async fn lose_answers(&self, moment: Duration) {
        let faults = self.network.faults().para_rpc();
        faults.set("author_submitAndWatchExtrinsic", MethodFault::Drop);
        tokio::time::sleep(moment).await;
        faults.clear_all();
    }

    /// A chain client that nothing disturbs.
    pub(super) fn chain(&self) -> ChainClient {
        chain(&self.network.para_url())
    }

    /// A queue that nothing disturbs.
    pub(super) fn queue(&self) -> Arc<RedisQueue> {
        queue(&format!("redis+unix://{}", socket(self.folder.path()).display()))
    }

    /// Waits until nothing is in the queue, in a pool, or not final.
    pub(super) async fn comes_to_rest(&self, said: &str) {
        let queue = self.queue();
        eventually(&format!("the queue is worked off ({said})"), async || {
            let counts = queue.counts().await.ok()?;
            (counts.waiting + counts.active + counts.delayed == 0).then_some(())
        })
        .await;
        eventually(&format!("no nonce is open ({said})"), async || {
            for account in self.fleet.accounts() {
                let (stored, next) = self.nonces(account).await?;
                if stored != next {
                    return None;
                }
            }
            Some(())
        })
        .await;
        queue.close().await;
    }

    /// An account's next nonce by finalized state and by the node's pool.
    pub(super) async fn nonces(&self, account: Account) -> Option<(u64, u64)> {
        let chain = self.chain();
        let at = chain.finalized_head().await.ok()?;
        let stored = chain.storage(&account.storage_key(), at).await.ok()?.unwrap_or_default();
        let stored = stored.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
        let next = chain.account_next_indices(&account.address_text()).await.ok()?;
        Some((stored.into(), *next.first()?))
    }

    /// The pool's transactions wait until everything signed before has expired.
    pub(super) async fn expire_pool(&self) {
        let mut heights = self.network.heights();
        let death = heights.borrow().para_best + self.fleet.era;
        self.network.faults().hold_transactions(true);
        heights.wait_for(|heights| heights.para_best > death).await.unwrap();
        self.network.faults().hold_transactions(false);
    }

    /// Somebody else pays more for the nonce that an account's extrinsic in the pool has.
    pub(super) async fn outbid(&self, account: usize, moment: Duration) {
        self.network.faults().hold_transactions(true);
        tokio::time::sleep(moment).await;
        self.stranger.outbid(account).await;
        self.network.faults().hold_transactions(false);
    }
}

fn settings(fleet: Fleet, redis: &Line, node: &Line) -> Vec<(&'static str, String)> {
    vec![
        (FLEET, fleet.to_text()),
        (QUEUE, format!("redis://127.0.0.1:{}", redis.port())),
        (NODE, format!("ws://127.0.0.1:{}", node.port())),
    ]
}
