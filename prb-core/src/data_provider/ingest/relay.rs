//! The relay chain, segment by segment.

use std::time::Duration;

use futures::StreamExt;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};

use super::error::IngestError;
use super::history::{self, Candidate, Finality, Justified, Round};
use super::tip::{Tip, Tips};
use super::{Context, EARLY};
use crate::chain::verify::segment::{RelayPosition, Segment};
use crate::scale::header::EncodedHeader;
use crate::store::StoreError;

use super::super::status::{Stage, height};

/// So close to the tip announced justifications are waited for rather than asked.
const NEAR: u32 = 64;
/// How long one may stay out after its block is final.
const GRACE: Duration = Duration::from_millis(400);

/// How to get the next segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// There is nothing new.
    Wait,
    /// A justification will be announced any moment.
    Grace,
    /// Take the announced justification.
    Announced,
    /// Ask for a proof.
    Prove,
}

fn next_step(next: u32, tip: &Tip, grace_over: bool) -> Step {
    let ahead = |number: u32| number.checked_sub(next);
    let announced = tip.announced.as_ref().and_then(|announced| ahead(announced.number));
    let finalized = tip.finalized.as_ref().and_then(|head| ahead(head.number()));
    match (announced, finalized) {
        (Some(distance), _) if distance < NEAR => Step::Announced,
        (None, Some(distance)) if distance < NEAR && tip.announcing && !grace_over => Step::Grace,
        (None, None) => Step::Wait,
        _ => Step::Prove,
    }
}

/// Verifies segments in order and hands them on, until cancelled.
pub(super) async fn run(
    context: &Context,
    para_id: u32,
    position: RelayPosition,
    tips: &Tips,
    verified: mpsc::Sender<Segment>,
) -> Result<(), StoreError> {
    let mut news = tips.subscribe();
    let mut chain = Chain { context, para_id, position, verified };
    let mut failures = 0;
    let mut last_progress = Instant::now();
    let mut grace_over = false;
    loop {
        let tip = news.borrow_and_update().clone();
        let next = chain.position.next();
        let wait = match next_step(next, &tip, grace_over) {
            Step::Wait => context.stall_after.saturating_sub(last_progress.elapsed()),
            Step::Grace => {
                grace_over = true;
                GRACE
            }
            step => {
                let trying = chain.follow(&tip, step);
                let tried = tokio::select! {
                    tried = trying => tried,
                    () = context.cancel.cancelled() => return Ok(()),
                };
                if chain.position.next() > next {
                    (failures, grace_over, last_progress) = (0, false, Instant::now());
                }
                match tried {
                    Ok(true) => continue,
                    Ok(false) => return Ok(()),
                    Err(IngestError::Store(error)) => return Err(error),
                    Err(IngestError::NotYet(reason)) => {
                        if last_progress.elapsed() > context.stall_after {
                            stalled(context, reason);
                        }
                        EARLY
                    }
                    Err(error) => {
                        failures += 1;
                        if matches!(error, IngestError::Refused(_)) {
                            tips.forget_announced();
                        }
                        context.failed(Stage::Relay, &*context.relay, &error, failures - 1)
                    }
                }
            }
        };
        if wait.is_zero() {
            let last = tip.finalized.as_ref().map_or(-1, |head| height(head.number()));
            let endpoint = context.relay.endpoint();
            let silence = format!("{endpoint} has announced no final block after {last}");
            stalled(context, format!("{silence} for {:?}", last_progress.elapsed()));
            last_progress = Instant::now();
            continue;
        }
        tokio::select! {
            () = wait_for_news(&mut news, wait, failures > 0) => {}
            () = context.cancel.cancelled() => return Ok(()),
        }
    }
}

fn stalled(context: &Context, reason: String) {
    tracing::warn!(stage = %Stage::Relay, reason, "stalled");
    context.progress.problem(Stage::Relay, reason);
}

/// Waits for news; while backing off, for the time to pass whatever comes.
async fn wait_for_news(news: &mut watch::Receiver<Tip>, wait: Duration, backing_off: bool) {
    if backing_off {
        tokio::time::sleep(wait).await;
    } else {
        // The sender lives as long as the stages.
        let _ = timeout(wait, news.changed()).await;
    }
}

/// The relay chain as far as it is verified, and who takes what comes next.
struct Chain<'a> {
    context: &'a Context,
    para_id: u32,
    position: RelayPosition,
    verified: mpsc::Sender<Segment>,
}

impl Chain<'_> {
    /// Goes on by the given step or, where that gives nothing, by the others; `false` when nobody
    /// takes segments any more.
    async fn follow(&mut self, tip: &Tip, step: Step) -> Result<bool, IngestError> {
        let round = Round::new(&self.context.relay);
        if step == Step::Prove {
            let before = self.position.next();
            let going_on = self.follow_periods(round.clone(), tip.newest()).await?;
            if !going_on || self.position.next() > before {
                return Ok(going_on);
            }
        }
        let justified = self.justified(&round, tip, step).await?;
        let candidate = history::complete(&round, self.para_id, justified).await?;
        self.take(&round, candidate).await
    }

    /// Takes all that one node proves up to block `last`, verifying a period while the next ones
    /// are fetched.
    async fn follow_periods(&mut self, round: Round, last: u32) -> Result<bool, IngestError> {
        let (fetched, mut candidates) = mpsc::channel(1);
        let next = self.position.next();
        let periods = history::periods(round.clone(), self.para_id, next, last);
        let fetching = async move {
            let mut periods = std::pin::pin!(periods);
            while let Some(candidate) = periods.next().await {
                if fetched.send(candidate).await.is_err() {
                    return;
                }
            }
        };
        let taking = async {
            while let Some(candidate) = candidates.recv().await {
                if !self.take(&round, candidate?).await? {
                    return Ok(false);
                }
            }
            Ok(true)
        };
        let (mut fetching, mut taking) = (std::pin::pin!(fetching), std::pin::pin!(taking));
        tokio::select! {
            taken = &mut taking => taken,
            () = &mut fetching => taking.await,
        }
    }

    /// Verifies a segment and hands it on.
    async fn take(&mut self, round: &Round, candidate: Candidate) -> Result<bool, IngestError> {
        let (segment, position) = round.verify(&self.position, self.para_id, candidate).await?;
        tracing::debug!(
            from = self.position.next(),
            to = position.number,
            set = segment.set_id,
            "verified relay segment"
        );
        self.position = position;
        let height = height(self.position.number);
        self.context.progress.went_on(Stage::Relay);
        self.context.progress.update(|info| {
            info.parent_fetched_height = height;
            info.parent_processed_height = height;
            info.parent_target = info.parent_target.max(height);
        });
        Ok(self.verified.send(segment).await.is_ok())
    }

    async fn justified(
        &self,
        round: &Round,
        tip: &Tip,
        step: Step,
    ) -> Result<Justified, IngestError> {
        let position = &self.position;
        let announced = tip.announced.as_ref().filter(|found| found.number >= position.next());
        if let (Step::Announced, Some(announced)) = (step, announced)
            && let Some(justified) = history::announced(round, position, announced).await?
        {
            return Ok(justified);
        }
        let finalized = tip.finalized.as_ref().map_or(0, EncodedHeader::number);
        let unable = match history::prove(round, position.next()).await? {
            Finality::Proven(justified) => return Ok(justified),
            Finality::Unproven => false,
            Finality::Unable => true,
        };
        if unable && let Some(justified) = history::scan(round, position, finalized).await? {
            return Ok(justified);
        }
        if let Some(announced) = announced
            && let Some(justified) = history::announced(round, position, announced).await?
        {
            return Ok(justified);
        }
        if let Some(finalized) = tip.finalized.as_ref().filter(|f| f.number() >= position.next())
            && let Some(justified) = history::stored(round, position, finalized).await?
        {
            return Ok(justified);
        }
        // Block by block: a node keeps the justification of every change of authorities at least.
        if !unable && let Some(justified) = history::scan(round, position, finalized).await? {
            return Ok(justified);
        }
        Err(IngestError::NotYet(format!(
            "{} has no justification for relay block {} or a later one",
            round.node.endpoint(),
            position.next()
        )))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use subxt::utils::H256;

    use super::super::tip::Announced;
    use super::*;
    use crate::chain::recorded::Recorded;
    use crate::scale::header::Header;

    fn tip(finalized: Option<u32>, announced: Option<u32>, announcing: bool) -> Tip {
        let head = |number| {
            EncodedHeader::from(Header {
                parent_hash: H256::zero(),
                number,
                state_root: H256::zero(),
                extrinsics_root: H256::zero(),
                digest: Vec::new(),
            })
        };
        let announced = announced.map(|number| Announced {
            by: Arc::new(Recorded::relay(0)),
            number,
            hash: H256::zero(),
            justification: Bytes::new(),
        });
        Tip { finalized: finalized.map(head), announced, announcing }
    }

    #[test]
    fn at_the_tip_announced_justifications_come_first_and_far_from_it_proofs() {
        for (finalized, announced, announcing, grace_over, step) in [
            (None, None, false, false, Step::Wait),
            (Some(9), None, true, false, Step::Wait),
            (Some(9), Some(9), true, false, Step::Wait),
            (Some(10), Some(9), true, false, Step::Grace),
            (Some(10), Some(9), true, true, Step::Prove),
            (Some(10), None, false, false, Step::Prove),
            (Some(10), Some(10), true, false, Step::Announced),
            (Some(9), Some(12), true, false, Step::Announced),
            (Some(5000), Some(4999), true, false, Step::Prove),
            (Some(5000), None, true, false, Step::Prove),
        ] {
            let tip = tip(finalized, announced, announcing);
            assert_eq!(next_step(10, &tip, grace_over), step, "{finalized:?} {announced:?}");
        }
    }
}
