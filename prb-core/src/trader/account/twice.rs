//! Whether a registration is on its way, or on chain, already.
//!
//! The chain refuses a message, an assignment or a start that comes twice, but registers a worker
//! as often as it is asked to. A queue that lost its jobs, or an answer that was lost on the way
//! from it, can bring the same registration again while the first one is not yet seen.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Account, StepError};
use crate::error::ErrorClass;
use crate::queue::{Action, Failure};
use crate::trader::account::job::AccountJob;
use crate::trader::ending::Ending;

/// Blocks that are searched, in eras: nothing signed before can be in a later one.
const ERAS: u32 = 2;

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
        let wanted: Vec<_> =
            self.outgoing.iter().filter(|job| is_registration(job)).map(arguments).collect();
        let newest = self.seen.as_ref().map_or(0, |seen| seen.block.number);
        let first = newest.saturating_sub(ERAS * shared.config.era_blocks).max(1);
        for number in first..=newest {
            let Some(hash) = shared.chain.block_hash(number).await? else { continue };
            let block = shared.chain.block(hash).await?;
            let mut found = block.extrinsics;
            found.retain(|bytes| wanted.iter().any(|it| contains(bytes, it)));
            known.extend(found.iter().map(|bytes| bytes.to_vec()));
        }
        Ok(known)
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
