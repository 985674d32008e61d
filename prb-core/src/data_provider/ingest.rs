//! Fetching, verifying and storing, stage by stage.

use std::sync::Arc;
use std::time::Duration;

use prb_walkie::proto::db;
use prost::Message;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use self::error::IngestError;
use super::config::VerifyState;
use super::genesis::{self, Genesis};
use super::status::{Progress, Stage, height};
use crate::backoff::Backoff;
use crate::chain::{ChainSource, Need};
use crate::store::relay::RelaySegments;
use crate::store::{Durability, Store, StoreError};

mod begin;
mod blocks;
pub(super) mod error;
mod headers;
mod history;
mod mend;
mod position;
mod relay;
pub(super) mod repair;
mod tip;
mod window;

pub(super) use blocks::check_block;
pub(super) use headers::message as segment_message;

const RETRY: Backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(10));
/// While there are nodes that have not been asked, the next one is asked so soon.
const NEXT_NODE: Duration = Duration::from_millis(50);
/// What is merely too early is asked again sooner.
const EARLY: Duration = Duration::from_secs(1);
/// Verified segments that wait for their parachain headers.
const SEGMENTS_AHEAD: usize = 4;
/// Blocks that wait to be fetched anew.
pub(super) const REPAIRS_WAITING: usize = 16;

/// What all stages share.
#[derive(Clone)]
pub(super) struct Context {
    pub(super) relay: Arc<dyn ChainSource>,
    pub(super) para: Arc<dyn ChainSource>,
    pub(super) store: Arc<Store>,
    pub(super) progress: Arc<Progress>,
    pub(super) cancel: CancellationToken,
    pub(super) para_id: Option<u32>,
    pub(super) light: bool,
    pub(super) verify_state: VerifyState,
    pub(super) state_interval: u32,
    pub(super) health_interval: Duration,
    pub(super) stall_after: Duration,
}

impl Context {
    /// Whether the parachain's data begins with what is stored already: not yet in light mode, as
    /// long as the tip has not come near.
    fn begun(&self) -> bool {
        !self.light || !self.store.headers.is_empty()
    }

    /// Tries `step` until it succeeds; each failure is said, counted and waited out. `None` when
    /// stopping, an error when the store failed: that is not a node's fault.
    pub(super) async fn retry<T, F>(
        &self,
        stage: Stage,
        chain: &dyn ChainSource,
        step: impl Fn() -> F,
    ) -> Result<Option<T>, StoreError>
    where
        F: Future<Output = Result<T, IngestError>>,
    {
        let mut failures = 0;
        loop {
            let result = tokio::select! {
                result = step() => result,
                () = self.cancel.cancelled() => return Ok(None),
            };
            let wait = match result {
                Ok(value) => {
                    self.progress.went_on(stage);
                    return Ok(Some(value));
                }
                Err(IngestError::Store(error)) => return Err(error),
                Err(IngestError::NotYet(reason)) => {
                    self.progress.problem(stage, reason);
                    EARLY
                }
                Err(error) => self.failed(stage, chain, &error, failures),
            };
            failures += 1;
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.cancel.cancelled() => return Ok(None),
            }
        }
    }

    /// Says and counts a failure; gives the wait before the next attempt.
    fn failed(
        &self,
        stage: Stage,
        chain: &dyn ChainSource,
        error: &IngestError,
        failures: u32,
    ) -> Duration {
        let others = (chain.health().len() as u32).saturating_sub(1);
        let wait = match failures.checked_sub(others) {
            None => NEXT_NODE,
            Some(failures) => RETRY.delay(failures),
        };
        if matches!(error, IngestError::Refused(_)) {
            self.progress.refused();
        }
        tracing::warn!(%stage, %error, retry_in = ?wait, "cannot go on");
        self.progress.problem(stage, error.to_string());
        wait
    }
}

/// Runs until cancelled. `ready` is told when the relay chain's segments can be read.
pub(super) async fn run(
    context: Context,
    mut repairs: mpsc::Receiver<u32>,
    ready: impl Fn(u32, Arc<RelaySegments>),
) {
    let mut failures = 0;
    while !context.cancel.is_cancelled() {
        match Box::pin(run_stages(&context, &mut repairs, &ready)).await {
            Ok(()) => break,
            Err(error) => {
                let wait = RETRY.delay(failures);
                failures += 1;
                tracing::error!(%error, retry_in = ?wait, "the store failed");
                context.progress.problem(Stage::Store, error.to_string());
                context.progress.restarted();
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    () = context.cancel.cancelled() => {}
                }
            }
        }
    }
}

async fn run_stages(
    context: &Context,
    repairs: &mut mpsc::Receiver<u32>,
    ready: &impl Fn(u32, Arc<RelaySegments>),
) -> Result<(), StoreError> {
    mend::put_aside(context, None).await?;
    let Some(genesis) = genesis(context).await? else { return Ok(()) };
    context.progress.update(|info| {
        info.para_id = height(genesis.para_id);
        info.parent_start_header = height(genesis.position.next());
    });
    if context.begun() {
        let start = height(context.store.para_start().await);
        context.progress.update(|info| info.para_start_header = start);
    }
    let segments = Arc::new(context.store.open_relay(genesis.position.next()).await?);
    // Mending takes as long as nodes do not answer; what is whole is served meanwhile.
    ready(genesis.para_id, segments.clone());
    if !mend::mend(context, &genesis, &segments).await? {
        return Ok(());
    }
    let position = position::resume(&genesis, &segments).await?;
    context.progress.went_on(Stage::Store);
    tracing::info!(
        para_id = genesis.para_id,
        relay = position.number,
        parachain = context.store.blocks.next() - 1,
        "following the chains"
    );

    // A stage that fails ends the others too: all begin again from what is stored.
    let context = Context { cancel: context.cancel.child_token(), ..context.clone() };
    let (verified, to_store) = mpsc::channel(SEGMENTS_AHEAD);
    let tips = Arc::new(tip::Tips::new());
    let cancel = &context.cancel;
    // Those that have much to do are tasks of their own.
    let (context, para_id) = (&context, genesis.para_id);
    let relay = stage(context, {
        let tips = tips.clone();
        move |context| async move { relay::run(&context, para_id, position, &tips, verified).await }
    });
    let headers = stage(context, {
        let (segments, news) = (segments.clone(), tips.subscribe());
        move |context| async move { headers::run(&context, para_id, segments, news, to_store).await }
    });
    let blocks = stage(context, |context| async move { Box::pin(blocks::run(&context)).await });
    let outcome = tokio::join!(
        relay,
        headers,
        blocks,
        guarded(cancel, tip::follow(context, &tips)),
        guarded(cancel, repair::run(context, repairs)),
        guarded(cancel, mend::run(context, &genesis, &segments)),
    );
    outcome.0.and(outcome.1).and(outcome.2).and(outcome.3).and(outcome.4).and(outcome.5)
}

/// Runs a stage as a task of its own, which ends with this future at the latest.
fn stage<F>(
    context: &Context,
    run: impl FnOnce(Context) -> F,
) -> impl Future<Output = Result<(), StoreError>>
where
    F: Future<Output = Result<(), StoreError>> + Send + 'static,
{
    let (running, cancel) = (Box::pin(run(context.clone())), context.cancel.clone());
    let task = async move { guarded(&cancel, running).await };
    let task = AbortOnDropHandle::new(tokio::spawn(task.in_current_span()));
    async move {
        match task.await {
            Ok(outcome) => outcome,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // The runtime stops.
            Err(_) => Ok(()),
        }
    }
}

async fn guarded(
    cancel: &CancellationToken,
    stage: impl Future<Output = Result<(), StoreError>>,
) -> Result<(), StoreError> {
    let result = stage.await;
    cancel.cancel();
    result
}

/// What workers start from: stored, or fetched, verified and stored now.
async fn genesis(context: &Context) -> Result<Option<Genesis>, StoreError> {
    let unreadable = |reason: String| StoreError::Damaged { object: "genesis".to_owned(), reason };
    // Where header 0 was lost since, both are fetched anew.
    if (context.light || context.store.headers.next() > 0)
        && let Some(body) = context.store.genesis().await?
    {
        let message = db::Genesis::decode(body).map_err(|error| unreadable(error.to_string()))?;
        return Genesis::read(&message).map(Some).map_err(|error| unreadable(error.to_string()));
    }
    let fetch = || {
        let [relay, para] =
            [&context.relay, &context.para].map(|chain| chain.clone().pinned(Need::State));
        async move { genesis::fetch(&*relay, &*para, context.para_id).await }
    };
    let fetched = context.retry(Stage::Genesis, &*context.para, fetch).await?;
    let Some((message, header)) = fetched else { return Ok(None) };
    if context.begun() && context.store.headers.next() == 0 {
        context.store.headers.append(0, vec![header.bytes().clone()])?;
        context.store.headers.commit(Durability::Now).await?;
    }
    // Last: where it is there, header 0 is too, unless the parachain begins later.
    context.store.put_genesis(message.encode_to_vec().into()).await?;
    Genesis::read(&message).map(Some).map_err(|error| unreadable(error.to_string()))
}
