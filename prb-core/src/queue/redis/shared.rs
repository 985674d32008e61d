//! What the parts of a queue over Redis share.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use redis::Client;
use secrecy::ExposeSecret;
use tokio::sync::{Notify, broadcast, watch};
use tokio_util::sync::CancellationToken;

use super::awake::Awake;
use super::config::RedisQueueConfig;
use super::entry::Entry;
use super::gather::{Gather, Gathered, Step};
use super::link::Link;
use super::mover::{BLOCK, BLOCK_MARGIN};
use super::scripts::Scripts;
use crate::queue::QueueError;
use crate::queue::job::{JobEvent, JobId, JobState, Progress};

/// Events a slow receiver may be behind before it misses some.
const EVENT_BACKLOG: usize = 4_096;
/// Longest wait for Redis' answer to a command.
const RESPONSE: std::time::Duration = std::time::Duration::from_secs(5);
/// What a job's notes may add to its own bytes.
const NOTES: usize = 256 << 10;

pub(super) struct Shared {
    pub(super) config: RedisQueueConfig,
    pub(super) client: Client,
    /// Names this handle among all who work on the queue.
    pub(super) owner: String,
    pub(super) scripts: Scripts,
    /// For everything but waiting.
    pub(super) commands: Link,
    /// For waiting for a job.
    pub(super) blocking: Link,
    pub(super) enqueues: Gather,
    pub(super) finishes: Gather,
    pub(super) events: broadcast::Sender<JobEvent>,
    /// A delayed job became due earlier than all others.
    pub(super) earlier: Notify,
    pub(super) trouble: watch::Sender<Option<QueueError>>,
    /// Somebody wants to know what others do.
    pub(super) events_wanted: watch::Sender<bool>,
    /// Whether what others do is heard.
    pub(super) listening: watch::Sender<bool>,
    pub(super) awake: Awake,
    pub(super) stop: CancellationToken,
    held: Mutex<HashMap<JobId, Entry>>,
}

impl Shared {
    /// With what must run for it.
    pub(super) fn new(config: RedisQueueConfig) -> Result<(Self, [Gathered; 2]), QueueError> {
        let client = Client::open(config.url.expose_secret()).map_err(|error| {
            // The URL may hold a password, so it is not repeated.
            QueueError::StoreRefuses { reason: format!("its URL cannot be used: {error}") }
        })?;
        let trouble = watch::Sender::new(None);
        let (enqueues, added) = Gather::new(Step::Enqueue);
        let (finishes, ended) = Gather::new(Step::Finish);
        let shared = Self {
            owner: format!("{:012x}", rand::random::<u64>() >> 16),
            scripts: Scripts::new(format!("bq:{}:", config.name)),
            commands: Link::new(client.clone(), RESPONSE, trouble.clone()),
            blocking: Link::new(client.clone(), BLOCK + BLOCK_MARGIN, trouble.clone()),
            enqueues,
            finishes,
            events: broadcast::channel(EVENT_BACKLOG).0,
            earlier: Notify::new(),
            trouble,
            events_wanted: watch::Sender::new(false),
            listening: watch::Sender::new(false),
            awake: Awake::new(config.awake),
            stop: CancellationToken::new(),
            held: Mutex::default(),
            client,
            config,
        };
        Ok((shared, [added, ended]))
    }

    pub(super) fn key(&self, name: &str) -> String {
        format!("bq:{}:{name}", self.config.name)
    }

    /// Most bytes of a job that are read, with its notes.
    pub(super) fn max_entry_bytes(&self) -> usize {
        self.config.max_job_bytes.saturating_add(NOTES)
    }

    /// The jobs this handle has reserved.
    pub(super) fn held(&self) -> MutexGuard<'_, HashMap<JobId, Entry>> {
        // The state is consistent between any two of its operations, also after a panic.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn tell(&self, id: &JobId, state: JobState, progress: Option<Progress>) {
        if self.events.receiver_count() > 0 {
            // Nobody listening is not an error.
            let _ = self.events.send(JobEvent { id: id.clone(), state, progress });
        }
    }
}

/// Unix milliseconds.
pub(super) fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
