//! Calls that peers make.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use libp2p::PeerId;
use libp2p::request_response::{InboundRequestId, ResponseChannel};
use tokio::task::{AbortHandle, JoinSet};

use super::Driver;
use crate::access::Caller;
use crate::node::codec::Frame;
use crate::node::config::Limits;
use crate::rpc::{Service, dispatch, refuse};

/// A handler's answer.
pub(super) type Answer = (InboundRequestId, Bytes);

/// The calls that are being answered.
pub(super) struct Inbound {
    service: Service,
    handlers: JoinSet<Answer>,
    waiting: HashMap<InboundRequestId, Waiting>,
    most: usize,
    deadline: Duration,
    longest: usize,
}

struct Waiting {
    channel: ResponseChannel<Frame>,
    handler: AbortHandle,
}

impl Inbound {
    pub(super) fn new(service: Service, limits: &Limits) -> Self {
        Self {
            service,
            handlers: JoinSet::new(),
            waiting: HashMap::new(),
            most: limits.calls,
            deadline: limits.handler,
            longest: limits.message_bytes,
        }
    }

    /// Starts to answer a request.
    pub(super) fn request(
        &mut self,
        id: InboundRequestId,
        (peer, host): (PeerId, Option<IpAddr>),
        request: Frame,
        channel: ResponseChannel<Frame>,
    ) {
        let caller = Caller::Peer { id: peer, host };
        let (service, deadline, longest) = (self.service.clone(), self.deadline, self.longest);
        let busy = self.handlers.len() >= self.most;
        let handler = self.handlers.spawn(async move {
            let bytes = request.bytes.clone();
            let answer = if busy {
                refuse(bytes, "Too many calls are under way.")
            } else {
                dispatch(service, caller, bytes.clone(), deadline).await
            };
            let answer = if answer.len() > longest {
                refuse(request.bytes.clone(), "The answer is too long.")
            } else {
                answer
            };
            drop(request);
            (id, answer)
        });
        self.waiting.insert(id, Waiting { channel, handler });
    }

    /// The next answer; none when no handler is under way.
    pub(super) async fn next(&mut self) -> Option<Answer> {
        loop {
            match self.handlers.join_next().await? {
                Ok(answer) => return Some(answer),
                Err(error) if error.is_cancelled() => {}
                Err(error) => tracing::error!(%error, "a handler's task failed"),
            }
        }
    }

    /// Where an answer goes, unless nobody waits any more.
    pub(super) fn finish(&mut self, id: InboundRequestId) -> Option<ResponseChannel<Frame>> {
        self.waiting.remove(&id).map(|waiting| waiting.channel)
    }

    /// The caller is gone: its handler need not go on.
    pub(super) fn cancel(&mut self, id: InboundRequestId) {
        if let Some(waiting) = self.waiting.remove(&id) {
            waiting.handler.abort();
        }
    }

    /// Cancels the handlers nobody waits for.
    pub(super) fn forget_abandoned(&mut self) {
        self.waiting.retain(|_, waiting| {
            let waited_for = waiting.channel.is_open();
            if !waited_for {
                waiting.handler.abort();
            }
            waited_for
        });
    }
}

impl Driver {
    pub(super) fn answer(&mut self, (id, answer): Answer) {
        if let Some(channel) = self.inbound.finish(id) {
            let calls = &mut self.swarm.behaviour_mut().calls;
            // The caller may have gone in the meantime; then there is nobody to tell.
            let _undelivered = calls.send_response(channel, Frame::own(answer));
        }
    }
}
