//! Workers from a list of machines, by rules that are this farm's own.

#![forbid(unsafe_code)]

use anyhow::{Context, Result, bail, ensure};
use prb_core::lifecycle::OfflineInventory;
use prb_core::lifecycle::import::{self, Place, WantedWorker};
use prb_walkie::proto::lifecycle::{CreateWorker, UpdateWorker, update_worker};
use prb_walkie::proto::pool_or_worker_query_identity::Identity as Named;
use prb_walkie::proto::{PoolOrWorkerQueryIdentity, db};

/// Planck in a PHA.
const PHA: u128 = 1_000_000_000_000;

/// What a list of machines comes to. It has columns rack, slot, address, cores and state.
///
/// A worker is called after its place. Racks have a pool each, from 100 on. Stake goes with the
/// cores, and what is being repaired is left alone.
pub fn wanted(list: &str) -> Result<Vec<WantedWorker>> {
    let mut reader = csv::Reader::from_reader(list.as_bytes());
    let columns = reader.headers()?.clone();
    let column = |name: &str| {
        columns.iter().position(|it| it == name).with_context(|| format!("no column {name}"))
    };
    let [rack, slot, address, cores, state] =
        [column("rack")?, column("slot")?, column("address")?, column("cores")?, column("state")?];
    let mut workers = Vec::new();
    for row in reader.records() {
        let row = row?;
        let line = row.position().map_or(0, csv::Position::line);
        let number = |at: usize| {
            row[at].parse::<u64>().with_context(|| format!("line {line}: {}", &row[at]))
        };
        let (rack, cores) = (number(rack)?, number(cores)?);
        let name = format!("r{rack}-s{}", number(slot)?);
        let endpoint = format!("http://{}:8000", &row[address]);
        let mut worker = WantedWorker::new(Place::Line(line), 100 + rack, name, endpoint);
        worker.stake = u128::from(cores) * 500 * PHA;
        worker.enabled = match &row[state] {
            "up" => true,
            "repair" => false,
            other => bail!("line {line}: state {other:?}"),
        };
        workers.push(worker);
    }
    Ok(workers)
}

/// Makes an inventory's workers what the list says; how many are new and how many changed. What
/// is in the inventory and not in the list is refused: on this farm the list is complete.
pub fn import(list: &str, inventory: &OfflineInventory) -> Result<(usize, usize)> {
    let wanted = wanted(list)?;
    let present = inventory.list_workers().workers;
    let unlisted = present.iter().find(|it| !wanted.iter().any(|worker| worker.name == it.name));
    ensure!(unlisted.is_none(), "{:?} is not in the list", unlisted.map(|it| &it.name));
    let difference = import::workers(&wanted, &present, &inventory.list_pools().pools)?;
    let (new, changed) = (difference.create.len(), difference.update.len());
    let items = difference.update.into_iter().map(|update| item(update.uuid, update.to));
    inventory.update_workers(UpdateWorker { items: items.collect() })?;
    inventory.create_workers(CreateWorker { workers: difference.create })?;
    Ok((new, changed))
}

fn item(uuid: String, worker: db::Worker) -> update_worker::Item {
    let id = PoolOrWorkerQueryIdentity { identity: Some(Named::Uuid(uuid)) };
    update_worker::Item { id: Some(id), worker: Some(worker) }
}
