//! One get, from provider to provider until it is answered.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use prb_walkie::proto::data_provider::Info;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::BlobClientConfig;
use super::choice;
use super::failure::Failure;
use super::provider::Provider;
use super::roster::Roster;
use super::served::Served;
use super::tries::Tries;
use crate::blob::{BlobError, BlobKey, BlobRequest, BlobSource};

/// After all have failed, before all are asked again.
const PAUSE: Duration = Duration::from_millis(100);

pub(super) struct Getter {
    pub(super) config: Arc<BlobClientConfig>,
    pub(super) roster: Arc<Roster>,
    pub(super) served: Served,
    pub(super) hedges: Semaphore,
    fallback: Option<Arc<dyn BlobSource>>,
    cancel: CancellationToken,
}

impl Getter {
    pub(super) fn new(
        config: Arc<BlobClientConfig>,
        roster: Arc<Roster>,
        fallback: Option<Arc<dyn BlobSource>>,
        cancel: CancellationToken,
    ) -> Self {
        let hedges = Semaphore::new(config.hedges.min(Semaphore::MAX_PERMITS));
        Self { config, roster, served: Served::default(), hedges, fallback, cancel }
    }

    pub(super) async fn get(
        &self,
        key: BlobKey,
        wait: Duration,
    ) -> Result<Option<Bytes>, BlobError> {
        let now = Instant::now();
        let deadline = now + wait + self.config.request_timeout;
        let mut tries = Tries::new(key, now + wait);
        let mut patience = self.config.nobody_timeout;
        loop {
            if self.cancel.is_cancelled() {
                return Err(BlobError::Stopping);
            }
            if let Some(provider) = self.choose(&tries) {
                tries.asked.push(provider.clone());
                let found = self.attempt(&mut tries, &provider, deadline).await;
                if found.is_some() {
                    return Ok(found);
                }
            } else if tries.missing {
                return Ok(None);
            } else if let Some(fallback) = self.fallback_now(patience) {
                return fallback.get(key, tries.request().wait()).await;
            } else if patience.is_zero() || Instant::now() >= deadline {
                return Err(self.nobody(&tries));
            } else {
                let begun = Instant::now();
                self.somebody(&mut tries, patience).await;
                patience = patience.saturating_sub(begun.elapsed());
            }
        }
    }

    /// The other way, once nobody can be expected on this one.
    fn fallback_now(&self, patience: Duration) -> Option<&Arc<dyn BlobSource>> {
        let all_gone = || self.roster.providers().iter().all(|provider| provider.is_gone());
        self.fallback.as_ref().filter(|_| patience.is_zero() || all_gone())
    }

    /// Waits until there may be somebody to ask, for at most `patience`.
    async fn somebody(&self, tries: &mut Tries, patience: Duration) {
        if tries.asked.is_empty() {
            let mut changes = self.roster.changes();
            if self.choose(tries).is_none() {
                tokio::select! {
                    _ = changes.changed() => {}
                    () = sleep(patience) => {}
                    () = self.cancel.cancelled() => {}
                }
            }
        } else {
            sleep(PAUSE).await;
            tries.asked.clear();
        }
    }

    pub(super) fn choose(&self, tries: &Tries) -> Option<Arc<Provider>> {
        let providers = self.roster.providers();
        let views = providers.iter().map(|provider| {
            let view = provider.view(Some(tries.key)).filter(|_| !tries.was_asked(provider));
            // Once somebody said that there is nothing, only who should have it is asked.
            view.filter(|view| !tries.missing || view.knows_better())
        });
        choice::best(views).map(|place| providers[place].clone())
    }

    fn nobody(&self, tries: &Tries) -> BlobError {
        if let Some((provider, Failure::Failed(reason))) = &tries.failure {
            let reason = format!("{}: {reason}", provider.candidate.name);
            return BlobError::Store { key: tries.key, reason };
        }
        BlobError::Unreachable { reason: self.why_nobody() }
    }

    fn why_nobody(&self) -> String {
        let health = self.roster.health();
        if health.is_empty() {
            return "none is known".to_owned();
        }
        let each = health.into_iter().map(|provider| {
            let problem = provider.problem.unwrap_or_else(|| "it fails".to_owned());
            format!("{}: {problem}", provider.name)
        });
        each.collect::<Vec<_>>().join("; ")
    }

    /// How far the provider is that is asked first.
    pub(super) async fn info(&self) -> Result<Info, BlobError> {
        let mut changes = self.roster.changes();
        let until = Instant::now() + self.config.nobody_timeout;
        loop {
            let providers = self.roster.providers();
            let views = providers.iter().map(|provider| provider.view(None));
            let best = choice::best(views).and_then(|place| providers[place].info());
            if let Some(info) = best {
                return Ok(info);
            }
            if let Some(fallback) = self.fallback_now(until - Instant::now()) {
                return fallback.info().await;
            }
            let change = timeout_at(until, changes.changed());
            tokio::select! {
                change = change => if change.is_err() && self.fallback.is_none() {
                    return Err(BlobError::Unreachable { reason: self.why_nobody() });
                },
                () = self.cancel.cancelled() => return Err(BlobError::Stopping),
            }
        }
    }

    /// Blames who served the block, and tells it so.
    pub(super) async fn report_bad_block(&self, number: u32) -> Result<(), BlobError> {
        let chunk = number / self.info().await?.blocks_per_chunk.max(1);
        let provider = self.served.take(BlobKey::Blocks(chunk));
        if let Some(provider) = &provider {
            let reason = format!("a worker got another state root from parachain block {number}");
            provider.offend(&reason);
        }
        // Over the other way a provider knows who tells it.
        if let Some(fallback) = &self.fallback {
            return fallback.report_bad_block(number).await;
        }
        let Some(provider) = provider else { return Ok(()) };
        let limit = self.config.connect_timeout;
        let told = timeout(limit, provider.ask(BlobRequest::BadBlock(number))).await;
        if let Err(failure) = told.unwrap_or(Err(Failure::Deadline(limit))) {
            tracing::debug!(number, provider = provider.candidate.name, %failure, "not told");
        }
        Ok(())
    }

    /// Blames who served what is under `key`.
    pub(super) fn distrust(&self, key: BlobKey, reason: &str) {
        if let Some(provider) = self.served.take(key) {
            provider.offend(reason);
        }
    }
}
