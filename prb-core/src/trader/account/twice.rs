//! Whether a registration is on its way, or on chain, already.
//!
//! The chain refuses a message, an assignment or a start that comes twice, but registers a worker
//! as often as it is asked to. A queue that lost its jobs, or an answer that was lost on the way
//! from it, can bring the same registration again while the first one is not yet seen.
//!
//! Of a worker that the chain does not have, no finalized block can hold a registration that took
//! effect. So a new worker costs one read of the state for all in an extrinsic; only for one that
//! is registered again are the blocks of two eras searched, each of them fetched once: 128 with
//! the default era.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Account, StepError};
use crate::chain::keys;
use crate::error::ErrorClass;
use crate::queue::{Action, Failure};
use crate::trader::account::job::AccountJob;
use crate::trader::calls::registered_worker;
use crate::trader::ending::Ending;

/// Blocks that are searched, in eras: nothing signed before can be in a later one.
const ERAS: u32 = 2;
/// Blocks whose hashes are asked for at once.
const PAGE: usize = 128;

impl Account {
    /// Ends outgoing registrations that an extrinsic in flight or a late finalized block has. Who
    /// asked looks at the chain again, and asks again if need be.
    pub(super) async fn check_twice(&mut self) -> Result<(), StepError> {
        if !self.outgoing.iter().any(is_registration) {
            return Ok(());
        }
        let known = self.known_registrations().await?;
        let mut first = BTreeSet::new();
        for job in std::mem::take(&mut self.outgoing) {
            let arguments = arguments(&job).to_vec();
            let twice = is_registration(&job)
                && (known.iter().any(|extrinsic| contains(extrinsic, &arguments))
                    || !first.insert(arguments));
            if twice {
                let reason = "the same registration is on its way or on chain already";
                let failure = Failure::new(reason, ErrorClass::Transient);
                self.end(job, Ending::Failed { failure, retry_after: None });
            } else {
                self.outgoing.push(job);
            }
        }
        Ok(())
    }

    /// The extrinsics in flight, and those of the last blocks with one of the outgoing
    /// registrations.
    async fn known_registrations(&mut self) -> Result<Vec<Vec<u8>>, StepError> {
        let shared = Arc::clone(&self.shared);
        let mut known: Vec<_> =
            self.ledger.held().map(|held| held.extrinsic.bytes.clone()).collect();
        let wanted = self.registered_again().await?;
        if wanted.is_empty() {
            return Ok(known);
        }
        let newest = self.seen.as_ref().map_or(0, |seen| seen.block.number);
        let first = newest.saturating_sub(ERAS * shared.config.era_blocks).max(1);
        let numbers: Vec<_> = (first..=newest).collect();
        for page in numbers.chunks(PAGE) {
            for hash in shared.chain.block_hashes(page).await?.into_iter().flatten() {
                let mut found = shared.chain.block(hash).await?.extrinsics;
                found.retain(|bytes| wanted.iter().any(|it| contains(bytes, it)));
                known.extend(found.iter().map(|bytes| bytes.to_vec()));
            }
        }
        Ok(known)
    }

    /// The arguments of the outgoing registrations of workers that the chain has already.
    async fn registered_again(&mut self) -> Result<Vec<Vec<u8>>, StepError> {
        let shared = Arc::clone(&self.shared);
        let Some(at) = self.seen.as_ref().map(|seen| seen.block.hash) else {
            return Ok(Vec::new());
        };
        let registrations = self.outgoing.iter().filter(|job| is_registration(job));
        let registrations: Vec<_> = registrations.map(|job| arguments(job).to_vec()).collect();
        let keys: Vec<_> = registrations
            .iter()
            // What has no key is no registration, which the chain will tell.
            .map(|arguments| registered_worker(arguments).unwrap_or_default())
            .map(|worker| keys::twox64_entry("PhalaRegistry", "Workers", &worker))
            .collect();
        let workers = shared.chain.storage_many(&keys, at).await?;
        let there = registrations.into_iter().zip(workers).filter(|(_, worker)| worker.is_some());
        Ok(there.map(|(arguments, _)| arguments).collect())
    }
}

fn is_registration(job: &AccountJob) -> bool {
    matches!(
        job.reserved.job.action,
        Action::RegisterWorker { .. } | Action::RegisterWorkerV2 { .. }
    )
}

/// Of its first call: a registration has one.
fn arguments(job: &AccountJob) -> &[u8] {
    job.calls.calls.first().map_or(&[], |call| &call.arguments)
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    !part.is_empty() && bytes.windows(part.len()).any(|window| window == part)
}
