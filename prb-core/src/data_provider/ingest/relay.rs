//! The relay chain, segment by segment.

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};

use super::error::IngestError;
use super::history::{self, Finality, Justified};
use super::tip::{Tip, Tips};
use super::{Context, EARLY};
use crate::chain::verify::segment::{self, RelayPosition, Segment};
use crate::scale::header::EncodedHeader;
use crate::store::StoreError;

use super::super::status::{Stage, height};

/// So close to the tip announced justifications are waited for rather than asked.
const NEAR: u32 = 64;
/// How long one may stay out after its block is final.
const GRACE: Duration = Duration::from_millis(400);
/// No progress for so long, with final blocks to come, is a problem worth saying.
const STALL: Duration = Duration::from_mins(1);

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
    mut position: RelayPosition,
    tips: &Tips,
    verified: mpsc::Sender<Segment>,
) -> Result<(), StoreError> {
    let mut news = tips.subscribe();
    let mut failures = 0;
    let mut last_progress = Instant::now();
    let mut grace_over = false;
    loop {
        let tip = news.borrow_and_update().clone();
        let wait = match next_step(position.next(), &tip, grace_over) {
            Step::Wait => {
                last_progress = Instant::now();
                Duration::MAX
            }
            Step::Grace => {
                grace_over = true;
                GRACE
            }
            step => match try_next(context, para_id, &position, &tip, step).await {
                Ok(None) => return Ok(()),
                Ok(Some((segment, next))) => {
                    tracing::debug!(
                        from = position.next(),
                        to = next.number,
                        set = segment.set_id,
                        "verified relay segment"
                    );
                    (failures, grace_over, last_progress) = (0, false, Instant::now());
                    position = next;
                    let height = height(position.number);
                    context.progress.went_on(Stage::Relay);
                    context.progress.update(|info| {
                        info.parent_fetched_height = height;
                        info.parent_processed_height = height;
                        info.parent_target = info.parent_target.max(height);
                    });
                    tokio::select! {
                        sent = verified.send(segment) => if sent.is_err() { return Ok(()) },
                        () = context.cancel.cancelled() => return Ok(()),
                    }
                    continue;
                }
                Err(IngestError::Store(error)) => return Err(error),
                Err(IngestError::NotYet(reason)) => {
                    if last_progress.elapsed() > STALL {
                        tracing::warn!(stage = %Stage::Relay, reason, "stalled");
                        context.progress.problem(Stage::Relay, reason);
                    }
                    EARLY
                }
                Err(error) => {
                    failures += 1;
                    context.failed(Stage::Relay, &*context.relay, &error, failures - 1)
                }
            },
        };
        tokio::select! {
            () = wait_for_news(&mut news, wait, failures > 0) => {}
            () = context.cancel.cancelled() => return Ok(()),
        }
    }
}

/// Waits for news; while backing off, for the time to pass whatever comes.
async fn wait_for_news(news: &mut watch::Receiver<Tip>, wait: Duration, backing_off: bool) {
    if backing_off {
        tokio::time::sleep(wait).await;
    } else if wait == Duration::MAX {
        // The sender lives as long as the stages.
        let _ = news.changed().await;
    } else {
        let _ = timeout(wait, news.changed()).await;
    }
}

/// The next segment by the given step or, where that gives nothing, by the others. `None` when
/// stopping.
async fn try_next(
    context: &Context,
    para_id: u32,
    position: &RelayPosition,
    tip: &Tip,
    step: Step,
) -> Result<Option<(Segment, RelayPosition)>, IngestError> {
    let trying = async {
        let justified = justified(context, position, tip, step).await?;
        let candidate = history::complete(&*context.relay, para_id, justified).await?;
        let from = position.clone();
        // A period of many headers and signatures keeps a thread for a while.
        let checked =
            tokio::task::spawn_blocking(move || segment::verify(&from, para_id, candidate));
        let checked = checked.await.map_err(|error| IngestError::NotYet(error.to_string()))?;
        let wrong = |error: segment::SegmentError| {
            history::refused(&*context.relay, position.next(), error.to_string())
        };
        Ok(checked.map_err(wrong)?)
    };
    tokio::select! {
        result = trying => result.map(Some),
        () = context.cancel.cancelled() => Ok(None),
    }
}

async fn justified(
    context: &Context,
    position: &RelayPosition,
    tip: &Tip,
    step: Step,
) -> Result<Justified, IngestError> {
    let relay = &*context.relay;
    let announced = tip.announced.as_ref().filter(|announced| announced.number >= position.next());
    if let (Step::Announced, Some(announced)) = (step, announced)
        && let Some(justified) = history::announced(relay, position, announced).await?
    {
        return Ok(justified);
    }
    match history::prove(relay, position).await? {
        Finality::Proven(justified) => return Ok(justified),
        Finality::Unproven => {}
        Finality::Unable => {
            let finalized = tip.finalized.as_ref().map_or(0, EncodedHeader::number);
            if let Some(justified) = history::scan(relay, position, finalized).await? {
                return Ok(justified);
            }
        }
    }
    if let Some(announced) = announced
        && let Some(justified) = history::announced(relay, position, announced).await?
    {
        return Ok(justified);
    }
    if let Some(finalized) = tip.finalized.as_ref().filter(|f| f.number() >= position.next())
        && let Some(justified) = history::stored(relay, position, finalized).await?
    {
        return Ok(justified);
    }
    Err(IngestError::NotYet(format!(
        "{} has no justification for relay block {} or a later one",
        relay.endpoint(),
        position.next()
    )))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use subxt::utils::H256;

    use super::super::tip::Announced;
    use super::*;
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
