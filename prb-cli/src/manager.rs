//! The way to a lifecycle manager: the service on this host, a peer, or the folder of one that
//! does not run.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use prb_core::lifecycle::OfflineInventory;
use prb_walkie::identity::{Identity, Name};
use prb_walkie::proto::Empty;
use prb_walkie::proto::lifecycle::{
    CreatePool, CreateWorker, PoolList, UpdatePool, UpdateWorker, UuidQueryRequest, WorkerList,
};
use prb_walkie::rpc::{self, json};
use prost::Message;
use serde_json::Value;

use crate::Failure;
use crate::args::ManagerArgs;
use crate::output;
use crate::peer::{Client, Whom};
use crate::services::{self, LIFECYCLE};

pub(crate) mod choose;
pub(crate) mod owner;

/// What a command is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aim {
    /// An inventory that is there, whether its manager runs or not.
    Inventory,
    /// The same, or what one would be that is not there.
    AnyInventory,
    /// The same, or one that is made.
    NewInventory,
    /// Workers, of which a running manager alone knows.
    Service,
}

/// A lifecycle manager, or what it left.
pub(crate) enum Manager {
    /// It runs.
    Service(Client),
    /// It does not run.
    Folder(OfflineInventory, PathBuf),
    /// There is none: its inventory would be empty, and stays away.
    Nothing(PathBuf),
}

impl Manager {
    /// Finds the manager that the arguments name.
    pub(crate) async fn find(args: &ManagerArgs, aim: Aim) -> Result<Self, Failure> {
        if let Some(peer) = &args.peer {
            let client = Client::among_peers(&Whom::read(peer)?, &args.reach).await?;
            return Ok(Self::Service(client));
        }
        let silent = match Client::on_this_host(&LIFECYCLE, &args.reach).await {
            Ok(Some(client)) => return Ok(Self::Service(client)),
            Ok(None) => None,
            Err(error) => Some(error),
        };
        let folder = args.reach.data_dir.of_manager();
        let opened = match (aim, args.reach.grpc) {
            (Aim::Service, _) => Err(anyhow!(
                "this takes a running lifecycle manager, and {} does not say where one is; name \
                 another with --peer",
                folder.display()
            )),
            // That one was meant and no other.
            (_, Some(address)) => Err(anyhow!("nothing was looked for but {address}")),
            (aim, None) => open(&folder, args, aim).await,
        };
        match (opened, silent) {
            (Ok(found), _) => Ok(found),
            (Err(error), None) => Err(error.into()),
            (Err(error), Some(silent)) => {
                Err(Failure::Unmet(vec![format!("{silent:#}"), format!("{error:#}")]))
            }
        }
    }

    /// Which it is, for people.
    pub(crate) fn through(&self) -> String {
        match self {
            Self::Service(client) => client.whom(),
            Self::Folder(_, path) => path.display().to_string(),
            Self::Nothing(path) => format!("{}, where there is nothing yet", path.display()),
        }
    }

    /// All pools.
    pub(crate) async fn list_pools(&self) -> Result<PoolList> {
        match self {
            Self::Service(client) => client.ask("ListPool", &Empty {}).await,
            Self::Folder(inventory, _) => Ok(inventory.list_pools()),
            Self::Nothing(_) => Ok(PoolList::default()),
        }
    }

    /// Adds pools, all or none.
    pub(crate) async fn create_pools(&self, request: CreatePool) -> Result<PoolList> {
        match self {
            Self::Service(client) => client.ask("CreatePool", &request).await,
            Self::Folder(inventory, _) => Ok(inventory.create_pools(request)?),
            Self::Nothing(path) => Err(no_inventory(path)),
        }
    }

    /// Changes or deletes pools, all or none.
    pub(crate) async fn update_pools(&self, request: UpdatePool) -> Result<PoolList> {
        match self {
            Self::Service(client) => client.ask("UpdatePool", &request).await,
            Self::Folder(inventory, _) => Ok(inventory.update_pools(request)?),
            Self::Nothing(path) => Err(no_inventory(path)),
        }
    }

    /// All workers.
    pub(crate) async fn list_workers(&self) -> Result<WorkerList> {
        match self {
            Self::Service(client) => client.ask("ListWorker", &Empty {}).await,
            Self::Folder(inventory, _) => Ok(inventory.list_workers()),
            Self::Nothing(_) => Ok(WorkerList::default()),
        }
    }

    /// Adds workers, all or none.
    pub(crate) async fn create_workers(&self, request: CreateWorker) -> Result<WorkerList> {
        match self {
            Self::Service(client) => client.ask("CreateWorker", &request).await,
            Self::Folder(inventory, _) => Ok(inventory.create_workers(request)?),
            Self::Nothing(path) => Err(no_inventory(path)),
        }
    }

    /// Changes or deletes workers, all or none.
    pub(crate) async fn update_workers(&self, request: UpdateWorker) -> Result<WorkerList> {
        match self {
            Self::Service(client) => client.ask("UpdateWorker", &request).await,
            Self::Folder(inventory, _) => Ok(inventory.update_workers(request)?),
            Self::Nothing(path) => Err(no_inventory(path)),
        }
    }

    /// Calls a method that takes the uuids or names of workers.
    pub(crate) async fn of_workers<A: Message + Default>(
        &self,
        method: &str,
        ids: &[String],
    ) -> Result<A> {
        match self {
            Self::Service(client) => {
                client.ask(method, &UuidQueryRequest { ids: ids.to_vec() }).await
            }
            Self::Folder(..) | Self::Nothing(_) => {
                Err(anyhow!("{method} takes a running lifecycle manager"))
            }
        }
    }

    /// Says goodbye.
    pub(crate) async fn close(self) {
        if let Self::Service(client) = self {
            client.close().await;
        }
    }
}

async fn open(folder: &Path, args: &ManagerArgs, aim: Aim) -> Result<Manager> {
    let path = services::lifecycle::folder(folder);
    let identity = if OfflineInventory::exists(&path) {
        // Another key could not open what is there.
        Arc::new(Identity::load(&args.key_dir, Name::Lifecycle)?)
    } else if aim == Aim::NewInventory {
        services::identity(&args.key_dir, Name::Lifecycle).await?
    } else if aim == Aim::AnyInventory {
        return Ok(Manager::Nothing(path));
    } else {
        anyhow::bail!(
            "no lifecycle manager says in {} that it runs, and there is no inventory in {}",
            folder.display(),
            path.display()
        );
    };
    let inventory = OfflineInventory::open(&path, identity).await;
    let inventory = inventory.context("a manager that serves no gRPC may have it open")?;
    Ok(Manager::Folder(inventory, path))
}

fn no_inventory(path: &Path) -> anyhow::Error {
    anyhow!("there is no inventory in {}", path.display())
}

/// An answer of `method` as `prb peer call` would show it.
pub(crate) fn to_json(method: &str, answer: &impl Message) -> Result<Value> {
    let method = rpc::method(method).with_context(|| format!("there is no method {method}"))?;
    Ok(json::decode_answer_in_full(method, answer.encode_to_vec().into())?)
}

/// What a command has to say.
pub(crate) struct Answer {
    /// For programs.
    pub(crate) json: Value,
    /// For people.
    pub(crate) text: String,
}

/// Carries out a command with the manager that the arguments name, and says what came of it and
/// through whom.
pub(crate) async fn with(
    args: &ManagerArgs,
    aim: Aim,
    command: impl AsyncFnOnce(&Manager) -> Result<Answer, Failure>,
) -> Result<(), Failure> {
    let manager = Manager::find(args, aim).await?;
    let through = manager.through();
    let answer = command(&manager).await;
    manager.close().await;
    let mut answer = answer?;
    if !args.reach.json {
        writeln!(io::stderr(), "through {through}")?;
    }
    answer.json["through"] = through.into();
    Ok(output::answer(args.reach.json, &answer.json, &answer.text)?)
}

/// What a pool or a worker is configured to be, in a word.
pub(crate) fn state(deleted: bool, enabled: bool, sync_only: bool) -> &'static str {
    match (deleted, enabled, sync_only) {
        (true, ..) => "removed",
        (_, false, _) => "disabled",
        (_, true, true) => "sync only",
        (_, true, false) => "enabled",
    }
}
