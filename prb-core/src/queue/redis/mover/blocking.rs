//! Waits in Redis for the next job.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::super::shared::Shared;
use crate::queue::QueueError;

/// Longest blocking move; whole seconds, which every version of Redis takes.
pub(in super::super) const BLOCK: Duration = Duration::from_secs(1);
/// How much later than that Redis may answer.
pub(in super::super) const BLOCK_MARGIN: Duration = Duration::from_secs(4);
/// Reads what stands at the head of the active jobs.
const HEAD: &str = include_str!("../scripts/head.lua");

/// A job that a blocking move put among the active ones.
pub(super) struct Moved {
    pub(super) id: String,
    /// The job and its size, if it could be read with the move.
    pub(super) entry: Option<(Vec<u8>, usize)>,
}

pub(super) type Moving = BoxFuture<'static, Result<Option<Moved>, QueueError>>;

/// Id, job and size of what stands there.
type Head = Option<(String, Vec<u8>, usize)>;

/// Moves the next job, or none within [`BLOCK`].
///
/// What stands at the head afterwards comes with the answer. That is the job that was moved,
/// unless another was in between: a script cannot know what a blocking command before it moved.
pub(super) fn blocking_move(shared: Arc<Shared>) -> Moving {
    async move {
        let mut pipeline = redis::pipe();
        pipeline
            .cmd("BRPOPLPUSH")
            .arg(shared.key("waiting"))
            .arg(shared.key("active"))
            .arg(BLOCK.as_secs())
            .cmd("EVAL")
            .arg(HEAD)
            .arg(1)
            .arg(shared.key(""))
            .arg(shared.max_entry_bytes());
        let (moved, head): (Option<String>, Head) = shared.blocking.pipe(&pipeline).await?;
        shared.blocking.has_room();
        Ok(moved.map(|id| {
            let entry = head.filter(|(of, entry, _)| *of == id && !entry.is_empty());
            Moved { id, entry: entry.map(|(_, entry, bytes)| (entry, bytes)) }
        }))
    }
    .boxed()
}
