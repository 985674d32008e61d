//! Making extrinsics out of due batches and submitting them.

use std::sync::Arc;

use fail::fail_point;
use futures::StreamExt;
use subxt::utils::H256;
use tokio::time::Instant;

use super::{Account, StepError};
use crate::chain::ChainError;
use crate::chain::client::{Subscription, TransactionStatus};
use crate::error::{Classify, ErrorClass};
use crate::queue::wire::hex_of;
use crate::queue::{JobId, Progress, QueueError, SentExtrinsic};
use crate::trader::account::job::AccountJob;
use crate::trader::batch::{BatchLimits, Lane};
use crate::trader::era::Era;
use crate::trader::extrinsic::{ExtrinsicError, OVERHEAD, SignedExtrinsic, Terms, sign, wrap};
use crate::trader::ledger::Held;
use crate::trader::refusal::{Refusal, refusal};
use crate::trader::runtime::Runtime;

/// After this many refusals of newly signed extrinsics a job is given up.
const MAX_REFUSALS: u32 = 3;

impl Account {
    pub(super) fn limits(&self) -> BatchLimits {
        BatchLimits { max_calls: self.max_calls, ..self.shared.config.limits() }
    }

    /// Sends batches as long as one is due and nothing is in doubt.
    pub(super) async fn send_due(&mut self) -> Result<(), StepError> {
        while self.ledger.len() < self.shared.config.max_in_flight {
            let Some(nonce) = self.ledger.next_nonce() else { return Ok(()) };
            let Some(seen) = self.seen.clone() else { return Ok(()) };
            if Instant::now() < self.not_before {
                return Ok(());
            }
            let Some(batch) = self.batcher.take(&self.limits(), Instant::now()) else {
                return Ok(());
            };
            self.outgoing = batch.items.into_iter().map(|item| item.job).collect();
            self.check_turn().await?;
            self.check_twice().await?;
            let runtime = self.shared.runtimes.best().await?;
            let calls = self.encode(&runtime);
            if calls.is_empty() {
                continue;
            }
            let era = Era::new(seen.block.number, seen.block.hash, self.shared.config.era_blocks);
            let terms = Terms { nonce, era, tip: self.shared.config.tip };
            fail_point!("trader-before-sign");
            let made = self.make(&runtime, calls, batch.lane, &terms);
            fail_point!("trader-after-sign");
            match made {
                Ok(signed) => self.submit(signed, &runtime, &terms).await?,
                Err(error) => {
                    self.note(error.to_string());
                    self.fail_outgoing(&error.to_string(), error.class());
                }
            }
        }
        Ok(())
    }

    /// Encodes the outgoing jobs' calls; jobs that cannot be encoded are failed and left out.
    fn encode(&mut self, runtime: &Runtime) -> Vec<Vec<u8>> {
        let limit = (runtime.max_normal_block_bytes() as usize).saturating_sub(OVERHEAD);
        let mut all = Vec::new();
        for job in std::mem::take(&mut self.outgoing) {
            let calls = job.calls.calls.iter().map(|call| call.encode(runtime));
            match calls.collect::<Result<Vec<_>, _>>() {
                Ok(_) if job.calls.size() > limit => {
                    let reason = format!(
                        "the job's calls have {} bytes, a block takes {limit}",
                        job.calls.size()
                    );
                    self.fail(job, &reason, ErrorClass::Permanent);
                }
                Ok(calls) => {
                    all.extend(calls);
                    self.outgoing.push(job);
                }
                Err(error) => self.fail(job, &error.to_string(), error.class()),
            }
        }
        all
    }

    fn make(
        &self,
        runtime: &Runtime,
        calls: Vec<Vec<u8>>,
        lane: Lane,
        terms: &Terms,
    ) -> Result<SignedExtrinsic, ExtrinsicError> {
        let call = wrap(runtime, calls, lane.as_ref())?;
        sign(runtime, &call, terms, &self.operator)
    }

    /// Submits the extrinsic of the outgoing jobs, after noting it with each of them.
    async fn submit(
        &mut self,
        signed: SignedExtrinsic,
        runtime: &Runtime,
        terms: &Terms,
    ) -> Result<(), StepError> {
        let shared = Arc::clone(&self.shared);
        match shared.queue.mark_sent(self.sent_records(&signed, terms)).await {
            Ok(()) => {}
            Err(QueueError::NotReserved { id }) => {
                self.let_go(&id);
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        }
        let (hash, bytes, nonce) = (signed.hash, signed.bytes.clone(), terms.nonce);
        let jobs = std::mem::take(&mut self.outgoing);
        let ids: Vec<_> = jobs.iter().map(|job| job.id().clone()).collect();
        tracing::debug!(account = %self.address(), nonce, extrinsic = ?hash, jobs = jobs.len(),
            "submitting");
        self.ledger.hold(Held {
            nonce,
            extrinsic: signed,
            era: terms.era,
            spec_version: runtime.spec_version,
            load: jobs,
        });
        fail_point!("trader-before-submit");
        let submitted = shared.chain.submit_and_watch(&bytes).await;
        fail_point!("trader-after-submit");
        shared.totals.submitted(&submitted);
        match submitted {
            Ok(statuses) => self.watch(hash, statuses),
            Err(ChainError::Refused { code, message, .. }) => {
                self.refused(nonce, code, &message);
                return Ok(());
            }
            Err(error) => self.ledger.doubt(format!(
                "it is not known whether the extrinsic with nonce {nonce} was submitted: {error}"
            )),
        }
        for id in &ids {
            // Progress is a courtesy: what counts is the end.
            let _ = shared.queue.progress(id, Progress::Working).await;
        }
        Ok(())
    }

    /// Forgets an outgoing job that the queue has lost; the others go without it.
    fn let_go(&mut self, lost: &JobId) {
        tracing::warn!(job = %lost, "the queue lost a job before it was sent");
        for job in std::mem::take(&mut self.outgoing) {
            if job.id() == lost {
                self.batcher.landed(job.calls.messages.as_ref());
            } else {
                self.put_back(job);
            }
        }
    }

    fn sent_records(&self, signed: &SignedExtrinsic, terms: &Terms) -> Vec<(JobId, SentExtrinsic)> {
        let counts = self.outgoing.iter().map(|job| job.calls.calls.len() as u32);
        let total_calls = counts.clone().sum();
        let mut first_call = 0;
        self.outgoing
            .iter()
            .zip(counts)
            .map(|(job, calls)| {
                let sent = SentExtrinsic {
                    hash: hex_of(&signed.hash.0),
                    signer: hex_of(&self.address().0),
                    nonce: terms.nonce,
                    birth: terms.era.birth(),
                    death: terms.era.death(),
                    proxied: job.lane.is_some(),
                    first_call,
                    calls,
                    total_calls,
                };
                first_call += calls;
                (job.id().clone(), sent)
            })
            .collect()
    }

    pub(super) fn watch(&mut self, hash: H256, statuses: Subscription<TransactionStatus>) {
        // A node ends the subscription after telling that it is final.
        let until_final = statuses.scan(false, move |is_final, status| {
            let more = !*is_final;
            *is_final = matches!(status, Ok(TransactionStatus::Finalized(_)));
            std::future::ready(more.then_some((hash, status)))
        });
        fail_point!("trader-before-watch");
        self.watched.push(until_final.boxed());
        fail_point!("trader-after-watch");
    }

    /// A node refused an extrinsic that no node had seen before: it can be in no block.
    fn refused(&mut self, nonce: u32, code: i32, message: &str) {
        let meaning = refusal(code, message);
        if meaning == Refusal::AlreadyThere {
            return;
        }
        let Some(held) = self.ledger.take_back(nonce) else { return };
        let jobs = held.load;
        let said = format!("the node refused the extrinsic: {message} (code {code})");
        match meaning {
            Refusal::AlreadyThere => {}
            Refusal::NonceTaken => {
                self.ledger.doubt(format!("nonce {nonce} is not the account's next: {message}"));
                self.try_again(jobs, &said);
            }
            Refusal::Outdated => {
                self.pause();
                self.try_again(jobs, &said);
            }
            Refusal::Busy => {
                self.pause();
                self.note(said);
                for job in jobs {
                    self.put_back(job);
                }
            }
            Refusal::TooHeavy => {
                let calls: usize = jobs.iter().map(|job| job.calls.calls.len()).sum();
                if calls == 1 {
                    for job in jobs {
                        self.fail(job, &said, ErrorClass::Permanent);
                    }
                    return;
                }
                self.max_calls = calls / 2;
                for mut job in jobs {
                    job.calls.keep_first(self.max_calls, usize::MAX);
                    self.put_back(job);
                }
            }
            Refusal::CannotPay => {
                let said = format!(
                    "account {} cannot pay the fee: {message}; send it some tokens",
                    self.address()
                );
                self.note(said.clone());
                for job in jobs {
                    self.fail(job, &said, ErrorClass::Operator);
                }
            }
            Refusal::Never => {
                self.note(said.clone());
                for job in jobs {
                    self.fail(job, &said, ErrorClass::Permanent);
                }
            }
        }
    }

    /// Waits for another block before anything is sent.
    fn pause(&mut self) {
        self.not_before = Instant::now() + self.shared.config.max_batch_age;
    }

    fn try_again(&mut self, jobs: Vec<AccountJob>, said: &str) {
        for mut job in jobs {
            job.refusals += 1;
            if job.refusals >= MAX_REFUSALS {
                self.fail(job, said, ErrorClass::Transient);
            } else {
                self.put_back(job);
            }
        }
    }

    pub(super) fn fail_outgoing(&mut self, reason: &str, class: ErrorClass) {
        for job in std::mem::take(&mut self.outgoing) {
            self.fail(job, reason, class);
        }
    }

    fn fail(&mut self, job: AccountJob, reason: &str, class: ErrorClass) {
        let words = job.calls.calls.first().map_or_else(String::new, |call| call.words.clone());
        let (action, attempts) = (&job.reserved.job.action, job.reserved.attempts);
        let reason = format!("could not {words}: {reason}");
        let ending = self.retry_policy().failed(action, attempts, reason, class);
        self.end(job, ending);
    }
}
