//! Calls that peers make.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use libp2p::PeerId;
use tokio::sync::Semaphore;

use crate::access::Caller;
use crate::node::codec::{Answer, Answered, Frame};
use crate::node::config::Limits;
use crate::rpc::{Service, dispatch, refuse};

/// Turns requests into handlers at work.
pub(super) struct Inbound {
    service: Service,
    /// A place for each call that may be answered at once.
    places: Arc<Semaphore>,
    most: u32,
    deadline: Duration,
    longest: usize,
}

impl Inbound {
    pub(super) fn new(service: Service, limits: &Limits) -> Self {
        let most = limits.calls.min(Semaphore::MAX_PERMITS).try_into().unwrap_or(u32::MAX);
        Self {
            service,
            places: Arc::new(Semaphore::new(most as usize)),
            most,
            deadline: limits.handler,
            longest: limits.message_bytes,
        }
    }

    /// The answer to a request, once its handler has it.
    pub(super) fn answer(&self, (peer, host): (PeerId, Option<IpAddr>), request: Frame) -> Answer {
        let caller = Caller::Peer { id: peer, host };
        let (service, deadline, longest) = (self.service.clone(), self.deadline, self.longest);
        let place = Arc::clone(&self.places).try_acquire_owned().ok();
        let handler = async move {
            let bytes = if place.is_none() {
                refuse(request.bytes.clone(), "Too many calls are under way.")
            } else {
                dispatch(service, caller, request.bytes.clone(), deadline).await
            };
            let bytes = if bytes.len() > longest {
                refuse(request.bytes.clone(), "The answer is too long.")
            } else {
                bytes
            };
            Answered::new(bytes, place)
        };
        Answer(handler.boxed())
    }

    /// Waits until every answer that was under way is written or given up.
    pub(super) async fn ended(&self) {
        let _all_places = self.places.acquire_many(self.most).await;
    }
}
