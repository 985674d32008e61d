//! `prb migrate v3`: pools and workers of a running worker manager of version 3.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use prb_core::lifecycle::OperatorSecret;
use prb_core::lifecycle::import::{Place, WantedPool, WantedWorker};
use serde_json::json;
use subxt::utils::AccountId32;

use crate::args::MigrateV3Args;
use crate::manager::{self, Aim, Answer, Manager};
use crate::view::text::single_line;
use crate::{Failure, import};

mod found;
mod secrets;

use found::Found;

/// `prb migrate v3`.
pub(super) async fn run(args: &MigrateV3Args) -> Result<(), Failure> {
    let found = Found::ask(&args.from).await?;
    let accounts = found.accounts()?;
    if args.dry_run {
        let answer = async |_: &Manager| Ok(told(&found, &accounts));
        return manager::with(&args.manager, Aim::AnyInventory, answer).await;
    }
    let secrets = secrets::read(&accounts)?;
    let (pools, workers) = wanted(&found, &secrets)?;
    let take_in = async |manager: &Manager| {
        let pools = import::pools(manager, &pools, false).await?;
        let workers = import::workers(manager, &workers, false).await?;
        Ok(Answer {
            json: json!({ "pools": pools.json, "workers": workers.json, "next": NEXT }),
            text: format!("pools\n{}workers\n{}\n{NEXT}\n", pools.text, workers.text),
        })
    };
    manager::with(&args.manager, Aim::NewInventory, take_in).await
}

/// What remains to be done by the operator.
const NEXT: &str = "Stop version 3's worker manager before the lifecycle manager starts: two of \
                    them would feed and speak for the same workers. Its folder po/ holds the \
                    operators' secrets in the clear; remove it once nothing needs it.";

/// What the file of an import would ask for.
fn wanted(
    found: &Found,
    secrets: &[OperatorSecret],
) -> Result<(Vec<WantedPool>, Vec<WantedWorker>)> {
    let operators = found.operators()?;
    let mut pools = Vec::new();
    let mut workers = Vec::new();
    for (index, pool) in found.pools.iter().enumerate() {
        let place = Place::Item(index + 1);
        let operator = operators.get(&pool.pid);
        let operator =
            operator.with_context(|| format!("pool {} has no operator in version 3", pool.pid))?;
        let mut wanted = WantedPool::new(place, pool.pid, &pool.name);
        let secret = secrets.iter().find(|secret| secret.account() == operator.account);
        let secret = secret.with_context(|| format!("no secret of {}", operator.address))?;
        wanted.owner = Some(secret.clone());
        wanted.proxied = operator.proxied;
        (wanted.enabled, wanted.sync_only) = (pool.enabled, pool.sync_only);
        pools.push(wanted);
        for worker in pool.workers.iter().flatten() {
            let place = Place::Item(workers.len() + 1);
            let mut wanted = WantedWorker::new(place, pool.pid, &worker.name, &worker.endpoint);
            let stake = worker.stake.trim().parse();
            wanted.stake = stake
                .with_context(|| format!("worker {}: stake {:?}", worker.name, worker.stake))?;
            (wanted.enabled, wanted.sync_only) = (worker.enabled, worker.sync_only);
            wanted.gatekeeper = worker.gatekeeper;
            workers.push(wanted);
        }
    }
    ensure!(!pools.is_empty(), "version 3 has no pools");
    Ok((pools, workers))
}

/// What would be taken in.
fn told(found: &Found, accounts: &BTreeMap<String, AccountId32>) -> Answer {
    let mut lines = Vec::new();
    let mut pools = Vec::new();
    for pool in &found.pools {
        let workers: Vec<_> = pool.workers.iter().flatten().map(|it| it.name.as_str()).collect();
        let names = single_line(&workers.join(", "));
        lines.push(format!(
            "pool {} {:?}: {} workers: {names}",
            pool.pid,
            pool.name,
            workers.len()
        ));
        pools.push(json!({ "pid": pool.pid.to_string(), "name": pool.name, "workers": workers }));
    }
    let needed: Vec<_> = accounts.keys().collect();
    lines.extend(needed.iter().map(|address| format!("the secret of {address} is needed")));
    lines.push("nothing was done\n".to_owned());
    let json = json!({ "dryRun": true, "pools": pools, "secretsOf": needed });
    Answer { json, text: lines.join("\n") }
}
