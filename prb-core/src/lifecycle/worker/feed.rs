//! Sends a worker what it needs next.

use futures::FutureExt;
use futures::future::try_join;

use super::cause::{Failure, fail};
use super::hands::Hands;
use crate::lifecycle::machine::{Cause, Event};
use crate::lifecycle::sync::plan::{Available, Counters, Need, Plan, Request, plan};
use crate::pruntime::{Method, PruntimeError, proto};

impl Hands {
    pub(super) async fn feed(&mut self) -> Result<Event, Failure> {
        let Some(counters) = self.known.as_ref().map(|known| known.counters) else {
            return fail(Cause::CountersMoved, "the worker was not asked yet where it stands");
        };
        match self.feed_from(counters).await {
            Err(failure) if failure.cause == Cause::NoData => {
                Err(self.before_the_beginning(counters).await.unwrap_or(failure))
            }
            other => other,
        }
    }

    /// Whether what is missing is from before the block that the data provider began with.
    async fn before_the_beginning(&self, counters: Counters) -> Option<Failure> {
        let info = self.shared.blobs.info().await.ok()?;
        let start = u32::try_from(info.para_start_header).ok()?;
        // Its state is kept in place of its storage changes.
        if counters.para >= start && counters.block > start {
            return None;
        }
        let next = counters.para.min(counters.block);
        let text = format!(
            "the worker does not begin with a later state and goes on at parachain block {next}, \
             but the data provider's history begins at {start} (light mode): one with the whole \
             history is waited for"
        );
        Some(Failure { cause: Cause::NoHistory, text })
    }

    async fn feed_from(&mut self, counters: Counters) -> Result<Event, Failure> {
        let available = self.available(counters).await?;
        let request = match plan(counters, &available, &self.shared.config.limits) {
            Plan::Send(request) => request,
            Plan::Load(number) => return self.load(number, counters).await,
            Plan::Stuck(stuck) => return fail(Cause::Stuck, stuck.to_string()),
            Plan::Need(Need::Block(number)) => {
                let text = format!("the data provider does not have parachain block {number} yet");
                return fail(Cause::NoData, text);
            }
            Plan::Need(Need::Segment(number)) => return self.no_segment(number),
        };
        let after = match self.send(request, counters).await {
            Ok(after) => after,
            Err(failure) => {
                if matches!(failure.cause, Cause::Refused | Cause::BadBlock) {
                    self.shared.blobs.forget(request).await;
                }
                return Err(failure);
            }
        };
        self.stands(after);
        let moved = (counters.relay, counters.para, counters.block)
            != (after.relay, after.para, after.block);
        if !moved {
            return fail(Cause::CountersMoved, format!("the worker took {request:?} for nothing"));
        }
        Ok(Event::Fed { behind: self.behind(), blocks: matches!(request, Request::Blocks(_)) })
    }

    pub(super) fn stands(&mut self, counters: Counters) {
        if let Some(known) = &mut self.known {
            known.counters = counters;
        }
        self.cell.stands(counters, &self.shared);
        self.let_others_speak_if_behind();
    }

    fn no_segment(&self, number: u32) -> Result<Event, Failure> {
        match *self.shared.blobs.tip().borrow() {
            Some(tip) if number > tip.relay => Ok(Event::CaughtUp),
            Some(_) => {
                fail(Cause::NoData, format!("the data provider does not have relay block {number}"))
            }
            None => fail(Cause::NoData, "the data provider has nothing yet"),
        }
    }

    async fn available(&self, counters: Counters) -> Result<Available, Failure> {
        let blobs = &self.shared.blobs;
        let limits = &self.shared.config.limits;
        let (states, known_at) = self.start_states().await?;
        let mut available = Available { states, known_at, ..Available::default() };
        if counters.block < counters.para {
            available.block_bytes = blobs.block_sizes(counters.block).await?;
            return Ok(available);
        }
        if let Some(standing) = counters.relay.checked_sub(1).filter(|_| counters.root_waiting) {
            let segment = blobs.segment(standing).await?.map(|segment| segment.plan());
            available.standing = segment.filter(|segment| segment.to == standing);
        }
        let (mut next, mut bytes) = (counters.relay, 0);
        while available.segments.len() < limits.segments && bytes <= limits.bytes {
            let Some(segment) = blobs.segment(next).await? else { break };
            let segment = segment.plan();
            available.segments.push(segment);
            bytes += segment.bytes;
            if segment.changes_set {
                break;
            }
            next = segment.to + 1;
        }
        Ok(available)
    }

    /// Sends a request; gives the counters after it.
    async fn send(&self, request: Request, before: Counters) -> Result<Counters, Failure> {
        let body = self.shared.blobs.body(request).await?;
        let pruntime = &self.pruntime;
        // A counter of 0 is told as the largest number.
        let next = |synced_to: u32| synced_to.wrapping_add(1);
        let sent = async {
            match request {
                Request::Relay { .. } => pruntime.send(Method::SyncHeader, body).await.map(
                    |proto::SyncedTo { synced_to }| Counters {
                        relay: next(synced_to),
                        root_waiting: true,
                        ..before
                    },
                ),
                Request::Combined { .. } => pruntime
                    .send(Method::SyncCombinedHeaders, body)
                    .await
                    .map(|answer: proto::HeadersSyncedTo| Counters {
                        relay: next(answer.relaychain_synced_to),
                        para: next(answer.parachain_synced_to),
                        root_waiting: false,
                        ..before
                    }),
                Request::Para { .. } => pruntime.send(Method::SyncParaHeader, body).await.map(
                    |proto::SyncedTo { synced_to }| Counters {
                        para: next(synced_to),
                        root_waiting: false,
                        ..before
                    },
                ),
                Request::Blocks(_) => pruntime.send(Method::DispatchBlocks, body).await.map(
                    |proto::SyncedTo { synced_to }| Counters { block: next(synced_to), ..before },
                ),
            }
        };
        // While the worker is busy; it cannot go on without that anyway.
        let ahead = self.shared.blobs.fetch_after(request).map(Ok);
        let result = try_join(sent, ahead).await.map(|(after, ())| after);
        if let Some(mismatch) = result.as_ref().err().and_then(PruntimeError::state_root_mismatch) {
            tracing::warn!(
                block = mismatch.block,
                expected = mismatch.expected,
                actual = mismatch.actual,
                "a worker got another state root; the block is fetched anew"
            );
            self.shared.blobs.report_bad_block(mismatch.block).await?;
        }
        Ok(result?)
    }
}
