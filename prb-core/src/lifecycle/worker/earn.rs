//! Brings a worker's messages on chain, and finds and does what it lacks.

use parity_scale_codec::Decode;

use super::cause::{Failure, fail};
use super::hands::Hands;
use crate::lifecycle::chain_view::{ingress, seen};
use crate::lifecycle::computing::{Deed, Next, Working, next};
use crate::lifecycle::egress::{Due, WindowLimits, due, goes_to_chain};
use crate::lifecycle::intent::{Ask, Fate, Intent, Patience};
use crate::lifecycle::inventory::Goal;
use crate::lifecycle::machine::{Cause, Event, Standing};
use crate::lifecycle::shared::Shared;
use crate::queue::{Action, Job, JobId};
use crate::scale::messages::{EgressMessages, MessageOrigin, SignedMessage};

/// Blocks that the chain may be ahead of a worker at the tip of what the data provider has.
const TOLERATED_LAG: u32 = 20;

/// Between attempts at what the chain or the trader refused.
const DEED_PATIENCE: Patience = Patience { first: 12_000, longest: 600_000 };

/// Between attempts to bring messages on chain. Heartbeats are too late after ten blocks.
const WINDOW_PATIENCE: Patience = Patience { first: 6_000, longest: 60_000 };

impl Hands {
    pub(super) async fn collect_egress(&mut self) -> Result<Event, Failure> {
        self.claim_key()?;
        let answer = self.pruntime.egress().await?;
        let egress = EgressMessages::decode(&mut &answer.encoded_messages[..]);
        let Ok(egress) = egress else {
            return fail(Cause::Refused, "the worker's messages do not decode");
        };
        let mut left_over = false;
        for (sender, messages) in egress {
            if !goes_to_chain(&sender) || messages.is_empty() {
                continue;
            }
            let waits = sender == MessageOrigin::Gatekeeper && !self.speaks_for_gatekeepers();
            left_over |= waits || self.bring(sender, &messages).await?;
        }
        Ok(Event::Collected { left_over })
    }

    /// Whether messages of the sender have to be looked at again.
    async fn bring(
        &mut self,
        sender: MessageOrigin,
        messages: &[SignedMessage],
    ) -> Result<bool, Failure> {
        let view = &self.shared.view;
        let (accepted, block) = view
            .look(|values| ingress(values, &sender).map(|next| (next, values.number())))
            .await?;
        if !self.windows.contains_key(&sender)
            && let Some((job, window)) = self.shared.unfinished.window(&sender, block).await?
        {
            let intent = Intent::new(window, job, 0, self.shared.now());
            self.windows.insert(sender.clone(), intent);
        }
        let mut tries = 0;
        if let Some(open) = self.windows.get_mut(&sender) {
            let fate = fate(&self.shared, &open.job).await?;
            let what = open.what.clone();
            // Where the chain took some of them there is nothing to be patient about.
            let part_taken = accepted > what.from && fate.is_over(block);
            if accepted < what.end && !part_taken {
                let now = self.shared.now();
                match Intent::ask(Some((open, &fate)), &what, block, now, &WINDOW_PATIENCE) {
                    Ask::Later { text, failing } => {
                        if failing {
                            tracing::warn!(?sender, text, "messages do not get on chain");
                        }
                        return Ok(true);
                    }
                    Ask::Now { tries: before } => tries = before,
                }
            }
            self.windows.remove(&sender);
        }
        match due(messages, accepted, &WindowLimits::default()) {
            Due::Nothing => Ok(false),
            Due::Gap { ingress, first } => {
                tracing::warn!(?sender, ingress, first, "a message is missing at the worker");
                Ok(true)
            }
            Due::Messages { window, messages } => {
                tracing::debug!(?sender, ?window, "messages for the chain");
                let job = self.enqueue(Action::SyncMessages { messages }).await?;
                let intent = Intent::new(window, job, tries, self.shared.now());
                self.windows.insert(sender, intent);
                Ok(true)
            }
        }
    }

    pub(super) async fn judge(&mut self, register_anew: bool) -> Result<Event, Failure> {
        self.claim_key()?;
        let assignment = self.assignment();
        let (public_key, goal) = (self.key()?, assignment.record.goal);
        let subject = assignment.subject(public_key);
        let view = &self.shared.view;
        let (seen, block) =
            view.look(|values| seen(values, &subject).map(|seen| (seen, values.number()))).await?;
        // One that is to stop need not be at the tip.
        let next_block = self.known.as_ref().map_or(0, |known| known.counters.block);
        if goal == Goal::Compute && next_block.saturating_add(TOLERATED_LAG) < block {
            let text = format!(
                "the data provider is {} blocks behind the chain",
                block - next_block.saturating_sub(1)
            );
            return Ok(Event::Judged(Standing::Underway { text }));
        }
        let wanted = assignment.wanted(self.shared.config.min_score(), register_anew);
        let next = next(&wanted, &seen);
        let text = next.to_string();
        let standing = match next {
            Next::Do(deed) => self.consider(deed, &public_key, block).await?,
            Next::Wait(_) => Standing::Underway { text },
            Next::Blocked(_) => Standing::Blocked { text },
            Next::AtRest(_) => Standing::Stopped { text },
            Next::Working(working) => {
                let responsive = !matches!(working, Working::Computing { unresponsive: true, .. });
                Standing::Computing { text, responsive }
            }
        };
        Ok(Event::Judged(standing))
    }

    /// What was asked for is not asked for again before it had its time.
    async fn consider(
        &mut self,
        deed: Deed,
        public_key: &[u8; 32],
        block: u32,
    ) -> Result<Standing, Failure> {
        let now = self.shared.now();
        if self.asked.as_ref().is_none_or(|open| open.what != deed) {
            let pid = self.assignment().pid;
            if let Some(job) = self.shared.unfinished.deed(pid, public_key, &deed, block).await? {
                self.asked = Some(Intent::new(deed, job, 0, now));
            }
        }
        let ask = match &mut self.asked {
            Some(open) => {
                let fate = fate(&self.shared, &open.job).await?;
                Intent::ask(Some((open, &fate)), &deed, block, now, &DEED_PATIENCE)
            }
            None => Intent::ask(None, &deed, block, now, &DEED_PATIENCE),
        };
        Ok(match ask {
            Ask::Now { tries } => {
                self.due = Some((deed, tries));
                Standing::Lacks { text: format!("going to {deed}") }
            }
            Ask::Later { text, failing: false } => {
                Standing::Underway { text: format!("{deed}: {text}") }
            }
            Ask::Later { text, failing: true } => {
                Standing::Blocked { text: format!("cannot {deed}: {text}") }
            }
        })
    }

    pub(super) async fn act(&mut self) -> Result<Event, Failure> {
        let Some((deed, tries)) = self.due else {
            return fail(Cause::ChainView, "nothing is known to be lacking any more");
        };
        if !deed.serves(self.policy().goal) {
            self.due = None;
            return fail(Cause::ChainView, format!("it is not to {deed} any more"));
        }
        let public_key = self.key()?;
        let action = match deed {
            Deed::Register(_) => self.registration(public_key).await?,
            Deed::AddWorker => Action::AddWorker { public_key },
            Deed::Start { stake } => Action::StartComputing { public_key, stake },
            Deed::Raise { to, .. } => Action::RestartComputing { public_key, stake: to },
            Deed::Reclaim => Action::ReclaimWorker { public_key },
            Deed::Publish => self.publication(public_key).await?,
            Deed::Stop => Action::StopComputing { public_key },
            Deed::LeavePool => Action::RemoveWorker { public_key },
        };
        let job = self.enqueue(action).await?;
        tracing::info!(%job, "asked to {deed}");
        let text = format!("{deed}: job {job} is in the queue");
        self.asked = Some(Intent::new(deed, job, tries, self.shared.now()));
        self.due = None;
        Ok(Event::Acted { text })
    }

    async fn enqueue(&mut self, action: Action) -> Result<JobId, Failure> {
        // It may have ended since the call began.
        self.claim_key()?;
        let pid = self.assignment().pid;
        self.shared.totals.asked(&action);
        Ok(self.shared.queue.enqueue(Job { pid, action }).await?)
    }
}

async fn fate(shared: &Shared, job: &JobId) -> Result<Fate, Failure> {
    let record = shared.queue.job(job).await?;
    Ok(Fate::of(record.as_ref()))
}
