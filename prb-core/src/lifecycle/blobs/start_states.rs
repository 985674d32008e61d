//! Full states for workers to begin with: one is fetched once for all who wait for it, and lives
//! as long as somebody does.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use prb_walkie::proto::data_provider::{State, StatePart, States};
use prost::Message;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::Blobs;
use crate::blob::{BlobError, BlobKey};
use crate::lifecycle::sync::start_state::{StartState, StartStateBuilder, StartStateError};
use crate::scale::header::EncodedHeader;

/// Each load is a hundred megabytes and more on the wire.
const LOADS_AT_ONCE: usize = 2;

/// A provider keeps two.
const MAX_UNUSABLE: usize = 64;

/// What is known of full states.
pub(super) struct StartStates {
    /// The one that was fetched last. Held while the next is.
    fetched: tokio::sync::Mutex<Weak<StartState>>,
    /// Those that no worker may begin with.
    unusable: Mutex<BTreeSet<u32>>,
    loads: Semaphore,
}

impl Default for StartStates {
    fn default() -> Self {
        Self {
            fetched: tokio::sync::Mutex::default(),
            unusable: Mutex::default(),
            loads: Semaphore::new(LOADS_AT_ONCE),
        }
    }
}

/// Why a state is not at hand.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchStateError {
    /// The provider failed.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The provider does not keep it any more.
    #[error("the data provider keeps the state of parachain block {0} no longer")]
    Gone(u32),
    /// No worker may begin with it; it is not offered again.
    #[error("the state of parachain block {number} is of no use: {reason}")]
    Unusable {
        /// The block.
        number: u32,
        /// Why.
        reason: StartStateError,
    },
}

impl Blobs {
    /// The blocks whose states the provider keeps and workers may begin with.
    pub(crate) async fn start_states(&self) -> Result<Vec<u32>, BlobError> {
        let mut states = self.kept_states().await?;
        let unusable = self.start_states.unusable();
        states.retain(|state| !unusable.contains(&state.number));
        Ok(states.into_iter().map(|state| state.number).collect())
    }

    /// A state, fetched by the first who needs it and checked against its block's header.
    pub(crate) async fn start_state(
        &self,
        number: u32,
    ) -> Result<Arc<StartState>, FetchStateError> {
        let mut fetched = self.start_states.fetched.lock().await;
        if let Some(state) = fetched.upgrade().filter(|state| state.number() == number) {
            return Ok(state);
        }
        match self.fetch_state(number).await {
            Ok(state) => {
                let state = Arc::new(state);
                *fetched = Arc::downgrade(&state);
                Ok(state)
            }
            Err(error) => {
                if let FetchStateError::Unusable { reason, .. } = &error {
                    let part = BlobKey::StatePart { number, part: 0 };
                    self.source.distrust(part, &reason.to_string());
                    self.start_states.exclude(number);
                }
                Err(error)
            }
        }
    }

    /// A turn to give a worker its state, if there is one: only so many are given at once.
    pub(crate) fn turn_to_load(&self) -> Option<SemaphorePermit<'_>> {
        self.start_states.loads.try_acquire().ok()
    }

    async fn kept_states(&self) -> Result<Vec<State>, BlobError> {
        let key = BlobKey::States;
        let Some(bytes) = self.fetch(key).await? else { return Ok(Vec::new()) };
        let malformed =
            |error: prost::DecodeError| BlobError::Malformed { key, reason: error.to_string() };
        Ok(States::decode(bytes).map_err(malformed)?.states)
    }

    async fn fetch_state(&self, number: u32) -> Result<StartState, FetchStateError> {
        let unusable = |reason| FetchStateError::Unusable { number, reason };
        let gone = || FetchStateError::Gone(number);
        let states = self.kept_states().await?;
        let state = states.into_iter().find(|state| state.number == number).ok_or_else(gone)?;
        let key = BlobKey::Headers(number);
        let header = self.header(number).await?.ok_or_else(gone)?;
        let header = EncodedHeader::decode(header)
            .map_err(|error| BlobError::Malformed { key, reason: error.to_string() })?;
        let mut builder = StartStateBuilder::new(number, state.bytes).map_err(unusable)?;
        for part in 0..state.parts {
            let key = BlobKey::StatePart { number, part };
            let bytes = self.fetch(key).await?.ok_or_else(gone)?;
            let part = StatePart::decode(bytes)
                .map_err(|error| BlobError::Malformed { key, reason: error.to_string() })?;
            builder.push(&part.data).map_err(unusable)?;
        }
        let root = header.header().state_root;
        let checking = tokio::task::spawn_blocking(move || builder.check(root));
        checking.await.map_err(|_| BlobError::Stopping)?.map_err(unusable)
    }
}

impl StartStates {
    fn unusable(&self) -> std::sync::MutexGuard<'_, BTreeSet<u32>> {
        self.unusable.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn exclude(&self, number: u32) {
        let mut unusable = self.unusable();
        unusable.insert(number);
        if unusable.len() > MAX_UNUSABLE {
            unusable.pop_first();
        }
    }
}
