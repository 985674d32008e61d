//! The way from a caller to the connections of a peer.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use libp2p::PeerId;
use libp2p::swarm::ConnectionId;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::node::call::Call;
use crate::node::error::NoAnswer;

/// The connections there are, as callers reach them. Clones are the same ones.
#[derive(Debug, Clone)]
pub(in crate::node) struct Lines {
    peers: Arc<Mutex<HashMap<PeerId, Vec<Line>>>>,
    /// A place for each call under way.
    places: Arc<Semaphore>,
    turn: Arc<AtomicUsize>,
}

#[derive(Debug)]
struct Line {
    connection: ConnectionId,
    calls: mpsc::Sender<Call>,
}

impl Lines {
    /// Lines for at most so many calls at once.
    pub(in crate::node) fn new(most: usize) -> Self {
        Self {
            peers: Arc::default(),
            places: Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS))),
            turn: Arc::default(),
        }
    }

    /// A place among the calls under way; none if there are too many.
    pub(in crate::node) fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    /// Hands a call to a connection of the peer; they take turns. Gives it back if there is none.
    pub(in crate::node) fn send(&self, peer: &PeerId, call: Call) -> Result<(), Call> {
        let peers = self.lock();
        let lines = peers.get(peer).map(Vec::as_slice).unwrap_or_default();
        let first = self.turn.fetch_add(1, Ordering::Relaxed) % lines.len().max(1);
        let (before, from_first) = lines.split_at(first);
        let (mut call, mut busy) = (call, false);
        for line in from_first.iter().chain(before) {
            match line.calls.try_send(call) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Full(back)) => (call, busy) = (back, true),
                // The connection ends, which the node's task will hear of.
                Err(TrySendError::Closed(back)) => call = back,
            }
        }
        if busy {
            call.end(Err(NoAnswer::Busy));
            return Ok(());
        }
        Err(call)
    }

    /// A line to a new connection, on which so many calls may wait.
    pub(super) fn open(
        &self,
        peer: PeerId,
        connection: ConnectionId,
        most: usize,
    ) -> mpsc::Receiver<Call> {
        let (calls, taken) = mpsc::channel(most.max(1));
        self.lock().entry(peer).or_default().push(Line { connection, calls });
        taken
    }

    pub(super) fn close(&self, peer: &PeerId, connection: ConnectionId) {
        let mut peers = self.lock();
        if let Some(lines) = peers.get_mut(peer) {
            lines.retain(|line| line.connection != connection);
            if lines.is_empty() {
                peers.remove(peer);
            }
        }
    }

    /// A panic while it was held leaves nothing half-done.
    fn lock(&self) -> MutexGuard<'_, HashMap<PeerId, Vec<Line>>> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn call(name: &'static str) -> Call {
        Call::new(Bytes::from_static(name.as_bytes()), None).0
    }

    fn taken(line: &mut mpsc::Receiver<Call>) -> usize {
        std::iter::from_fn(|| line.try_recv().ok()).count()
    }

    #[test]
    fn connections_take_turns_and_those_that_end_are_passed_over() {
        let (lines, peer) = (Lines::new(10), PeerId::random());
        assert!(lines.send(&peer, call("nobody")).is_err());
        let ids = [1, 2].map(ConnectionId::new_unchecked);
        let [mut first, mut second] = ids.map(|id| lines.open(peer, id, 8));
        for _ in 0..4 {
            lines.send(&peer, call("a turn")).unwrap();
        }
        assert_eq!((taken(&mut first), taken(&mut second)), (2, 2));
        drop(first);
        for _ in 0..4 {
            lines.send(&peer, call("to the other")).unwrap();
        }
        assert_eq!(taken(&mut second), 4);
        for id in ids {
            lines.close(&peer, id);
        }
        assert!(lines.send(&peer, call("nobody")).is_err());
        assert!(lines.lock().is_empty(), "nothing is left of a peer that has gone");
    }

    #[test]
    fn a_full_line_is_said_at_once() {
        let (lines, peer) = (Lines::new(10), PeerId::random());
        let _line = lines.open(peer, ConnectionId::new_unchecked(1), 1);
        lines.send(&peer, call("fits")).unwrap();
        let (call, mut outcome) = Call::new(Bytes::new(), None);
        lines.send(&peer, call).unwrap();
        assert!(matches!(outcome.try_recv(), Ok(Err(NoAnswer::Busy))));
    }

    #[test]
    fn a_place_is_free_again_when_its_call_ends() {
        let lines = Lines::new(1);
        let (call, _outcome) = Call::new(Bytes::new(), lines.place());
        assert!(lines.place().is_none());
        call.end(Err(NoAnswer::Busy));
        assert!(lines.place().is_some());
    }
}
