//! What a trader says of itself.

use std::collections::BTreeMap;

use subxt::utils::AccountId32;
use tokio::time::Instant;

use super::proxy::Proxied;

/// A trader's signing accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraderStatus {
    /// By account.
    pub accounts: BTreeMap<[u8; 32], AccountStatus>,
}

/// One signing account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountStatus {
    /// The account.
    pub account: AccountId32,
    /// Pools it signs for.
    pub pools: Vec<u64>,
    /// Nonce at the newest finalized block.
    pub nonce: Option<u32>,
    /// Free balance at the newest finalized block, planck.
    pub balance: Option<u128>,
    /// Whether the balance is below the configured limit.
    pub low_balance: bool,
    /// Extrinsics sent and not final.
    pub in_flight: usize,
    /// Jobs that are in no extrinsic yet.
    pub pending: usize,
    /// When the oldest of its jobs that have not ended came.
    pub oldest: Option<Instant>,
    /// Why nothing new is sent, while the account makes sure what became of earlier extrinsics.
    pub settling: Option<String>,
    /// The accounts it signs for as their proxy.
    pub proxied: Vec<Proxied>,
    /// What last went wrong.
    pub last_error: Option<String>,
}

impl AccountStatus {
    /// An account of which nothing is known yet.
    pub(super) fn new(account: AccountId32) -> Self {
        Self {
            account,
            pools: Vec::new(),
            nonce: None,
            balance: None,
            low_balance: false,
            in_flight: 0,
            pending: 0,
            oldest: None,
            settling: None,
            proxied: Vec::new(),
            last_error: None,
        }
    }
}
