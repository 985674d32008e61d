//! Forms of pools and workers. A field's name says where it goes in the message.

use maud::{Markup, html};
use prb_core::lifecycle::Amount;
use prb_walkie::discovery::table::Peer;
use prb_walkie::proto::db;

use super::worker::address;

fn call(peer: &Peer, method: &str) -> String {
    format!("/managers/{}/call/{method}", peer.id)
}

/// A worker that is not there yet.
pub(super) fn new_worker(peer: &Peer, pools: &[db::Pool]) -> Markup {
    html! {
        form.card data-post=(call(peer, "CreateWorker")) data-then={ "/managers/" (peer.id) }
            data-said="added" {
            h2 { "New worker" }
            (worker_fields("workers.0", &db::Worker { enabled: true, ..db::Worker::default() }, pools))
            button.main { "Add the worker" }
        }
    }
}

/// What a worker is to be; all of it is sent.
pub(super) fn edit_worker(peer: &Peer, worker: &db::Worker) -> Markup {
    let pool = db::Pool { pid: worker.pid, ..db::Pool::default() };
    let delete = serde_json::json!({ "items": [{
        "id": { "uuid": worker.uuid },
        "worker": { "pid": worker.pid, "name": worker.name, "deleted": true },
    }] });
    html! {
        form.card data-post=(call(peer, "UpdateWorker")) data-then=(address(peer, &worker.uuid))
            data-said="saved" {
            h2 { "Edit" }
            input type="hidden" name="items.0.id.uuid" value=(worker.uuid);
            (worker_fields("items.0.worker", worker, &[pool]))
            div.tools {
                button.main { "Save" }
                span.rest {}
                button.danger type="button" data-post=(call(peer, "UpdateWorker")) data-body=(delete)
                    data-confirm={ "Forget worker " (worker.name) "? It computes on until somebody stops it." }
                    data-then={ "/managers/" (peer.id) } data-said="deleted" { "Delete" }
            }
        }
    }
}

fn worker_fields(place: &str, worker: &db::Worker, pools: &[db::Pool]) -> Markup {
    let stake = worker.stake.parse().map_or_else(|_| String::new(), |it| Amount(it).to_string());
    html! {
        label { "Name" input name={ (place) ".name" } value=(worker.name) required maxlength="128"; }
        label { "Endpoint"
            input name={ (place) ".endpoint" } value=(worker.endpoint) type="url" required placeholder="http://10.0.0.1:8000";
        }
        label { "Pool"
            select name={ (place) ".pid" } required {
                @for pool in pools {
                    option value=(pool.pid) selected[pool.pid == worker.pid] {
                        (pool.pid) @if !pool.name.is_empty() { " " (pool.name) }
                    }
                }
            }
        }
        label { "Stake" input name={ (place) ".stake" } value=(stake) placeholder="4000 PHA"; }
        label { "Endpoints for others, signed and published, by comma; usually none"
            input name={ (place) ".publicEndpoints" } value=(worker.public_endpoints.join(", ")) data-many;
        }
        (check(&format!("{place}.enabled"), "Enabled", worker.enabled))
        (check(&format!("{place}.syncOnly"), "Only keep it in sync", worker.sync_only))
        (check(&format!("{place}.gatekeeper"), "Gatekeeper: never added to a pool", worker.gatekeeper))
    }
}

/// A pool that is not there yet.
pub(super) fn new_pool(peer: &Peer) -> Markup {
    html! {
        form.card data-post=(call(peer, "CreatePool")) data-then={ "/managers/" (peer.id) "/pools" }
            data-said="added" {
            h2 { "New pool" }
            (pool_fields("pools.0", &db::Pool { enabled: true, ..db::Pool::default() }, true))
            button.main { "Add the pool" }
        }
    }
}

/// What a pool is to be; without a new owner it keeps the one it has.
pub(super) fn edit_pool(peer: &Peer, pool: &db::Pool) -> Markup {
    let delete = serde_json::json!({ "items": [{
        "id": { "uuid": pool.uuid },
        "pool": { "pid": pool.pid, "name": pool.name, "deleted": true },
    }] });
    let back = format!("/managers/{}/pools", peer.id);
    html! {
        form.card data-post=(call(peer, "UpdatePool")) data-then=(back)
            data-said="saved" {
            h2 { "Edit" }
            input type="hidden" name="items.0.id.uuid" value=(pool.uuid);
            (pool_fields("items.0.pool", pool, false))
            div.tools {
                button.main { "Save" }
                span.rest {}
                button.danger type="button" data-post=(call(peer, "UpdatePool")) data-body=(delete)
                    data-confirm={ "Forget pool " (pool.name) "?" } data-then=(back) data-said="deleted"
                    { "Delete" }
            }
        }
    }
}

fn pool_fields(place: &str, pool: &db::Pool, owner_is_new: bool) -> Markup {
    let owner = if owner_is_new { "Owner's phrase" } else { "New owner's phrase, to change it" };
    html! {
        label { "Name" input name={ (place) ".name" } value=(pool.name) required maxlength="128"; }
        label { "Id on chain"
            input name={ (place) ".pid" } type="number" min="0" required
                value=[(!owner_is_new).then_some(pool.pid)];
        }
        label { (owner)
            input name={ (place) ".owner.mnemonic" } type="password" autocomplete="off" required[owner_is_new];
        }
        label { "Address of the account the owner signs for, as its proxy; empty for itself"
            input name={ (place) ".realPhalaSs58" } value=(pool.real_phala_ss58) data-keep;
        }
        (check(&format!("{place}.enabled"), "Enabled", pool.enabled))
        (check(&format!("{place}.syncOnly"), "Only keep its workers in sync", pool.sync_only))
    }
}

pub(super) fn check(name: &str, text: &str, on: bool) -> Markup {
    html! { label.check { input type="checkbox" name=(name) checked[on]; (text) } }
}
