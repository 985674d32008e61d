//! Where the outcome of a call goes.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use tokio::sync::oneshot;

use super::error::Answered;

/// Held by the node's task, which knows of failures, and by the call's stream, which has the
/// answer. The first to know tells; whoever waits may stop at any time.
#[derive(Debug, Clone)]
pub(crate) struct Reply(Arc<Mutex<Option<oneshot::Sender<Answered>>>>);

impl Reply {
    /// A reply, and where it arrives.
    pub(crate) fn channel() -> (Self, oneshot::Receiver<Answered>) {
        let (sender, receiver) = oneshot::channel();
        (Self(Arc::new(Mutex::new(Some(sender)))), receiver)
    }

    /// Tells the outcome, unless another was told before or nobody waits any more.
    pub(crate) fn tell(&self, outcome: Answered) {
        if let Some(sender) = self.sender().take() {
            let _nobody_waits = sender.send(outcome);
        }
    }

    /// Whether somebody still waits.
    pub(crate) fn is_awaited(&self) -> bool {
        self.sender().as_ref().is_some_and(|sender| !sender.is_closed())
    }

    /// Ends when nobody waits any more.
    pub(crate) async fn abandoned(&self) {
        poll_fn(|context| match self.sender().as_mut() {
            Some(sender) => sender.poll_closed(context),
            None => Poll::Ready(()),
        })
        .await;
    }

    /// A panic while it was held leaves nothing half-done.
    fn sender(&self) -> std::sync::MutexGuard<'_, Option<oneshot::Sender<Answered>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::error::NoAnswer;

    #[tokio::test]
    async fn the_first_outcome_counts() {
        let (reply, answered) = Reply::channel();
        let other = reply.clone();
        assert!(reply.is_awaited());
        other.tell(Err(NoAnswer::Timeout));
        reply.tell(Err(NoAnswer::Busy));
        assert!(matches!(answered.await, Ok(Err(NoAnswer::Timeout))));
        assert!(!reply.is_awaited());
    }

    #[tokio::test]
    async fn who_stops_waiting_is_noticed() {
        let (reply, answered) = Reply::channel();
        let abandoned = tokio::spawn({
            let reply = reply.clone();
            async move { reply.abandoned().await }
        });
        tokio::task::yield_now().await;
        assert!(!abandoned.is_finished());
        drop(answered);
        abandoned.await.unwrap();
        assert!(!reply.is_awaited());
    }
}
