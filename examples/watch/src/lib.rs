//! Follows the workers of a lifecycle manager over gRPC, tells what an operator should know, and
//! restarts a worker that stays in error.

#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context, Result};
use prb_walkie::proto::lifecycle::UuidQueryRequest;
use prb_walkie::proto::walkie_rpc_client::WalkieRpcClient;
use prb_walkie::proto::worker_explanation::ConditionState;
use prb_walkie::proto::worker_state::Status;
use prb_walkie::proto::{WorkerExplanation, WorkerState};
use tokio::time::{Instant, sleep_until};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Endpoint;
use tonic::{Request, Status as Refusal};

/// One that does nothing else.
const FAR: Duration = Duration::from_hours(1);

/// A worker in error, and until when it is left to recover by itself.
type Failing = HashMap<String, Instant>;

/// Watches until the manager stops. `tell` gets a line for everything worth one. A worker that is
/// in error for longer than `patience` is restarted, and again after as long.
pub async fn watch(
    address: &str,
    bearer: &str,
    patience: Duration,
    mut tell: impl FnMut(String),
) -> Result<()> {
    let mut token: MetadataValue<Ascii> = bearer.parse().context("the token is no header")?;
    token.set_sensitive(true);
    let channel = Endpoint::from_shared(address.to_owned())?.connect().await?;
    let with_token = move |mut request: Request<()>| {
        request.metadata_mut().insert("authorization", token.clone());
        Ok::<_, Refusal>(request)
    };
    let mut client = WalkieRpcClient::new(InterceptedService::new(channel, with_token));
    // All workers first, then each change.
    let mut changes = client.watch_worker_status(UuidQueryRequest::default()).await?.into_inner();
    let mut failing = Failing::new();
    loop {
        let due = failing.values().min().copied().unwrap_or_else(|| Instant::now() + FAR);
        tokio::select! {
            update = changes.message() => {
                let Some(update) = update? else { return Ok(()) };
                for state in update.worker_states {
                    let Some(name) = note(&mut failing, &state, patience, &mut tell) else { continue };
                    let ids = vec![name];
                    let explained = client.explain_worker(UuidQueryRequest { ids }).await?;
                    explained.into_inner().workers.iter().map(why).for_each(&mut tell);
                }
            }
            () = sleep_until(due) => {
                let now = Instant::now();
                let ids: Vec<_> = failing
                    .iter_mut()
                    .filter(|(_, due)| **due <= now)
                    .map(|(name, due)| {
                        *due = now + patience;
                        name.clone()
                    })
                    .collect();
                if !ids.is_empty() {
                    tell(format!("restarting {}", ids.join(", ")));
                    client.restart_worker(UuidQueryRequest { ids }).await?;
                }
            }
        }
    }
}

/// Takes in a worker's state; its name if it has just come to be in error.
fn note(
    failing: &mut Failing,
    state: &WorkerState,
    patience: Duration,
    tell: &mut impl FnMut(String),
) -> Option<String> {
    let worker = state.worker.as_ref()?;
    match state.status() {
        // A restart that does not help begins with this, too.
        Status::SStarting if !worker.deleted => None,
        Status::SError => {
            let until = Instant::now() + patience;
            let is_new = failing.insert(worker.name.clone(), until).is_none();
            is_new.then(|| worker.name.clone())
        }
        _ => {
            if failing.remove(&worker.name).is_some() {
                tell(format!("{} is well again: {}", worker.name, state.last_message));
            }
            None
        }
    }
}

/// What keeps a worker from earning, and what to do about it.
fn why(worker: &WorkerExplanation) -> String {
    let unmet = worker.conditions.iter().find(|it| it.state() != ConditionState::CsMet);
    match unmet {
        Some(it) => format!("{}: {}: {}; {}", worker.name, it.requirement, it.detail, it.remedy),
        None => format!("{} earns", worker.name),
    }
}
