//! Settings of a [`RedisQueue`](super::RedisQueue).

use std::time::Duration;

use secrecy::SecretString;

use crate::queue::wire::JobKey;

/// Settings of a [`RedisQueue`](super::RedisQueue).
#[derive(Clone, Debug)]
pub struct RedisQueueConfig {
    /// `redis://[[user]:password@]host[:port][/database]`, or `redis+unix:///path`.
    pub url: SecretString,
    /// The queue's name; all keys begin with `bq:{name}:`.
    pub name: String,
    /// Signs jobs.
    pub key: JobKey,
    /// Takes jobs without a signature, as other programs make them.
    pub accept_unsigned_jobs: bool,
    /// Most jobs waiting, delayed and active together.
    pub max_unfinished: usize,
    /// Most bytes of one job, encoded. A larger one that another program enqueued is failed
    /// unread.
    pub max_job_bytes: usize,
    /// How many jobs that ended well are kept, whoever ended them. For a moment a twentieth more:
    /// they are forgotten some at once.
    pub keep_succeeded: usize,
    /// How many jobs that ended badly are kept.
    pub keep_failed: usize,
    /// A job whose holder says nothing for this long is put back by the second check that finds
    /// it so: after one to two intervals. All programs on a queue should have the same.
    pub stall_interval: Duration,
    /// How long a call outlasts a Redis that is away, full or read-only, before it is an error.
    pub patience: Duration,
    /// How long a thread stays awake at most for what comes of a job that was added or ended by
    /// itself, while nothing else wants its core: a near Redis answers sooner than a core wakes.
    /// Zero saves that time, mostly a fraction of a millisecond for each such job.
    pub awake: Duration,
}

impl RedisQueueConfig {
    /// The bridge's queue at `url` with default limits.
    pub fn new(url: impl Into<SecretString>, key: JobKey) -> Self {
        Self {
            url: url.into(),
            name: "prbmq__main".to_owned(),
            key,
            accept_unsigned_jobs: false,
            max_unfinished: 10_000,
            max_job_bytes: 8 << 20,
            keep_succeeded: 1_000,
            keep_failed: 1_000,
            stall_interval: Duration::from_secs(5),
            patience: Duration::from_secs(5),
            awake: Duration::from_micros(250),
        }
    }
}
