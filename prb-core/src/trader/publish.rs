//! Publishing what the trader says of its accounts beside the queue, for those who cannot ask it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::proxy::PROXIED_CALLS;
use super::status::{AccountStatus, TraderStatus};
use crate::chain::address::{Network, ss58};
use crate::queue::JobQueue;

/// How long a status stands when nothing more is heard of the trader.
const TTL: Duration = Duration::from_mins(1);
/// So often it is published though nothing has changed.
const REFRESH: Duration = Duration::from_secs(20);
/// So often at most.
const PAUSE: Duration = Duration::from_millis(500);

/// A signing account as it stands beside the queue, in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PublishedAccount {
    /// The account, as Phala writes it.
    pub account: String,
    /// Pools it signs for.
    pub pools: Vec<u64>,
    /// Nonce at the newest finalized block.
    pub nonce: Option<u32>,
    /// Free balance at the newest finalized block, decimal planck.
    pub balance: Option<String>,
    /// Whether the balance is below the trader's limit.
    pub low_balance: bool,
    /// Extrinsics sent and not final.
    pub in_flight: usize,
    /// Jobs that are in no extrinsic yet.
    pub pending: usize,
    /// Why nothing new is sent, while that is so.
    pub settling: Option<String>,
    /// The accounts it signs for as their proxy.
    pub proxied: Vec<PublishedProxied>,
    /// What last went wrong.
    pub last_error: Option<String>,
    /// When this was said, Unix milliseconds.
    pub at: u64,
}

/// An account that a signing account acts for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PublishedProxied {
    /// The account, as Phala writes it.
    pub account: String,
    /// The chain's names of what the signing account may do for it: none if it is no proxy.
    pub kinds: Vec<String>,
    /// Whether it admits each call that jobs ask for.
    pub admits: BTreeMap<String, bool>,
}

impl PublishedAccount {
    fn new(status: &AccountStatus, at: u64) -> Self {
        let proxied = status.proxied.iter().map(|proxied| PublishedProxied {
            account: ss58(&proxied.account, Network::Phala),
            kinds: proxied.kinds.clone(),
            admits: PROXIED_CALLS.map(|call| (call.to_owned(), proxied.admits(call))).into(),
        });
        Self {
            account: ss58(&status.account, Network::Phala),
            pools: status.pools.clone(),
            nonce: status.nonce,
            balance: status.balance.map(|planck| planck.to_string()),
            low_balance: status.low_balance,
            in_flight: status.in_flight,
            pending: status.pending,
            settling: status.settling.clone(),
            proxied: proxied.collect(),
            last_error: status.last_error.clone(),
            at,
        }
    }
}

/// Publishes every change, and what has not changed before it is forgotten.
pub(super) async fn publish(
    queue: Arc<dyn JobQueue>,
    mut statuses: watch::Receiver<TraderStatus>,
    until: CancellationToken,
) {
    let publishing = async {
        loop {
            let accounts = statuses.borrow_and_update().accounts.clone();
            for (key, status) in accounts {
                let published = PublishedAccount::new(&status, now_ms());
                let Ok(json) = serde_json::to_vec(&published) else { continue };
                if let Err(error) = queue.publish_account(key, json, TTL).await {
                    tracing::debug!(%error, "an account's status is not published");
                }
            }
            tokio::time::sleep(PAUSE).await;
            tokio::select! {
                changed = statuses.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(REFRESH) => {}
            }
        }
    };
    until.run_until_cancelled(publishing).await;
}

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
