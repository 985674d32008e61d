//! Lets one worker live: waits for what may happen, and has done what its life asks for.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::machine::{Call, Event, Life, Phase, Told, step};
use super::report::Cell;
use super::shared::Shared;

mod cause;
mod earn;
mod feed;
mod gatekeeper;
mod hands;
mod load;
mod publish;
mod register;

pub(crate) use hands::{Assignment, Hands};

/// A worker's task.
pub(crate) struct Worker {
    shared: Arc<Shared>,
    life: Life,
    hands: Hands,
    told: mpsc::Receiver<Told>,
    cell: Arc<Cell>,
    stop: CancellationToken,
    tip: watch::Receiver<Option<super::blobs::Tip>>,
    view: watch::Receiver<Option<u32>>,
}

/// What a worker's task does next.
enum Next {
    Call(Call),
    Rest,
    Stop,
}

impl Worker {
    /// A worker that does nothing yet.
    pub(crate) fn new(
        shared: Arc<Shared>,
        assignment: watch::Receiver<Arc<Assignment>>,
        told: mpsc::Receiver<Told>,
        cell: Arc<Cell>,
        stop: CancellationToken,
    ) -> Self {
        let (tip, view) = (shared.blobs.tip(), shared.view.moved());
        let life = Life::new(shared.now());
        let hands = Hands::new(shared.clone(), assignment, cell.clone());
        Self { shared, life, hands, told, cell, stop, tip, view }
    }

    /// Lives until it is stopped; a call in flight is waited for.
    pub(crate) async fn run(mut self) {
        let policy = self.hands.policy();
        let mut next = self.apply(Event::Told(Told::Configure(policy)));
        loop {
            next = match next {
                Next::Call(call) => self.carry_out(call).await,
                Next::Rest => self.rest().await,
                Next::Stop => return,
            };
        }
    }

    fn apply(&mut self, event: Event) -> Next {
        let step = step(&self.life, event, self.shared.now());
        self.life = step.life;
        self.cell.lives(&self.life, &self.shared);
        step.call.map_or(Next::Rest, Next::Call)
    }

    /// Does what is asked for. An operator's will may end it early.
    async fn carry_out(&mut self, call: Call) -> Next {
        let Self { shared, life, hands, told, cell, stop, .. } = self;
        let mut stopping = false;
        let event = {
            // In memory of its own: a worker at rest does not need it, and most are at rest.
            let mut work = Box::pin(hands.perform(call));
            loop {
                tokio::select! {
                    biased;
                    () = stop.cancelled(), if !stopping => stopping = true,
                    Some(will) = told.recv() => {
                        let step = step(life, Event::Told(will), shared.now());
                        *life = step.life;
                        cell.lives(life, shared);
                        if step.cancel {
                            return step.call.map_or(Next::Rest, Next::Call);
                        }
                    }
                    event = &mut work => break event,
                }
            }
        };
        let next = self.apply(event);
        if stopping { Next::Stop } else { next }
    }

    async fn rest(&mut self) -> Next {
        let wake = self.life.wake_at().map_or(Duration::from_hours(1), |at| {
            Duration::from_millis(at.saturating_sub(self.shared.now()))
        });
        let waits = self.life.waits_for_tip();
        let idle = matches!(
            self.life.phase(),
            Phase::Disabled | Phase::Kicked | Phase::Drained | Phase::Failing
        );
        let left_alone = idle && !waits;
        if left_alone || self.hands.policy().sync_only {
            self.hands.give_up_key();
        }
        if left_alone {
            self.hands.give_up_turn();
        }
        // One that earns already is judged with the next block; others as soon as the chain's
        // state is known.
        let watches_view = waits && self.life.phase() == Phase::Preparing;
        tokio::select! {
            () = self.stop.cancelled() => Next::Stop,
            Some(will) = self.told.recv() => self.apply(Event::Told(will)),
            Ok(()) = self.tip.changed(), if waits => self.apply(Event::TipMoved),
            Ok(()) = self.view.changed(), if watches_view => self.apply(Event::TipMoved),
            () = tokio::time::sleep(wake) => self.apply(Event::TimeCame),
        }
    }
}
