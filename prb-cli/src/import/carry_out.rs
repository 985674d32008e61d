//! Having a manager take in what its inventory lacks, in requests of a bounded size.

use std::fmt::Display;

use anyhow::{Result, anyhow};
use futures::future::BoxFuture;
use futures::{FutureExt, TryFutureExt};
use prb_core::lifecycle::import::{self, Difference, Update, WantedPool, WantedWorker};
use prb_walkie::proto::db;
use prb_walkie::proto::lifecycle::{
    CreatePool, CreateWorker, UpdatePool, UpdateWorker, update_pool, update_worker,
};

use super::text;
use crate::Failure;
use crate::manager::{Answer, Manager, choose};

/// Most pools or workers in a request.
const MOST: usize = 100;

/// Takes in pools, or shows what that would be.
pub(crate) async fn pools(
    manager: &Manager,
    wanted: &[WantedPool],
    dry_run: bool,
) -> Result<Answer, Failure> {
    let difference = import::pools(wanted, &manager.list_pools().await?.pools)?;
    let name = |pool: &db::Pool| (pool.name.clone(), pool.pid);
    let answer = text::answer(&difference, dry_run, name);
    if !dry_run {
        let update = |part: &[Update<db::Pool>]| {
            let items = part.iter().map(|update| update_pool::Item {
                id: Some(choose::by_uuid(&update.uuid)),
                pool: Some(update.to.clone()),
            });
            manager.update_pools(UpdatePool { items: items.collect() }).map_ok(drop).boxed()
        };
        let create = |part: &[db::Pool]| {
            manager.create_pools(CreatePool { pools: part.to_vec() }).map_ok(drop).boxed()
        };
        carry_out(&difference, update, create).await?;
    }
    Ok(answer)
}

/// Takes in workers, or shows what that would be.
pub(crate) async fn workers(
    manager: &Manager,
    wanted: &[WantedWorker],
    dry_run: bool,
) -> Result<Answer, Failure> {
    let (pools, present) =
        (manager.list_pools().await?.pools, manager.list_workers().await?.workers);
    let difference = import::workers(wanted, &present, &pools)?;
    let name = |worker: &db::Worker| (worker.name.clone(), worker.pid);
    let answer = text::answer(&difference, dry_run, name);
    if !dry_run {
        let update = |part: &[Update<db::Worker>]| {
            let items = part.iter().map(|update| update_worker::Item {
                id: Some(choose::by_uuid(&update.uuid)),
                worker: Some(update.to.clone()),
            });
            manager.update_workers(UpdateWorker { items: items.collect() }).map_ok(drop).boxed()
        };
        let create = |part: &[db::Worker]| {
            manager.create_workers(CreateWorker { workers: part.to_vec() }).map_ok(drop).boxed()
        };
        carry_out(&difference, update, create).await?;
    }
    Ok(answer)
}

/// Changes come first: what is new may take a name that is given up.
async fn carry_out<'a, T>(
    difference: &Difference<T>,
    update: impl Fn(&[Update<T>]) -> BoxFuture<'a, Result<()>>,
    create: impl Fn(&[T]) -> BoxFuture<'a, Result<()>>,
) -> Result<()> {
    let mut done = 0;
    for part in difference.update.chunks(MOST) {
        update(part).await.map_err(|error| stopped(done, &error))?;
        done += part.len();
    }
    for part in difference.create.chunks(MOST) {
        create(part).await.map_err(|error| stopped(done, &error))?;
        done += part.len();
    }
    Ok(())
}

/// Each request is carried out whole or not at all; those before it were.
fn stopped(done: usize, error: &dyn Display) -> anyhow::Error {
    if done == 0 {
        return anyhow!("nothing was taken in: {error:#}");
    }
    anyhow!("{done} were taken in before it ended, so import again once this is mended: {error:#}")
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use futures::future;

    use super::*;

    #[tokio::test]
    async fn a_thousand_go_in_requests_of_a_hundred_and_what_was_done_is_said() {
        let lines =
            (0..1_000).map(|at| format!("w{at},2,http://10.0.{}.{}:1,1\n", at / 250, at % 250));
        let text = format!("name,pid,endpoint,stake\n{}", lines.collect::<String>());
        let wanted = import::workers_from_csv(&text).unwrap();
        let pool = db::Pool { pid: 2, ..db::Pool::default() };
        let difference = import::workers(&wanted, &[], &[pool]).unwrap();
        let sizes = RefCell::new(Vec::new());
        let create = |part: &[db::Worker]| {
            sizes.borrow_mut().push(part.len());
            let taken = sizes.borrow().len() == 10;
            let answer = if taken { Err(anyhow!("item 7: name: taken")) } else { Ok(()) };
            future::ready(answer).boxed()
        };
        let update = |_: &[Update<db::Worker>]| future::ready(Ok(())).boxed();
        let error = carry_out(&difference, update, create).await.unwrap_err();
        assert_eq!(*sizes.borrow(), [MOST; 10]);
        let expected = "900 were taken in before it ended, so import again once this is mended: \
                        item 7: name: taken";
        assert_eq!(error.to_string(), expected);
    }
}
