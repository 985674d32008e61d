//! One worker's calls, typed and one at a time.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use prost::Message;
use tokio::sync::Mutex;

use super::{Endpoint, Method, PruntimeError, Transport, proto};

/// Most calls that may wait for one worker.
const MAX_WAITING: usize = 16;

/// How long answers may take.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// For questions.
    pub light: Duration,
    /// For what makes the worker compute: headers, blocks, attestation.
    pub heavy: Duration,
}

impl Deadlines {
    /// The default for light calls.
    pub const LIGHT: Duration = Duration::from_secs(8);
    /// A block full of benchmarks takes this long.
    pub const HEAVY: Duration = Duration::from_mins(3);

    /// `light` for light calls; heavy ones get the larger of it and 180 s.
    pub fn new(light: Duration) -> Self {
        Self { light, heavy: light.max(Self::HEAVY) }
    }
}

impl Default for Deadlines {
    fn default() -> Self {
        Self::new(Self::LIGHT)
    }
}

/// A worker's API.
///
/// While a worker executes a block in the background it refuses changes and answers from its
/// old state, so calls are made one after another, in the order in which they were asked for.
pub struct Pruntime {
    endpoint: Endpoint,
    transport: Arc<dyn Transport>,
    deadlines: Deadlines,
    // Fair: first come, first served.
    turn: Mutex<()>,
    waiting: AtomicUsize,
}

impl fmt::Debug for Pruntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pruntime").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl Pruntime {
    /// A worker at `endpoint`. Makes no connection yet.
    pub fn new(endpoint: Endpoint, transport: Arc<dyn Transport>, deadlines: Deadlines) -> Self {
        let (turn, waiting) = (Mutex::new(()), AtomicUsize::new(0));
        Self { endpoint, transport, deadlines, turn, waiting }
    }

    /// Where it listens.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// What the worker is and how far it has come.
    pub async fn info(&self) -> Result<proto::PhactoryInfo, PruntimeError> {
        self.call(Method::GetInfo, &proto::Empty {}).await
    }

    /// Starts a worker that has no state.
    ///
    /// A start block that does not belong to the chain ends the worker's process and spoils its
    /// sealed key for good: check it before.
    pub async fn init(
        &self,
        request: &proto::InitRuntimeRequest,
    ) -> Result<proto::InitRuntimeResponse, PruntimeError> {
        self.call(Method::InitRuntime, request).await
    }

    /// What the worker registers with, and its attestation if it can give one by now.
    pub async fn runtime_info(
        &self,
        request: &proto::GetRuntimeInfoRequest,
    ) -> Result<proto::InitRuntimeResponse, PruntimeError> {
        self.call(Method::GetRuntimeInfo, request).await
    }

    /// Messages for the chain.
    pub async fn egress(&self) -> Result<proto::GetEgressMessagesResponse, PruntimeError> {
        self.call(Method::GetEgressMessages, &proto::Empty {}).await
    }

    /// Has the worker save its state, which it begins with when it is started again; the last
    /// block in it.
    pub async fn take_checkpoint(&self) -> Result<u32, PruntimeError> {
        let taken: proto::SyncedTo = self.call(Method::TakeCheckpoint, &proto::Empty {}).await?;
        Ok(taken.synced_to)
    }

    /// Has the worker sign where others reach it, for the chain.
    pub async fn sign_endpoints(
        &self,
        request: &proto::SignEndpointsRequest,
    ) -> Result<proto::GetEndpointResponse, PruntimeError> {
        self.call(Method::SignEndpointInfo, request).await
    }

    /// Sends an encoded request as it is, so that workers with the same need share its bytes.
    pub async fn send<A: Message + Default>(
        &self,
        method: Method,
        body: Bytes,
    ) -> Result<A, PruntimeError> {
        let _place = Place::take(&self.waiting)
            .ok_or_else(|| PruntimeError::Busy { endpoint: self.endpoint.clone(), method })?;
        let _turn = self.turn.lock().await;
        let deadline = if method.is_heavy() { self.deadlines.heavy } else { self.deadlines.light };
        let answer = self.transport.call(&self.endpoint, method, body, deadline).await?;
        A::decode(answer).map_err(|error| PruntimeError::Malformed {
            endpoint: self.endpoint.clone(),
            method,
            reason: error.to_string(),
        })
    }

    async fn call<A: Message + Default>(
        &self,
        method: Method,
        request: &impl Message,
    ) -> Result<A, PruntimeError> {
        self.send(method, request.encode_to_vec().into()).await
    }
}

/// A place in the queue, given back when the call ends or is given up.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize) -> Option<Self> {
        let place = Self(waiting);
        // An over-full count is put right by the drop.
        (waiting.fetch_add(1, Ordering::Relaxed) < MAX_WAITING).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use futures::future::{BoxFuture, FutureExt};

    use super::*;

    /// Answers each call after 10 ms and notes how many ran at once.
    #[derive(Default)]
    struct Slow {
        running: AtomicUsize,
        most: AtomicUsize,
    }

    impl Transport for Slow {
        fn call<'a>(
            &'a self,
            _: &'a Endpoint,
            _: Method,
            _: Bytes,
            _: Duration,
        ) -> BoxFuture<'a, Result<Bytes, PruntimeError>> {
            async {
                let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
                self.most.fetch_max(running, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(10)).await;
                self.running.fetch_sub(1, Ordering::SeqCst);
                Ok(Bytes::new())
            }
            .boxed()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn calls_run_one_at_a_time_and_only_so_many_wait() {
        let transport = Arc::new(Slow::default());
        let endpoint = "http://h:1".parse().unwrap();
        let worker = Pruntime::new(endpoint, transport.clone(), Deadlines::default());
        let calls = (0..MAX_WAITING + 3).map(|_| worker.info());
        let answers = futures::future::join_all(calls).await;
        let busy =
            answers.iter().filter(|answer| matches!(answer, Err(PruntimeError::Busy { .. })));
        assert_eq!(busy.count(), 3);
        assert_eq!(transport.most.load(Ordering::SeqCst), 1);
        assert!(worker.info().await.is_ok(), "places are given back");
    }
}
