//! Blobs over calls between peers.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use prb_walkie::PeerId;
use prb_walkie::node::Walkie;
use prb_walkie::proto::Empty;
use prb_walkie::proto::data_provider::{BadBlock, GetBlobByKey, Info};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use tonic::{Code, Request, Status};

use super::candidates::{Candidate, Candidates, choose};
use super::{BlobError, BlobKey, BlobSource};

/// How long a question waits for somebody to ask: long enough to go on with another provider, and
/// soon enough said where there is none.
const PATIENCE: Duration = Duration::from_secs(4);
/// A provider is not asked to wait longer at a time: a better one may have come meanwhile.
const WAIT: Duration = Duration::from_secs(15);
/// What an answer may take beyond the wait.
const TRANSFER: Duration = Duration::from_secs(30);

/// The blobs of the healthiest data provider among the peers of a node.
///
/// When a provider fails, or falls silent, what was asked of it is asked of the next one. Where
/// there is none, one is waited for.
pub struct WalkieBlobs {
    walkie: Walkie,
    candidates: Arc<dyn Candidates>,
}

/// What came of asking one provider.
enum Asked<T> {
    Answered(T),
    /// It failed, or left. Whom to ask next is for the candidates to say.
    Failed(String),
}

impl WalkieBlobs {
    /// Asks `candidates` through `walkie`.
    pub fn new(walkie: Walkie, candidates: Arc<dyn Candidates>) -> Self {
        Self { walkie, candidates }
    }

    /// Asks the best that has `key`, then the next best, until one answers or `deadline`.
    async fn ask<T, A>(
        &self,
        key: Option<BlobKey>,
        deadline: Instant,
        ask: impl Fn(PeerId) -> A,
    ) -> Result<T, BlobError>
    where
        A: Future<Output = Result<T, Status>>,
    {
        let mut candidates = self.candidates.subscribe();
        let mut failure = None;
        loop {
            let found = candidates.wait_for(|them| choose(them, key).is_some());
            let found = timeout_at(deadline, found).await;
            let Ok(Ok(Some(found))) = found.map(|it| it.map(|them| choose(&them, key).cloned()))
            else {
                let reason = failure.unwrap_or_else(|| self.candidates.why_none());
                return Err(BlobError::Unreachable { reason });
            };
            match self.ask_one(&found, &mut candidates, &ask).await {
                Asked::Answered(answer) => return Ok(answer),
                Asked::Failed(reason) => {
                    tracing::debug!(provider = %found.id, reason, "a data provider failed");
                    self.candidates.failed(&found.id);
                    failure = Some(format!("{}: {reason}", found.id));
                }
            }
        }
    }

    async fn ask_one<T, A>(
        &self,
        candidate: &Candidate,
        candidates: &mut watch::Receiver<Arc<[Candidate]>>,
        ask: impl Fn(PeerId) -> A,
    ) -> Asked<T>
    where
        A: Future<Output = Result<T, Status>>,
    {
        let Ok(peer) = candidate.id.parse() else {
            return Asked::Failed("its id is none".to_owned());
        };
        let left = |them: &Arc<[Candidate]>| {
            !them.iter().any(|other| other.id == candidate.id && other.may_answer())
        };
        tokio::select! {
            answer = ask(peer) => match answer {
                Ok(answer) => Asked::Answered(answer),
                Err(status) => Asked::Failed(status.message().to_owned()),
            },
            // A vanished host does not close its connections.
            _ = candidates.wait_for(left) => Asked::Failed("it does not answer any more".to_owned()),
        }
    }

    async fn get_from(
        &self,
        peer: PeerId,
        key: BlobKey,
        wait: Duration,
    ) -> Result<Option<Bytes>, Status> {
        let name = key.to_string();
        let wait_ms = wait.as_millis().try_into().unwrap_or(u64::MAX);
        let mut request = Request::new(GetBlobByKey { key: name.clone(), wait_ms });
        request.set_timeout(wait + TRANSFER);
        let blob = self.walkie.client(peer).get_blob_by_key(request).await?.into_inner();
        if blob.key != name {
            return Err(Status::data_loss(format!("it answered {} to {name}", blob.key)));
        }
        Ok((!blob.empty).then_some(blob.data))
    }
}

impl BlobSource for WalkieBlobs {
    fn get(&self, key: BlobKey, wait: Duration) -> BoxFuture<'_, Result<Option<Bytes>, BlobError>> {
        async move {
            let waits_until = Instant::now() + wait;
            loop {
                let wait = waits_until.saturating_duration_since(Instant::now()).min(WAIT);
                let deadline = Instant::now() + wait.max(PATIENCE);
                let found =
                    self.ask(Some(key), deadline, |peer| self.get_from(peer, key, wait)).await?;
                if found.is_some() || Instant::now() >= waits_until {
                    return Ok(found);
                }
            }
        }
        .boxed()
    }

    fn info(&self) -> BoxFuture<'_, Result<Info, BlobError>> {
        async move {
            let ask = |peer| async move {
                let mut request = Request::new(Empty {});
                request.set_timeout(TRANSFER);
                let info = self.walkie.client(peer).get_data_provider_info(request).await?;
                Ok(info.into_inner())
            };
            self.ask(None, Instant::now() + PATIENCE, ask).await
        }
        .boxed()
    }

    /// Tells every provider that answers: which of them gave the block is not known any more.
    fn report_bad_block(&self, number: u32) -> BoxFuture<'_, Result<(), BlobError>> {
        async move {
            let everybody = self.candidates.subscribe().borrow().clone();
            let mut outcome =
                Err(BlobError::Unreachable { reason: self.candidates.why_none() });
            for provider in everybody.iter().filter(|candidate| candidate.is_well()) {
                let told = self.tell_bad_block(provider, number).await;
                if let Err(error) = &told {
                    tracing::warn!(provider = %provider.id, number, %error, "cannot report a bad block");
                }
                if outcome.is_err() {
                    outcome = told;
                }
            }
            outcome
        }
        .boxed()
    }
}

impl WalkieBlobs {
    async fn tell_bad_block(&self, provider: &Candidate, number: u32) -> Result<(), BlobError> {
        let Ok(peer) = provider.id.parse() else { return Ok(()) };
        let mut request = Request::new(BadBlock { number });
        request.set_timeout(PATIENCE);
        let told = self.walkie.client(peer).report_bad_block(request).await;
        told.map(drop).map_err(|status| match status.code() {
            Code::PermissionDenied | Code::Unimplemented => BlobError::Refused {
                provider: provider.id.to_string(),
                reason: status.message().to_owned(),
            },
            _ => BlobError::Unreachable { reason: status.message().to_owned() },
        })
    }
}
