//! Waits in Redis for the next job.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::{Taken, taking};
use crate::queue::QueueError;
use crate::queue::redis::shared::Shared;

/// Longest blocking move; whole seconds, which every version of Redis takes.
pub(in super::super) const BLOCK: Duration = Duration::from_secs(1);
/// How much later than that Redis may answer.
pub(in super::super) const BLOCK_MARGIN: Duration = Duration::from_secs(4);

/// What was claimed once there was a job, and why a job cannot be waited for, if that is so.
pub(super) type Moved = Result<(Taken, Option<QueueError>), QueueError>;

/// Waits for a job, at most [`BLOCK`], and claims as many as are wanted.
///
/// The move and the script that claims go in one packet: Redis runs the script as soon as the move
/// has brought something. A script cannot know what a blocking command brought, so they stand in a
/// list of their own in between, and each such script claims one at least if there is any: when
/// several handles wait at the same time, not always its own.
pub(super) fn blocking_move(shared: Arc<Shared>, most: usize) -> BoxFuture<'static, Moved> {
    async move {
        let mut wait = redis::cmd("BRPOPLPUSH");
        wait.arg(shared.key("waiting")).arg(shared.key("prb:moved")).arg(BLOCK.as_secs());
        let (waited, found) = shared.blocking.script_after(wait, &taking(&shared, most)).await?;
        Ok((Taken::new(found), waited.err()))
    }
    .boxed()
}
