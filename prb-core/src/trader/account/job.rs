//! A job on its way through an account.

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use crate::queue::{JobId, ReservedJob, SentExtrinsic};
use crate::trader::batch::{Item, Lane};
use crate::trader::calls::Calls;

/// A reserved job with its calls.
#[derive(Debug)]
pub(in crate::trader) struct AccountJob {
    pub(in crate::trader) reserved: ReservedJob,
    pub(in crate::trader) calls: Calls,
    /// In whose name the calls are made.
    pub(in crate::trader) lane: Lane,
    /// When it came.
    pub(in crate::trader) since: Instant,
    /// How often a node refused an extrinsic with it that was signed anew.
    pub(in crate::trader) refusals: u32,
    /// Its place among the account's active jobs.
    pub(in crate::trader) _place: OwnedSemaphorePermit,
}

impl AccountJob {
    pub(super) fn id(&self) -> &JobId {
        &self.reserved.id
    }

    pub(super) fn into_item(self) -> Item<Self> {
        Item {
            lane: self.lane,
            messages: self.calls.messages.clone(),
            calls: self.calls.calls.len(),
            bytes: self.calls.size(),
            job: self,
        }
    }
}

/// A job that a trader sent before and did not see resolved.
#[derive(Debug)]
pub(super) struct Recovered {
    pub(super) job: AccountJob,
    pub(super) sent: SentExtrinsic,
    /// The next block to be searched for its extrinsic.
    pub(super) next_block: u32,
}

impl Recovered {
    pub(super) fn new(mut job: AccountJob, sent: SentExtrinsic) -> Self {
        job.calls.calls.truncate(sent.calls as usize);
        // No block before the one after its birth can hold it: it did not exist.
        let next_block = sent.birth.saturating_add(1);
        Self { job, sent, next_block }
    }
}
