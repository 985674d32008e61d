//! Finding our extrinsics in finalized blocks, and what became of their calls.

use std::sync::Arc;

use subxt::utils::H256;

use super::{Account, Seen, Shared, StepError};
use crate::chain::keys;
use crate::error::ErrorClass;
use crate::queue::CallOutcome;
use crate::queue::wire::{bytes_of, hex_of};
use crate::trader::account::job::{AccountJob, Recovered};
use crate::trader::account_info::nonce_and_balance;
use crate::trader::blocks::FinalBlock;
use crate::trader::ending::{self, Place};
use crate::trader::events::result_events;
use crate::trader::ledger::{FinalView, why_gone};
use crate::trader::outcome::{Shape, outcome};

/// Calls' results, or why they cannot be told.
type Results = Result<Vec<CallOutcome>, String>;

impl Account {
    /// Searches the finalized blocks since the last time, resolves what they hold, and what no
    /// later block can hold.
    pub(super) async fn search(&mut self) -> Result<(), StepError> {
        let shared = Arc::clone(&self.shared);
        let Some(newest) = *shared.blocks.newest().borrow() else { return Ok(()) };
        let mut next = *self.next_block.get_or_insert(newest);
        while next <= newest {
            let block = shared.blocks.at(next).await?;
            self.search_held(&block).await?;
            next += 1;
            self.next_block = Some(next);
        }
        self.search_recovered(newest).await?;
        if self.seen.as_ref().is_none_or(|seen| seen.view.number < newest) {
            self.look(newest).await?;
        }
        self.resolve_gone();
        Ok(())
    }

    async fn search_held(&mut self, block: &FinalBlock) -> Result<(), StepError> {
        let shared = Arc::clone(&self.shared);
        for (index, hash) in block.extrinsics.iter().enumerate() {
            if !self.ledger.holds(*hash) {
                continue;
            }
            let calls = |jobs: &[AccountJob]| jobs.iter().map(|job| job.calls.calls.len()).sum();
            let held = self.ledger.held().find(|held| held.extrinsic.hash == *hash);
            let Some(shape) = held.map(|held| Shape {
                proxied: held.load.iter().any(|job| job.lane.is_some()),
                calls: calls(&held.load),
            }) else {
                continue;
            };
            let results = results_of(&shared, block, index as u32, shape).await?;
            let Some(held) = self.ledger.included(*hash) else { continue };
            let mut first = 0;
            for job in held.load {
                let count = job.calls.calls.len();
                self.end_finalized(job, *hash, block, &results, first);
                first += count;
            }
            self.max_calls = (self.max_calls * 2).min(self.shared.config.max_batch_calls);
        }
        Ok(())
    }

    /// Looks for what an earlier trader sent, from its birth to the newest block.
    async fn search_recovered(&mut self, newest: u32) -> Result<(), StepError> {
        let shared = Arc::clone(&self.shared);
        let mut at = 0;
        while let Some(Recovered { sent, next_block, .. }) = self.recovered.get(at) {
            let last = newest.min(sent.death.saturating_sub(1));
            if *next_block > last {
                at += 1;
                continue;
            }
            let block = shared.blocks.at(*next_block).await?;
            let hash = bytes_of(&sent.hash).and_then(|bytes| Some(H256(bytes.try_into().ok()?)));
            let found = hash.and_then(|hash| Some((hash, block.index_of(hash)?)));
            let Some((hash, index)) = found else {
                self.recovered[at].next_block += 1;
                continue;
            };
            let shape = Shape { proxied: sent.proxied, calls: sent.total_calls as usize };
            let results = results_of(&shared, &block, index, shape).await?;
            let name = hex_of(&hash.0);
            let (found, others): (Vec<_>, Vec<_>) = std::mem::take(&mut self.recovered)
                .into_iter()
                .partition(|recovered| recovered.sent.hash == name);
            self.recovered = others;
            for Recovered { job, sent, .. } in found {
                self.end_finalized(job, hash, &block, &results, sent.first_call as usize);
            }
        }
        Ok(())
    }

    /// Reads what the chain says of the account after a block.
    async fn look(&mut self, number: u32) -> Result<(), StepError> {
        let shared = Arc::clone(&self.shared);
        let block = shared.blocks.at(number).await?;
        let (nonce, balance) =
            nonce_and_balance(&shared.chain, &self.address(), block.hash).await?;
        let spec_version = shared.runtimes.after(block.hash).await?.spec_version;
        self.status.nonce = Some(nonce);
        self.status.balance = Some(balance);
        let low = balance < shared.config.low_balance;
        if low && !self.status.low_balance {
            tracing::warn!(account = %self.address(), balance, "the account's balance is low");
        }
        self.status.low_balance = low;
        self.look_at_proxied(&block).await?;
        self.seen = Some(Seen { block, view: FinalView { number, nonce, spec_version } });
        Ok(())
    }

    fn resolve_gone(&mut self) {
        let Some(view) = self.seen.as_ref().map(|seen| seen.view) else { return };
        for (held, why) in self.ledger.gone(&view) {
            tracing::warn!(account = %self.address(), nonce = held.nonce, reason = %why,
                "an extrinsic is not on chain");
            held.load.into_iter().for_each(|job| self.end_unsent(job, &why.to_string()));
        }
        let signer = hex_of(&self.address().0);
        let mut waiting = Vec::new();
        for recovered in std::mem::take(&mut self.recovered) {
            let sent = &recovered.sent;
            // Of another account's nonce nothing is known here; its era passes all the same.
            let nonce = if sent.signer == signer { sent.nonce } else { u32::MAX };
            match why_gone(nonce, sent.death, &view) {
                Some(why) => self.end_unsent(recovered.job, &why.to_string()),
                None => waiting.push(recovered),
            }
        }
        self.recovered = waiting;
    }

    /// Ends a job whose extrinsic can be in no block.
    fn end_unsent(&mut self, job: AccountJob, why: &str) {
        let words = job.calls.calls.first().map_or_else(String::new, |call| call.words.clone());
        let reason = format!("could not {words}: {why}");
        let (action, attempts) = (&job.reserved.job.action, job.reserved.attempts);
        let ending = self.retry_policy().failed(action, attempts, reason, ErrorClass::Transient);
        self.end(job, ending);
    }

    fn end_finalized(
        &mut self,
        job: AccountJob,
        extrinsic: H256,
        block: &FinalBlock,
        results: &Results,
        first: usize,
    ) {
        let place = Place {
            extrinsic_hash: hex_of(&extrinsic.0),
            block_hash: hex_of(&block.hash.0),
            block_number: block.number,
        };
        let calls = &job.calls.calls;
        let own = results.as_ref().map(|results| results.get(first..first + calls.len()));
        let ending = match own {
            Ok(Some(own)) => ending::finalized(calls, own.to_vec(), &place),
            Ok(None) => self.unreadable(&job, &place, "it has fewer calls than were sent"),
            Err(reason) => self.unreadable(&job, &place, reason),
        };
        self.end(job, ending);
    }

    fn unreadable(&self, job: &AccountJob, place: &Place, reason: &str) -> ending::Ending {
        let reason = format!(
            "extrinsic {} is in block {}, but what became of its calls cannot be told: {reason}",
            place.extrinsic_hash, place.block_number
        );
        let (action, attempts) = (&job.reserved.job.action, job.reserved.attempts);
        self.retry_policy().failed(action, attempts, reason, ErrorClass::Operator)
    }
}

/// The results of an extrinsic's calls. An error is worth another try; results that cannot be
/// read are not.
async fn results_of(
    shared: &Shared,
    block: &FinalBlock,
    index: u32,
    shape: Shape,
) -> Result<Results, StepError> {
    // The events are those of the runtime that executed the block, which is its parent's.
    let runtime = shared.runtimes.after(block.parent_hash).await?;
    let key = keys::value("System", "Events");
    let events = shared.chain.storage(&key, block.hash).await?.unwrap_or_default();
    let results = result_events(&events, index, &runtime).map_err(|error| error.to_string());
    Ok(results.and_then(|events| outcome(&events, shape).map_err(|error| error.to_string())))
}
