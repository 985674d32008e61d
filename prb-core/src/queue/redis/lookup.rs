//! Looking at the queue from outside: single jobs, lists, counts, and a person's wishes.

use std::time::Duration;

use super::entry::Entry;
use super::shared::{Shared, now_ms};
use crate::queue::QueueError;
use crate::queue::job::{JobId, JobRecord, JobState, QueueCounts};

/// Jobs read in one step.
const PAGE: usize = 100;
/// The set of accounts that anything was ever published of.
const ACCOUNTS: &str = "prb:accounts";

impl Shared {
    /// The jobs that are known, in order.
    pub(super) async fn look(&self, ids: &[JobId]) -> Result<Vec<JobRecord>, QueueError> {
        let mut records = Vec::with_capacity(ids.len());
        for page in ids.chunks(PAGE) {
            let mut script = self.scripts.look();
            script.arg(self.max_entry_bytes());
            for id in page {
                script.arg(&id.0);
            }
            let found: Vec<(Vec<u8>, usize, String, String)> =
                self.commands.insist_script(&script, self.config.patience).await?;
            for (id, (entry, bytes, state, claim)) in page.iter().zip(found) {
                if bytes > 0 {
                    records.push(self.record(id, &entry, bytes, &state, &claim));
                }
            }
        }
        Ok(records)
    }

    fn record(
        &self,
        id: &JobId,
        entry: &[u8],
        bytes: usize,
        state: &str,
        claim: &str,
    ) -> JobRecord {
        let state = match state {
            "active" => JobState::Active,
            "delayed" => JobState::Delayed,
            "succeeded" => JobState::Succeeded,
            "failed" => JobState::Failed,
            _ => JobState::Waiting,
        };
        let (key, accept) = (&self.config.key, self.config.accept_unsigned_jobs);
        let mut record = match self.read(entry, bytes) {
            Ok(entry) => entry.into_record(id.clone(), state, key, accept),
            Err(error) => {
                let nothing = Entry::unreadable(0);
                let record = nothing.into_record(id.clone(), state, key, accept);
                JobRecord { job: Err(error), ..record }
            }
        };
        if let Some((_, word)) = claim.split_once(' ') {
            record.progress = serde_json::from_value(word.into()).ok();
        }
        record
    }

    pub(super) async fn list(
        &self,
        state: JobState,
        limit: usize,
    ) -> Result<Vec<JobRecord>, QueueError> {
        let records = self.look(&self.ids(state, limit).await?).await?;
        // Some may have gone on between the two steps.
        Ok(records.into_iter().filter(|record| record.state == state).collect())
    }

    /// The newest ids of a state, newest first.
    async fn ids(&self, state: JobState, limit: usize) -> Result<Vec<JobId>, QueueError> {
        let Some(last) = limit.checked_sub(1) else { return Ok(Vec::new()) };
        match state {
            JobState::Succeeded => self.tidy("succeeded", self.config.keep_succeeded).await?,
            JobState::Failed => self.tidy("failed", self.config.keep_failed).await?,
            JobState::Waiting | JobState::Active | JobState::Delayed => {}
        }
        let (command, key) = match state {
            JobState::Waiting => ("LRANGE", "waiting"),
            JobState::Active => ("LRANGE", "active"),
            JobState::Delayed => ("ZREVRANGE", "delayed"),
            JobState::Succeeded => ("ZREVRANGE", "prb:succeeded"),
            JobState::Failed => ("ZREVRANGE", "prb:failed"),
        };
        let mut pipeline = redis::pipe();
        pipeline.cmd(command).arg(self.key(key)).arg(0).arg(last);
        let (ids,): (Vec<String>,) =
            self.commands.insist_pipe(&pipeline, self.config.patience).await?;
        Ok(ids.into_iter().map(JobId).collect())
    }

    /// Takes note of the ended jobs of others and forgets the oldest of all.
    pub(super) async fn tidy(&self, state: &str, keep: usize) -> Result<(), QueueError> {
        let mut cursor = "0".to_owned();
        loop {
            let mut script = self.scripts.tidy();
            script.arg(state).arg(keep).arg(&cursor);
            cursor = self.commands.insist_script(&script, self.config.patience).await?;
            if cursor == "0" {
                return Ok(());
            }
        }
    }

    pub(super) async fn counts(&self) -> Result<QueueCounts, QueueError> {
        let (waiting, active, delayed, succeeded, failed) =
            self.commands.insist_script(&self.scripts.counts(), self.config.patience).await?;
        Ok(QueueCounts { waiting, active, delayed, succeeded, failed })
    }

    pub(super) async fn remove(&self, id: &JobId) -> Result<bool, QueueError> {
        let mut script = self.scripts.remove();
        script.arg(&id.0);
        let removed: i64 = self.commands.insist_script(&script, self.config.patience).await?;
        Ok(removed != 0)
    }

    pub(super) async fn retry(&self, id: &JobId) -> Result<bool, QueueError> {
        let mut pipeline = redis::pipe();
        pipeline.cmd("HSTRLEN").arg(self.key("jobs")).arg(&id.0);
        let (bytes,): (usize,) = self.commands.insist_pipe(&pipeline, self.config.patience).await?;
        if bytes == 0 || bytes > self.max_entry_bytes() {
            return Ok(false);
        }
        let mut pipeline = redis::pipe();
        pipeline.cmd("HGET").arg(self.key("jobs")).arg(&id.0);
        let (entry,): (Option<Vec<u8>>,) =
            self.commands.insist_pipe(&pipeline, self.config.patience).await?;
        let Some(entry) = entry else { return Ok(false) };
        let mut entry = Entry::decode(&entry).unwrap_or_else(|_| Entry::unreadable(now_ms()));
        entry.retry();
        let mut script = self.scripts.retry();
        script.arg(&id.0).arg(entry.encode(id)?);
        let retried: i64 = self.commands.insist_script(&script, self.config.patience).await?;
        if retried != 0 {
            self.tell(id, JobState::Waiting, None);
        }
        Ok(retried != 0)
    }

    pub(super) async fn retry_failed(&self) -> Result<usize, QueueError> {
        let mut retried = 0;
        // Oldest first, as many as there are now.
        for id in self.ids(JobState::Failed, self.config.keep_failed).await?.iter().rev() {
            retried += usize::from(self.retry(id).await?);
        }
        Ok(retried)
    }

    pub(super) async fn put_operator(&self, pid: u64, sealed: &[u8]) -> Result<(), QueueError> {
        let mut pipeline = redis::pipe();
        pipeline.cmd("SET").arg(self.operator_key(pid)).arg(sealed).ignore();
        self.commands.insist_pipe(&pipeline, self.config.patience).await
    }

    pub(super) async fn operator(&self, pid: u64) -> Result<Option<Vec<u8>>, QueueError> {
        let mut pipeline = redis::pipe();
        pipeline.cmd("GET").arg(self.operator_key(pid));
        let (sealed,): (Option<Vec<u8>>,) =
            self.commands.insist_pipe(&pipeline, self.config.patience).await?;
        Ok(sealed)
    }

    /// Redis forgets each status by itself; the index only tells which to look for.
    pub(super) async fn publish_account(
        &self,
        account: [u8; 32],
        status: &[u8],
        ttl: Duration,
    ) -> Result<(), QueueError> {
        let account = hex::encode(account);
        let ttl = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX).max(1);
        let mut pipeline = redis::pipe();
        pipeline.cmd("SET").arg(self.account_key(&account)).arg(status).arg("PX").arg(ttl).ignore();
        pipeline.cmd("SADD").arg(self.key(ACCOUNTS)).arg(&account).ignore();
        self.commands.insist_pipe(&pipeline, self.config.patience).await
    }

    pub(super) async fn published_accounts(&self) -> Result<Vec<Vec<u8>>, QueueError> {
        let mut pipeline = redis::pipe();
        pipeline.cmd("SMEMBERS").arg(self.key(ACCOUNTS));
        let (mut accounts,): (Vec<String>,) =
            self.commands.insist_pipe(&pipeline, self.config.patience).await?;
        accounts.sort();
        if accounts.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipeline = redis::pipe();
        let keys: Vec<_> = accounts.iter().map(|account| self.account_key(account)).collect();
        pipeline.cmd("MGET").arg(keys);
        let (statuses,): (Vec<Option<Vec<u8>>>,) =
            self.commands.insist_pipe(&pipeline, self.config.patience).await?;
        Ok(statuses.into_iter().flatten().collect())
    }

    fn account_key(&self, account: &str) -> String {
        self.key(&format!("prb:account:{account}"))
    }

    fn operator_key(&self, pid: u64) -> String {
        self.key(&format!("prb:operator:{pid}"))
    }
}
