//! `prb worker`: which workers a lifecycle manager keeps, and how they are.

use prb_walkie::proto::lifecycle::{CreateWorker, UpdateWorker, update_worker};
use prb_walkie::proto::{WorkerExplanations, WorkerStateUpdate, db};

use crate::Failure;
use crate::args::{
    AddWorkerArgs, EditWorkersArgs, ListWorkersArgs, StatusArgs, WorkerCommand, WorkersArgs,
};
use crate::import;
use crate::logging::{self, Log, Target};
use crate::manager::{self, Aim, Answer, Manager, choose};
use crate::process;

mod explanation;
mod text;

pub(crate) use text::status;

/// `prb worker`.
pub(crate) fn run(command: &WorkerCommand, log: &Log) -> Result<(), Failure> {
    logging::start(log, &Target::Stderr)?;
    process::block_on(async {
        match command {
            WorkerCommand::Add(args) => {
                let add = async |manager: &Manager| add(manager, args).await;
                manager::with(&args.manager, Aim::Inventory, add).await
            }
            WorkerCommand::List(args) => {
                let list = async |manager: &Manager| list(manager, args).await;
                manager::with(&args.manager, Aim::Inventory, list).await
            }
            WorkerCommand::Edit(args) => {
                let of_one = args.name.is_some()
                    || args.endpoint.is_some()
                    || args.public_endpoints.is_some();
                if args.workers.len() > 1 && of_one {
                    let line = "--name, --endpoint and --public-endpoints are of one worker, and \
                                several are given";
                    return Err(Failure::Usage(line.into()));
                }
                let edit = async |manager: &Manager| edit(manager, args).await;
                manager::with(&args.manager, Aim::Inventory, edit).await
            }
            WorkerCommand::Remove(args) => {
                let remove = async |manager: &Manager| remove(manager, args).await;
                manager::with(&args.manager, Aim::Inventory, remove).await
            }
            WorkerCommand::Import(args) => {
                let wanted = import::wanted_workers(args)?;
                let import =
                    async |manager: &Manager| import::workers(manager, &wanted, args.dry_run).await;
                manager::with(&args.manager, Aim::Inventory, import).await
            }
            WorkerCommand::Restart(args) => tell("RestartWorker", args).await,
            WorkerCommand::Register(args) => tell("RefreshRaAndRestartWorker", args).await,
            WorkerCommand::Kick(args) => tell("KickWorker", args).await,
            WorkerCommand::Checkpoint(args) => tell("CheckpointWorker", args).await,
            WorkerCommand::Drain(args) => tell("DrainWorker", args).await,
            WorkerCommand::Stop(args) => tell("StopWorker", args).await,
            WorkerCommand::Retire(args) => tell("RetireWorker", args).await,
            WorkerCommand::Start(args) => tell("StartWorker", args).await,
            WorkerCommand::Status(args) => {
                let status = async |manager: &Manager| {
                    states(manager, "GetWorkerStatus", &args.workers).await
                };
                manager::with(&args.manager, Aim::Service, status).await
            }
            WorkerCommand::Explain(args) => {
                let explain = async |manager: &Manager| explain(manager, args).await;
                manager::with(&args.manager, Aim::Service, explain).await
            }
        }
    })
}

async fn tell(method: &str, args: &WorkersArgs) -> Result<(), Failure> {
    let tell = async |manager: &Manager| states(manager, method, &args.workers).await;
    manager::with(&args.manager, Aim::Service, tell).await
}

async fn states(manager: &Manager, method: &str, ids: &[String]) -> Result<Answer, Failure> {
    let update: WorkerStateUpdate = manager.of_workers(method, ids).await?;
    let text = text::states(&update.worker_states);
    Ok(Answer { json: manager::to_json(method, &update)?, text })
}

async fn explain(manager: &Manager, args: &StatusArgs) -> Result<Answer, Failure> {
    const METHOD: &str = "ExplainWorker";
    let explained: WorkerExplanations = manager.of_workers(METHOD, &args.workers).await?;
    let text = explanation::text(&explained.workers);
    Ok(Answer { json: manager::to_json(METHOD, &explained)?, text })
}

async fn add(manager: &Manager, args: &AddWorkerArgs) -> Result<Answer, Failure> {
    let pools = manager.list_pools().await?.pools;
    let worker = db::Worker {
        pid: choose::pool(&pools, &args.pool)?.pid,
        name: args.name.clone(),
        endpoint: args.endpoint.clone(),
        enabled: !args.disabled,
        stake: args.stake.map_or_else(String::new, |stake| stake.0.to_string()),
        sync_only: args.sync_only,
        gatekeeper: args.gatekeeper,
        public_endpoints: args.public_endpoints.clone(),
        ..db::Worker::default()
    };
    let added = manager.create_workers(CreateWorker { workers: vec![worker] }).await?;
    answer("CreateWorker", &added.workers)
}

async fn list(manager: &Manager, args: &ListWorkersArgs) -> Result<Answer, Failure> {
    let mut workers = manager.list_workers().await?.workers;
    if let Some(pool) = &args.pool {
        let pid = choose::pool(&manager.list_pools().await?.pools, pool)?.pid;
        workers.retain(|worker| worker.pid == pid);
    }
    answer("ListWorker", &workers)
}

async fn edit(manager: &Manager, args: &EditWorkersArgs) -> Result<Answer, Failure> {
    let pid = match &args.pool {
        Some(pool) => Some(choose::pool(&manager.list_pools().await?.pools, pool)?.pid),
        None => None,
    };
    let edited = |before: &db::Worker| db::Worker {
        pid: pid.unwrap_or(before.pid),
        name: args.name.clone().unwrap_or_else(|| before.name.clone()),
        endpoint: args.endpoint.clone().unwrap_or_else(|| before.endpoint.clone()),
        enabled: args.enabled.unwrap_or(before.enabled),
        stake: args.stake.map_or_else(|| before.stake.clone(), |stake| stake.0.to_string()),
        sync_only: args.sync_only.unwrap_or(before.sync_only),
        gatekeeper: args.gatekeeper.unwrap_or(before.gatekeeper),
        public_endpoints: match &args.public_endpoints {
            None => before.public_endpoints.clone(),
            Some(given) => given.iter().filter(|it| !it.is_empty()).cloned().collect(),
        },
        ..db::Worker::default()
    };
    update(manager, &args.workers, edited).await
}

async fn remove(manager: &Manager, args: &WorkersArgs) -> Result<Answer, Failure> {
    let removed = |_: &db::Worker| db::Worker { deleted: true, ..db::Worker::default() };
    update(manager, &args.workers, removed).await
}

/// Makes each of the workers what `edited` says, all or none.
async fn update(
    manager: &Manager,
    given: &[String],
    edited: impl Fn(&db::Worker) -> db::Worker,
) -> Result<Answer, Failure> {
    let workers = manager.list_workers().await?.workers;
    let items = given.iter().map(|given| {
        let before = choose::worker(&workers, given)?;
        let worker = Some(edited(before));
        Ok(update_worker::Item { id: Some(choose::by_uuid(&before.uuid)), worker })
    });
    let items = items.collect::<Result<Vec<_>, Failure>>()?;
    answer("UpdateWorker", &manager.update_workers(UpdateWorker { items }).await?.workers)
}

fn answer(method: &str, workers: &[db::Worker]) -> Result<Answer, Failure> {
    let list = prb_walkie::proto::lifecycle::WorkerList { workers: workers.to_vec() };
    Ok(Answer { json: manager::to_json(method, &list)?, text: text::workers(workers) })
}
