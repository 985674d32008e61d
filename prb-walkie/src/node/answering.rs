//! Calls that peers make.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::config::Limits;
use crate::access::Caller;
use crate::rpc::{Service, dispatch, refuse, turn_away};

/// Turns requests into answers. Clones share their places.
#[derive(Clone)]
pub(super) struct Answering {
    service: Service,
    /// A place for each call that may be answered at once.
    places: Arc<Semaphore>,
    most: u32,
    deadline: Duration,
    longest: usize,
}

/// An answer, which holds its place among the calls under way until it is written.
pub(super) struct Answer {
    pub(super) bytes: Bytes,
    _place: Option<OwnedSemaphorePermit>,
}

impl Answering {
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

    /// The answer to a request.
    pub(super) async fn answer(self, caller: Caller, request: &Bytes) -> Answer {
        let place = Arc::clone(&self.places).try_acquire_owned().ok();
        let bytes = if place.is_none() {
            turn_away(&self.service, request.clone())
        } else {
            dispatch(self.service, caller, request.clone(), self.deadline).await
        };
        let bytes = if bytes.len() > self.longest {
            refuse(request.clone(), "The answer is too long.")
        } else {
            bytes
        };
        Answer { bytes, _place: place }
    }

    /// Waits until every answer that was under way is written or given up.
    pub(super) async fn ended(&self) {
        let _all_places = self.places.acquire_many(self.most).await;
    }
}
