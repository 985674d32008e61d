//! Asking one provider, and a second one if that takes long.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::{Either, select};
use tokio::sync::SemaphorePermit;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::connection::Outcome;
use super::failure::Failure;
use super::get::Getter;
use super::provider::Provider;
use super::tries::Tries;

/// Who has it already may just be sending it.
const JUST_SENDING: Duration = Duration::from_millis(100);

impl Getter {
    /// Asks one, and a second one if the first takes long.
    pub(super) async fn attempt(
        &self,
        tries: &mut Tries,
        first: &Arc<Provider>,
        deadline: Instant,
    ) -> Option<Bytes> {
        let request = tries.request();
        let mut asking = Box::pin(first.ask(request));
        let patience = Instant::now() + request.wait() + self.config.hedge_after;
        let answered = tokio::select! {
            biased;
            outcome = &mut asking => Some(outcome),
            () = self.takes_long(tries, patience) => None,
        };
        if let Some(outcome) = answered {
            return self.judge(tries, first, outcome);
        }
        let Some((second, _hedge)) = self.choose_second(tries) else {
            let late = Err(Failure::Deadline(self.config.request_timeout));
            let outcome = timeout_at(deadline, asking).await.unwrap_or(late);
            return self.judge(tries, first, outcome);
        };
        tries.asked.push(second.clone());
        let asking_second = Box::pin(second.ask(tries.request()));
        let both = async {
            let (earlier, later) = match select(asking, asking_second).await {
                Either::Left((outcome, other)) => {
                    ((first, outcome), (&second, Either::Left(other)))
                }
                Either::Right((outcome, other)) => {
                    ((&second, outcome), (first, Either::Right(other)))
                }
            };
            if let Some(found) = self.judge(tries, earlier.0, earlier.1) {
                return Some(found);
            }
            let outcome = later.1.await;
            self.judge(tries, later.0, outcome)
        };
        timeout_at(deadline, both).await.unwrap_or_default()
    }

    /// Returns when it is time to ask a second provider, for what it has or after `patience`.
    async fn takes_long(&self, tries: &Tries, patience: Instant) {
        if tries.request().wait().is_zero() {
            return sleep_until(patience).await;
        }
        let mut changes = self.roster.changes();
        let somebody_has_it = async {
            loop {
                let better = |provider: &Arc<Provider>| {
                    let view = provider.view(Some(tries.key));
                    !tries.was_asked(provider) && view.is_some_and(|view| view.knows_better())
                };
                if self.roster.providers().iter().any(better) {
                    return sleep(JUST_SENDING).await;
                }
                // The sender lives as long as the roster.
                let _ = changes.changed().await;
            }
        };
        tokio::select! {
            () = sleep_until(patience) => {}
            () = somebody_has_it => {}
        }
    }

    fn choose_second(&self, tries: &Tries) -> Option<(Arc<Provider>, SemaphorePermit<'_>)> {
        let second = self.choose(tries)?;
        Some((second, self.hedges.try_acquire().ok()?))
    }

    fn judge(
        &self,
        tries: &mut Tries,
        provider: &Arc<Provider>,
        outcome: Outcome,
    ) -> Option<Bytes> {
        match outcome {
            Ok(Some(found)) => {
                self.served.remember(tries.key, provider);
                return Some(found);
            }
            Ok(None) => tries.missing = true,
            Err(failure) => {
                tracing::debug!(key = %tries.key, provider = provider.candidate.name, %failure, "moved");
                tries.failure = Some((provider.clone(), failure));
            }
        }
        None
    }
}
