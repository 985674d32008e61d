//! One call on its way to a peer.

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::error::{Answered, NoAnswer};

/// A request, and who waits for the answer. One that is dropped is told to have failed.
#[derive(Debug)]
pub(crate) struct Call {
    pub(super) request: Bytes,
    pub(super) reply: Reply,
}

/// Where the outcome of a call goes. Whoever waits there may stop at any time.
#[derive(Debug)]
pub(crate) struct Reply {
    sender: Option<oneshot::Sender<Answered>>,
    _place: Option<OwnedSemaphorePermit>,
}

impl Call {
    /// A call that holds its place among those under way until it ends, and where its outcome
    /// arrives.
    pub(crate) fn new(
        request: Bytes,
        place: Option<OwnedSemaphorePermit>,
    ) -> (Self, oneshot::Receiver<Answered>) {
        let (sender, outcome) = oneshot::channel();
        (Self { request, reply: Reply { sender: Some(sender), _place: place } }, outcome)
    }

    /// Ends the call.
    pub(super) fn end(self, outcome: Answered) {
        self.reply.tell(outcome);
    }
}

impl Reply {
    /// Tells the outcome, if somebody still waits for it.
    pub(super) fn tell(mut self, outcome: Answered) {
        if let Some(sender) = self.sender.take() {
            let _nobody_waits = sender.send(outcome);
        }
    }

    /// Whether somebody still waits.
    pub(super) fn is_awaited(&self) -> bool {
        self.sender.as_ref().is_some_and(|sender| !sender.is_closed())
    }

    /// Ends when nobody waits any more.
    pub(super) async fn abandoned(&mut self) {
        if let Some(sender) = &mut self.sender {
            sender.closed().await;
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if let Some(sender) = self.sender.take() {
            let closed = NoAnswer::Unreachable("the connection was closed".to_owned());
            let _nobody_waits = sender.send(Err(closed));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call() -> (Call, oneshot::Receiver<Answered>) {
        Call::new(Bytes::from_static(b"request"), None)
    }

    #[tokio::test]
    async fn a_call_is_told_its_outcome_or_that_it_was_dropped() {
        let (told, outcome) = call();
        assert!(told.reply.is_awaited());
        told.end(Err(NoAnswer::Busy));
        assert!(matches!(outcome.await, Ok(Err(NoAnswer::Busy))));
        let (dropped, outcome) = call();
        drop(dropped);
        assert!(matches!(outcome.await, Ok(Err(NoAnswer::Unreachable(_)))));
    }

    #[tokio::test]
    async fn who_stops_waiting_is_noticed() {
        let (mut call, outcome) = call();
        let abandoned = tokio::spawn(async move {
            call.reply.abandoned().await;
            call
        });
        tokio::task::yield_now().await;
        assert!(!abandoned.is_finished());
        drop(outcome);
        assert!(!abandoned.await.unwrap().reply.is_awaited());
    }
}
