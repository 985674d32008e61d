//! A connection that comes back.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, Cmd, FromRedisValue, Pipeline, RedisError, RedisResult,
};
use tokio::sync::watch;

use super::scripts::Invocation;
use super::trouble::{breaks_connection, queue_error};
use crate::backoff::Backoff;
use crate::error::{Classify, ErrorClass};
use crate::queue::QueueError;

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(3);
/// Commands that may wait to be written.
const PIPELINE: usize = 1_024;
/// A failed attempt to connect answers for all who ask within this time.
const SHARED_FAILURE: Duration = Duration::from_millis(100);
pub(super) const RETRY: Backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));

/// One connection to Redis, made anew when it breaks or turns out to lead to a replica.
///
/// The library's own manager keeps a connection to a former primary, and a failure to log in, for
/// ever.
pub(super) struct Link {
    client: Client,
    config: AsyncConnectionConfig,
    live: Mutex<Live>,
    connecting: tokio::sync::Mutex<()>,
    trouble: watch::Sender<Option<QueueError>>,
    resets: watch::Sender<u64>,
}

#[derive(Default)]
struct Live {
    generation: u64,
    connection: Option<MultiplexedConnection>,
    failure: Option<(Instant, QueueError)>,
}

/// What is asked of Redis.
enum Call<'a> {
    Script(&'a Invocation<'a>),
    Pipeline(&'a Pipeline),
}

impl Link {
    /// Commands are answered within `response` or the connection is given up. Connects when first
    /// used; `trouble` says why Redis cannot be used at the moment.
    pub(super) fn new(
        client: Client,
        response: Duration,
        trouble: watch::Sender<Option<QueueError>>,
    ) -> Self {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(response))
            .set_pipeline_buffer_size(PIPELINE);
        Self {
            client,
            config,
            live: Mutex::default(),
            connecting: tokio::sync::Mutex::default(),
            trouble,
            resets: watch::Sender::new(0),
        }
    }

    /// Changes whenever a connection is given up.
    pub(super) fn resets(&self) -> watch::Receiver<u64> {
        self.resets.subscribe()
    }

    /// Runs a script once, loading it where Redis does not know it.
    pub(super) async fn script<T: FromRedisValue>(
        &self,
        script: &Invocation<'_>,
    ) -> Result<T, QueueError> {
        self.call(Call::Script(script)).await
    }

    /// Runs a script once, right after a command that needs room, which may be refused.
    pub(super) async fn script_after<T: FromRedisValue>(
        &self,
        first: Cmd,
        script: &Invocation<'_>,
    ) -> Result<(Result<(), QueueError>, T), QueueError> {
        let (generation, mut connection) = self.connection().await?;
        let answer = script.run_after(first, &mut connection).await;
        let (first, answer) = self.judge(generation, answer)?;
        let first = self.judge(generation, first).inspect(|()| self.has_room());
        Ok((first, answer))
    }

    /// Runs commands once.
    pub(super) async fn pipe<T: FromRedisValue>(
        &self,
        pipeline: &Pipeline,
    ) -> Result<T, QueueError> {
        self.call(Call::Pipeline(pipeline)).await
    }

    /// Runs a script that may run twice, until Redis answers or `patience` is over.
    pub(super) async fn insist_script<T: FromRedisValue>(
        &self,
        script: &Invocation<'_>,
        patience: Duration,
    ) -> Result<T, QueueError> {
        insist(patience, || self.script(script)).await
    }

    /// Runs commands that may run twice, until Redis answers or `patience` is over.
    pub(super) async fn insist_pipe<T: FromRedisValue>(
        &self,
        pipeline: &Pipeline,
        patience: Duration,
    ) -> Result<T, QueueError> {
        insist(patience, || self.pipe(pipeline)).await
    }

    async fn call<T: FromRedisValue>(&self, call: Call<'_>) -> Result<T, QueueError> {
        let (generation, mut connection) = self.connection().await?;
        let answer = match call {
            Call::Script(script) => script.run(&mut connection).await,
            Call::Pipeline(pipeline) => pipeline.query_async(&mut connection).await,
        };
        self.judge(generation, answer)
    }

    fn judge<T>(&self, generation: u64, answer: RedisResult<T>) -> Result<T, QueueError> {
        answer
            .map_err(|error| {
                if breaks_connection(&error) {
                    self.give_up(generation);
                }
                self.note(&error)
            })
            .inspect(|_| self.is_there())
    }

    async fn connection(&self) -> Result<(u64, MultiplexedConnection), QueueError> {
        if let Some(live) = self.lock().connection() {
            return live;
        }
        let _turn = self.connecting.lock().await;
        if let Some(live) = self.lock().connection() {
            return live;
        }
        let made = self.client.get_multiplexed_async_connection_with_config(&self.config).await;
        let made = made.map_err(|error| self.note(&error));
        let mut live = self.lock();
        match made {
            Ok(connection) => {
                live.generation += 1;
                live.failure = None;
                live.connection = Some(connection.clone());
                Ok((live.generation, connection))
            }
            Err(error) => {
                live.failure = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    fn give_up(&self, generation: u64) {
        let mut live = self.lock();
        if live.generation == generation && live.connection.take().is_some() {
            self.resets.send_modify(|resets| *resets += 1);
        }
    }

    fn note(&self, error: &RedisError) -> QueueError {
        let error = queue_error(error, &self.client.get_connection_info().addr().to_string());
        self.trouble.send_if_modified(|trouble| {
            if trouble.is_none() {
                tracing::warn!(%error, "the queue stands still");
            }
            let news = trouble.as_ref() != Some(&error);
            *trouble = Some(error.clone());
            news
        });
        error
    }

    /// Redis answered, so it is there; that it has room is known only by what needs room.
    fn is_there(&self) {
        let away = |trouble: &QueueError| !matches!(trouble, QueueError::StoreFull { .. });
        if self.trouble.borrow().as_ref().is_some_and(away) {
            self.forget_trouble();
        }
    }

    /// Redis took something new.
    pub(super) fn has_room(&self) {
        if self.trouble.borrow().is_some() {
            self.forget_trouble();
        }
    }

    fn forget_trouble(&self) {
        if self.trouble.send_replace(None).is_some() {
            tracing::info!("the queue goes on");
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Live> {
        // The state is consistent between any two of its operations, also after a panic.
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Live {
    /// The connection, or the failure that stands for all who ask now.
    fn connection(&self) -> Option<Result<(u64, MultiplexedConnection), QueueError>> {
        if let Some(connection) = &self.connection {
            return Some(Ok((self.generation, connection.clone())));
        }
        let (at, error) = self.failure.as_ref()?;
        (at.elapsed() < SHARED_FAILURE).then(|| Err(error.clone()))
    }
}

/// Repeats `attempt` until it is answered or `patience` is over.
async fn insist<T, F: Future<Output = Result<T, QueueError>>>(
    patience: Duration,
    attempt: impl Fn() -> F,
) -> Result<T, QueueError> {
    let deadline = Instant::now() + patience;
    let mut failures = 0;
    loop {
        let error = match attempt().await {
            Err(error) if error.class() == ErrorClass::Transient => error,
            answer => return answer,
        };
        let pause = RETRY.delay(failures);
        if Instant::now() + pause > deadline {
            return Err(error);
        }
        tokio::time::sleep(pause).await;
        failures = failures.saturating_add(1);
    }
}
