//! One provider: its connections, and what is thought of it.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prb_walkie::proto::data_provider::Info;
use prost::Message;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use super::choice::View;
use super::connection::Outcome;
use super::failure::Failure;
use super::lane::Lane;
use super::standing::{ProviderHealth, Standing};
use super::{BlobClientConfig, BlobEndpoint};
use crate::blob::candidates::{holds, known};
use crate::blob::{BlobKey, BlobRequest};

pub(super) struct Provider {
    pub(super) candidate: BlobEndpoint,
    config: Arc<BlobClientConfig>,
    /// For heartbeats and what waits: never behind large blobs.
    prompt: Lane,
    bulk: Vec<Lane>,
    standing: Mutex<Standing>,
    changed: watch::Sender<()>,
    dismissed: AtomicBool,
    cancel: CancellationToken,
}

impl Provider {
    pub(super) fn start(
        candidate: BlobEndpoint,
        config: Arc<BlobClientConfig>,
        changed: watch::Sender<()>,
        cancel: CancellationToken,
        tasks: &TaskTracker,
    ) -> Arc<Self> {
        let span = tracing::info_span!("provider", name = candidate.name);
        let lane = || {
            let (lane, driver) = Lane::new(config.clone(), candidate.addresses.clone());
            tasks.spawn(driver.run(cancel.clone()).instrument(span.clone()));
            lane
        };
        let provider = Arc::new(Self {
            prompt: lane(),
            bulk: (0..config.connections.max(1)).map(|_| lane()).collect(),
            candidate,
            config,
            standing: Mutex::default(),
            changed,
            dismissed: AtomicBool::new(false),
            cancel,
        });
        tasks.spawn(provider.clone().beat().instrument(span));
        provider
    }

    /// Closes its connections.
    pub(super) fn dismiss(&self) {
        self.dismissed.store(true, Relaxed);
        self.cancel.cancel();
    }

    async fn beat(self: Arc<Self>) {
        let beating = async {
            loop {
                let asked = Instant::now();
                let within = self.config.connect_timeout;
                let answer = timeout(within, self.prompt.ask(BlobRequest::Info)).await;
                match answer.unwrap_or(Err(Failure::Deadline(within))).map(decode) {
                    Ok(Some(info)) => self.lock().alive(info, asked.elapsed()),
                    Ok(None) => self.gone(&Failure::Failed("it does not say how far it is".into())),
                    Err(failure) => self.gone(&failure),
                }
                self.changed.send_replace(());
                let known = self.lock().info().is_some();
                // Who comes back is noticed soon.
                sleep(if known { self.config.heartbeat } else { self.config.heartbeat / 5 }).await;
            }
        };
        tokio::select! {
            () = beating => {}
            () = self.cancel.cancelled() => {}
        }
    }

    fn gone(&self, failure: &Failure) {
        let mut standing = self.lock();
        if standing.info().is_some() {
            tracing::warn!(reason = %failure, "the data provider does not answer");
        }
        standing.gone(failure);
        standing.failed(failure, Instant::now());
    }

    /// Asks it. What fails is held against it.
    pub(super) async fn ask(&self, request: BlobRequest) -> Outcome {
        let outcome = self.lane(&request).ask(request).await;
        match &outcome {
            Ok(found) => {
                if let Some(data) = found {
                    let mut standing = self.lock();
                    standing.blobs += 1;
                    standing.bytes += data.len() as u64;
                }
            }
            Err(failure) => {
                if failure.is_offence() {
                    tracing::warn!(provider = self.candidate.name, reason = %failure, "not trusted");
                }
                let mut standing = self.lock();
                standing.moved += 1;
                standing.failed(failure, Instant::now());
                // The next heartbeat tells more; until then others are asked.
                if matches!(failure, Failure::Ended(_) | Failure::Stalled(_)) {
                    standing.gone(failure);
                }
            }
        }
        outcome
    }

    fn lane(&self, request: &BlobRequest) -> &Lane {
        let prompt = !matches!(request, BlobRequest::Get { wait, .. } if wait.is_zero());
        let connected = self.bulk.iter().filter(|lane| !prompt && lane.is_connected());
        connected.min_by_key(|lane| lane.in_flight()).unwrap_or(&self.prompt)
    }

    /// It served what is no good.
    pub(super) fn offend(&self, reason: &str) {
        tracing::warn!(provider = self.candidate.name, reason, "not trusted");
        self.lock().offend(reason.to_owned(), Instant::now());
        self.changed.send_replace(());
    }

    /// What counts when somebody is chosen; `None` if it cannot be asked.
    pub(super) fn view(&self, key: Option<BlobKey>) -> Option<View> {
        if self.dismissed.load(Relaxed) {
            return None;
        }
        let standing = self.lock();
        let info = standing.info()?;
        Some(View {
            trusted: standing.is_trusted(Instant::now()),
            holds: key.is_none_or(|key| holds(info, key)),
            height: known(info.parent_committed_height),
            latency: standing.latency(),
            in_flight: self.in_flight(),
        })
    }

    /// It was tried and cannot be asked.
    pub(super) fn is_gone(&self) -> bool {
        self.lock().is_gone()
    }

    pub(super) fn info(&self) -> Option<Info> {
        self.lock().info().copied()
    }

    fn in_flight(&self) -> usize {
        self.bulk.iter().map(Lane::in_flight).sum::<usize>() + self.prompt.in_flight()
    }

    pub(super) fn health(&self) -> ProviderHealth {
        let standing = self.lock();
        let info = standing.info();
        ProviderHealth {
            name: self.candidate.name.clone(),
            addresses: self.candidate.addresses.clone(),
            problem: standing.problem(Instant::now()),
            relay_height: info.and_then(|info| known(info.parent_committed_height)),
            para_height: info.and_then(|info| known(info.para_committed_height)),
            latency: info.map(|_| standing.latency()),
            in_flight: self.in_flight(),
            blobs: standing.blobs,
            bytes: standing.bytes,
            moved: standing.moved,
            offences: standing.offences(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn decode(body: Option<bytes::Bytes>) -> Option<Info> {
    Info::decode(body?).ok()
}
