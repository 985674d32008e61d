//! `prb pool`: which pools' workers a lifecycle manager keeps, and who signs for them.

use prb_core::lifecycle::OperatorSecret;
use prb_walkie::proto::lifecycle::{CreatePool, PoolList, UpdatePool, update_pool};
use prb_walkie::proto::{FullAccount, db};

use crate::Failure;
use crate::args::{AddPoolArgs, EditPoolArgs, PoolCommand, RemovePoolsArgs};
use crate::import;
use crate::logging::{self, Log, Target};
use crate::manager::{self, Aim, Answer, Manager, choose, owner};
use crate::output::table;
use crate::process;

/// For no proxied account.
const NONE: &str = "none";

/// `prb pool`.
pub(crate) fn run(command: &PoolCommand, log: &Log) -> Result<(), Failure> {
    logging::start(log, &Target::Stderr)?;
    process::block_on(async {
        match command {
            PoolCommand::Add(args) => {
                let owner = owner::read(&args.owner)?.ok_or_else(|| {
                    Failure::Usage("--owner is missing: who signs for the pool".into())
                })?;
                let add = async |manager: &Manager| add(manager, args, &owner).await;
                manager::with(&args.manager, Aim::NewInventory, add).await
            }
            PoolCommand::List(args) => {
                let list =
                    async |manager: &Manager| answer("ListPool", &manager.list_pools().await?);
                manager::with(&args.manager, Aim::Inventory, list).await
            }
            PoolCommand::Edit(args) => {
                let owner = owner::read(&args.owner)?;
                let edit = async |manager: &Manager| edit(manager, args, owner.as_ref()).await;
                manager::with(&args.manager, Aim::Inventory, edit).await
            }
            PoolCommand::Remove(args) => {
                let remove = async |manager: &Manager| remove(manager, args).await;
                manager::with(&args.manager, Aim::Inventory, remove).await
            }
            PoolCommand::Import(args) => {
                let wanted = import::wanted_pools(args)?;
                let import =
                    async |manager: &Manager| import::pools(manager, &wanted, args.dry_run).await;
                let aim = if args.dry_run { Aim::AnyInventory } else { Aim::NewInventory };
                manager::with(&args.manager, aim, import).await
            }
        }
    })
}

async fn add(
    manager: &Manager,
    args: &AddPoolArgs,
    owner: &OperatorSecret,
) -> Result<Answer, Failure> {
    let pool = db::Pool {
        pid: args.pid,
        name: args.name.clone(),
        enabled: !args.disabled,
        sync_only: args.sync_only,
        owner: Some(owner.to_owner()),
        real_phala_ss58: args.proxied.clone().unwrap_or_default(),
        ..db::Pool::default()
    };
    answer("CreatePool", &manager.create_pools(CreatePool { pools: vec![pool] }).await?)
}

async fn edit(
    manager: &Manager,
    args: &EditPoolArgs,
    owner: Option<&OperatorSecret>,
) -> Result<Answer, Failure> {
    let pools = manager.list_pools().await?.pools;
    let before = choose::pool(&pools, &args.pool)?;
    let proxied = match args.proxied.as_deref() {
        None => before.real_phala_ss58.clone(),
        Some(NONE) => String::new(),
        Some(account) => account.to_owned(),
    };
    let pool = db::Pool {
        pid: args.pid.unwrap_or(before.pid),
        name: args.name.clone().unwrap_or_else(|| before.name.clone()),
        enabled: args.enabled.unwrap_or(before.enabled),
        sync_only: args.sync_only.unwrap_or(before.sync_only),
        // Without a secret it keeps the one it has.
        owner: owner.map(OperatorSecret::to_owner),
        real_phala_ss58: proxied,
        ..db::Pool::default()
    };
    let item = update_pool::Item { id: Some(choose::by_uuid(&before.uuid)), pool: Some(pool) };
    answer("UpdatePool", &manager.update_pools(UpdatePool { items: vec![item] }).await?)
}

async fn remove(manager: &Manager, args: &RemovePoolsArgs) -> Result<Answer, Failure> {
    let pools = manager.list_pools().await?.pools;
    let items = args.pools.iter().map(|given| {
        let id = Some(choose::by_uuid(&choose::pool(&pools, given)?.uuid));
        let pool = Some(db::Pool { deleted: true, ..db::Pool::default() });
        Ok(update_pool::Item { id, pool })
    });
    let items = items.collect::<Result<Vec<_>, Failure>>()?;
    answer("UpdatePool", &manager.update_pools(UpdatePool { items }).await?)
}

fn answer(method: &str, list: &PoolList) -> Result<Answer, Failure> {
    Ok(Answer { json: manager::to_json(method, list)?, text: text(&list.pools) })
}

fn text(pools: &[db::Pool]) -> String {
    if pools.is_empty() {
        return "no pools\n".to_owned();
    }
    let rows: Vec<_> = pools.iter().map(row).collect();
    table(&["PID", "NAME", "STATE", "OWNER", "PROXIED", "UUID"], &rows)
}

fn row(pool: &db::Pool) -> Vec<String> {
    let state = manager::state(pool.deleted, pool.enabled, pool.sync_only);
    let owner = pool.owner.as_ref().map(|owner: &FullAccount| owner.ss58_phala.clone());
    let proxied = Some(pool.real_phala_ss58.clone()).filter(|account| !account.is_empty());
    vec![
        pool.pid.to_string(),
        pool.name.clone(),
        state.to_owned(),
        owner.unwrap_or_default(),
        proxied.unwrap_or_else(|| "-".to_owned()),
        pool.uuid.clone(),
    ]
}
