//! The calls of one connection, in its task.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use libp2p::StreamProtocol;
use libp2p::core::upgrade::ReadyUpgrade;
use libp2p::swarm::handler::{
    ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, FullyNegotiatedOutbound,
};
use libp2p::swarm::{
    ConnectionHandler, ConnectionHandlerEvent, StreamUpgradeError, SubstreamProtocol,
};
use tokio::sync::mpsc;

use crate::access::Caller;
use crate::node::answering::Answering;
use crate::node::call::Call;
use crate::node::error::NoAnswer;
use crate::node::stream::{PROTOCOL, Streams};

type Upgrade = ReadyUpgrade<StreamProtocol>;

pub(in crate::node) struct Handler {
    /// Calls to make.
    calls: mpsc::Receiver<Call>,
    /// Calls that wait for a stream, in the order they asked for one. Any stream will do.
    opening: VecDeque<Call>,
    /// Calls under way, in both directions.
    under_way: FuturesUnordered<BoxFuture<'static, ()>>,
    most: usize,
    caller: Caller,
    answering: Answering,
    streams: Streams,
}

impl Handler {
    pub(super) fn new(
        calls: mpsc::Receiver<Call>,
        caller: Caller,
        answering: Answering,
        streams: Streams,
        most: usize,
    ) -> Self {
        Self {
            calls,
            opening: VecDeque::new(),
            under_way: FuturesUnordered::new(),
            most,
            caller,
            answering,
            streams,
        }
    }

    fn has_room(&self) -> bool {
        self.opening.len() + self.under_way.len() < self.most
    }

    fn refuse(&mut self, error: &StreamUpgradeError<Infallible>) {
        let reason = match error {
            StreamUpgradeError::NegotiationFailed => format!("it does not speak {PROTOCOL}"),
            StreamUpgradeError::Timeout => "no stream could be opened in time".to_owned(),
            StreamUpgradeError::Io(error) => error.to_string(),
            StreamUpgradeError::Apply(never) => match *never {},
        };
        if let Some(call) = self.opening.pop_front() {
            call.end(Err(NoAnswer::Unreachable(reason)));
        }
    }
}

impl ConnectionHandler for Handler {
    type FromBehaviour = Infallible;
    type ToBehaviour = Infallible;
    type InboundProtocol = Upgrade;
    type OutboundProtocol = Upgrade;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = ();

    fn listen_protocol(&self) -> SubstreamProtocol<Upgrade> {
        SubstreamProtocol::new(ReadyUpgrade::new(PROTOCOL), ())
    }

    fn on_behaviour_event(&mut self, event: Infallible) {
        match event {}
    }

    fn poll(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<Upgrade, (), Infallible>> {
        while let Poll::Ready(Some(())) = self.under_way.poll_next_unpin(context) {}
        while self.has_room() {
            let Poll::Ready(Some(call)) = self.calls.poll_recv(context) else { break };
            if call.reply.is_awaited() {
                self.opening.push_back(call);
                let protocol = self.listen_protocol();
                return Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol });
            }
        }
        Poll::Pending
    }

    fn on_connection_event(&mut self, event: ConnectionEvent<Upgrade, Upgrade>) {
        match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound {
                protocol: stream,
                ..
            }) => {
                if self.has_room() {
                    let (caller, answering) = (self.caller.clone(), self.answering.clone());
                    let answer = self.streams.clone().answer(stream, caller, answering);
                    self.under_way.push(answer.boxed());
                } else {
                    tracing::debug!(caller = %self.caller, "too many calls on one connection");
                }
            }
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound {
                protocol: stream,
                ..
            }) => {
                if let Some(call) = self.opening.pop_front() {
                    self.under_way.push(self.streams.clone().ask(stream, call).boxed());
                }
            }
            ConnectionEvent::DialUpgradeError(DialUpgradeError { error, .. }) => {
                self.refuse(&error);
            }
            _ => {}
        }
    }
}
