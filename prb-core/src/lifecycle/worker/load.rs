//! Lets a fresh worker begin with a later state than the genesis'.

use super::cause::{Failure, fail};
use super::hands::Hands;
use crate::lifecycle::StartFrom;
use crate::lifecycle::blobs::FetchStateError;
use crate::lifecycle::chain_view::first_known;
use crate::lifecycle::machine::{Cause, Event};
use crate::lifecycle::sync::plan::Counters;
use crate::pruntime::{Method, PruntimeError, proto};

/// A worker that twice broke off while it was given a state begins with the genesis.
const MAX_ATTEMPTS: u32 = 2;

impl Hands {
    /// The states that the worker may begin with, and the first block that knows it.
    pub(super) async fn start_states(&self) -> Result<(Vec<u32>, Option<u32>), Failure> {
        let known = self.known.as_ref();
        let key = known.filter(|known| known.counters.takes_state).and_then(|it| it.public_key);
        // One that begins late never learns what a gatekeeper has to know.
        let late = self.shared.config.start_from == StartFrom::KeptState
            && !self.assignment().record.gatekeeper;
        let fit = |key: &[u8; 32]| late && self.attempts(key) < MAX_ATTEMPTS;
        let Some(key) = key.filter(fit) else {
            return Ok((Vec::new(), None));
        };
        let states = self.shared.blobs.start_states().await?;
        if states.is_empty() {
            return Ok((states, None));
        }
        let known_at = self.shared.view.look(|values| first_known(values, &key)).await?;
        Ok((states, known_at))
    }

    /// Waits no longer to be given a state, and keeps none in memory for it.
    pub(super) fn give_up_turn(&mut self) {
        self.start_state = None;
    }

    /// How often in a row this worker could not be given a state.
    fn attempts(&self, key: &[u8; 32]) -> u32 {
        self.failed_loads.filter(|(of, _)| of == key).map_or(0, |(_, attempts)| attempts)
    }

    /// Gives it the state of a block.
    pub(super) async fn load(&mut self, number: u32, before: Counters) -> Result<Event, Failure> {
        let kept = self.start_state.take().filter(|state| state.number() == number);
        let state = match kept {
            Some(state) => state,
            None => self.shared.blobs.start_state(number).await?,
        };
        let shared = self.shared.clone();
        let Some(_turn) = shared.blobs.turn_to_load() else {
            // It stays at hand for as long as somebody waits for a turn.
            self.start_state = Some(state);
            return fail(
                Cause::Busy,
                format!("others are given the state of parachain block {number}; it is next"),
            );
        };
        match self.pruntime.send(Method::LoadChainState, state.request()).await {
            Ok(proto::Empty {}) => {
                tracing::info!(number, "the worker begins with the state of a later block");
                self.stands(Counters {
                    para: number,
                    block: number.saturating_add(1),
                    takes_state: false,
                    ..before
                });
                Ok(Event::Fed { behind: self.behind(), blocks: false })
            }
            Err(error) if error.is_rcu_refusal() => Err(error.into()),
            Err(error) => {
                let key = self.known.as_ref().and_then(|known| known.public_key);
                self.failed_loads = key.map(|key| match error {
                    PruntimeError::Refused { .. } => (key, MAX_ATTEMPTS),
                    _ => (key, self.attempts(&key).saturating_add(1)),
                });
                tracing::warn!(number, %error, "the worker does not take the state of a later block");
                // However it refuses, it begins with the genesis.
                let Failure { cause, text } = error.into();
                let cause = if cause == Cause::Stuck { Cause::Refused } else { cause };
                fail(cause, text)
            }
        }
    }
}

impl From<FetchStateError> for Failure {
    fn from(error: FetchStateError) -> Self {
        Self { cause: Cause::NoData, text: error.to_string() }
    }
}
