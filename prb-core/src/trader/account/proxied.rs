//! What the account may do for those it signs for.

use std::sync::Arc;

use subxt::utils::AccountId32;

use super::{Account, StepError};
use crate::chain::keys;
use crate::trader::blocks::FinalBlock;
use crate::trader::proxy::{Proxied, kinds};

/// Proxies change rarely: they are looked at again after so many blocks.
const INTERVAL: u32 = 50;

impl Account {
    /// Takes note that calls are made in this account's name.
    pub(super) fn note_proxied(&mut self, account: Option<AccountId32>) {
        let Some(account) = account else { return };
        if self.status.proxied.iter().all(|known| known.account != account) {
            self.status.proxied.push(Proxied { account, kinds: Vec::new() });
            self.proxied_at = None;
        }
    }

    /// Reads what the chain lets the account do for others, now and then.
    pub(super) async fn look_at_proxied(&mut self, block: &FinalBlock) -> Result<(), StepError> {
        let due = self.proxied_at.is_none_or(|at| block.number >= at.saturating_add(INTERVAL));
        if !due || self.status.proxied.is_empty() {
            return Ok(());
        }
        let shared = Arc::clone(&self.shared);
        let runtime = shared.runtimes.after(block.hash).await?;
        let delegate = self.address();
        for proxied in &mut self.status.proxied {
            let key = keys::twox64_entry("Proxy", "Proxies", &proxied.account.0);
            let proxies = shared.chain.storage(&key, block.hash).await?;
            let found = proxies.map_or(Ok(Vec::new()), |it| kinds(&it, &delegate, &runtime));
            proxied.kinds = found.unwrap_or_else(|reason| {
                tracing::warn!(account = %delegate, reason, "what it may do for others is unknown");
                Vec::new()
            });
        }
        self.proxied_at = Some(block.number);
        Ok(())
    }
}
