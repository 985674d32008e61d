//! `prb trader`: what traders sign with, and what would come of a job.

use prb_core::chain::ChainClient;
use prb_core::queue::{
    CallOutcome, Job, JobId, JobKey, JobQueue, JobRecord, RedisQueue, RedisQueueConfig,
};
use prb_core::trader::{DryRun, Operator, PublishedAccount, Verdict};
use prb_walkie::identity::{Identity, Name};
use serde_json::{Value, json};

use crate::Failure;
use crate::args::{ParaArgs, QueueReachArgs, TraderCommand};
use crate::logging::{self, Log, Target};
use crate::output::answer;
use crate::{process, queue, services};

mod text;

pub(crate) use text::{account_table, needs, notes, pha};

/// `prb trader`.
pub(crate) fn run(command: &TraderCommand, log: &Log) -> Result<(), Failure> {
    logging::start(log, &Target::Stderr)?;
    process::block_on(async {
        match command {
            TraderCommand::Accounts { redis, json } => {
                let url = redis.needed_by("prb trader")?;
                // What is published has no signature that a key could check.
                let config = RedisQueueConfig::new(url.to_string(), JobKey::random());
                let queue = RedisQueue::open(config)?;
                let accounts = accounts(&queue).await;
                queue.close().await;
                let accounts = accounts?;
                let told = json!({ "accounts": accounts });
                Ok(answer(*json, &told, &text::accounts(&accounts))?)
            }
            TraderCommand::DryRun { job, para, reach } => {
                let url = reach.redis.needed_by("prb trader")?;
                let queue = queue::open(&reach.key_dir, &url)?;
                let told = dry_run(&queue, &JobId(job.clone()), para, reach).await;
                queue.close().await;
                let told = told?;
                Ok(answer(reach.json, &told_in_json(&told), &text::dry_run(&told))?)
            }
        }
    })
}

async fn accounts(queue: &RedisQueue) -> Result<Vec<PublishedAccount>, Failure> {
    let published = queue.published_accounts().await?;
    let read = published.iter().map(|json| serde_json::from_slice(json));
    Ok(read.collect::<Result<_, _>>()?)
}

async fn dry_run(
    queue: &RedisQueue,
    id: &JobId,
    para: &ParaArgs,
    reach: &QueueReachArgs,
) -> Result<DryRun, Failure> {
    let unmet = |reason: String| Failure::Unmet(vec![reason]);
    let Some(JobRecord { job, .. }) = queue.job(id).await? else {
        return Err(unmet(format!("job {id} is not known")));
    };
    let job: Job = job.map_err(|error| unmet(format!("job {id}: {error}")))?;
    let identity = Identity::load(&reach.key_dir, Name::Lifecycle)?;
    let Some(sealed) = queue.operator(job.pid).await? else {
        return Err(unmet(format!("pool {} has no operator beside the queue", job.pid)));
    };
    let operator = Operator::open(job.pid, &sealed, &identity)?;
    let chain = ChainClient::new(services::nodes(&para.para_endpoints, para.endpoint_policy));
    Ok(DryRun::of(&job, &operator, &chain).await?)
}

fn told_in_json(told: &DryRun) -> Value {
    let calls = told.calls.iter().map(|(call, does)| json!({ "call": call, "does": does }));
    let (verdict, why) = match &told.verdict {
        Verdict::Call(CallOutcome::Ok) => ("ok", None),
        Verdict::Call(CallOutcome::Error { error, docs }) => {
            ("error", Some(format!("{error}: {docs}").trim_end_matches(": ").to_owned()))
        }
        Verdict::Invalid(why) => ("invalid", Some(why.clone())),
        // Results of calls in a batch or for another account are told only in a block.
        _ => ("included", None),
    };
    json!({
        "signer": told.signer_address(),
        "proxied": told.proxied_address(),
        "calls": calls.collect::<Vec<_>>(),
        "nonce": told.nonce,
        "bytes": told.bytes,
        "fee": told.fee.map(|planck| planck.to_string()),
        "verdict": verdict,
        "why": why,
    })
}
