//! A lifecycle manager: its workers and its pools.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use prb_walkie::discovery::table::Peer;
use prb_walkie::proto::WorkerState;

use super::asking::{Asking, Told};
use crate::web::live::{self, Part};
use crate::web::page::Page;

mod act;
mod add;
mod form;
mod import;
mod pools;
mod row;
mod session;
mod worker;

/// States of workers, in the order of a worker's life.
const STATES: [&str; 8] =
    ["idle", "starting", "synching", "synched", "pre-active", "active", "kicked", "error"];

const ROWS: &str = "workers";
const COUNTS: &str = "counts";
const TROUBLE: &str = "trouble";
const PAGE: &str = "page";

/// What can be done with workers: the method, the button, and what is asked before.
const ACTIONS: [(&str, &str, &str); 8] = [
    ("RestartWorker", "Restart", ""),
    ("RefreshRaAndRestartWorker", "Register", "Attest, register and start them again?"),
    ("CheckpointWorker", "Checkpoint", ""),
    ("DrainWorker", "Drain", "Stop feeding them, save their state, and let them go?"),
    ("KickWorker", "Kick", "Let them go until they are restarted?"),
    (
        "StopWorker",
        "Stop",
        "Stop them on chain? Their stake is locked until they have cooled down.",
    ),
    ("RetireWorker", "Retire", "Stop them on chain, and take them out of their pool?"),
    ("StartWorker", "Start", ""),
];

/// Its pages, and what is asked for on them.
pub(super) fn pages() -> Router<Arc<Asking>> {
    Router::new()
        .route("/managers/{peer}", get(page))
        .route("/live/managers/{peer}", get(changes))
        .route("/managers/{peer}/workers/{uuid}", get(worker::page))
        .route("/live/managers/{peer}/workers/{uuid}", get(worker::changes))
        .route("/managers/{peer}/pools", get(pools::page))
        .route("/managers/{peer}/pools/{uuid}", get(pools::one))
        .route("/managers/{peer}/add", get(add::page))
        .route("/managers/{peer}/call/{method}", post(act::call))
        .route("/managers/{peer}/import", post(import::workers))
}

/// A page of one manager, with the ways to its others.
fn show(asking: &Asking, peer: &Peer, here: &str, live: Option<&str>, content: Markup) -> Response {
    let of = |rest: &str| format!("/managers/{}{rest}", peer.id);
    let (workers, pools, add) = (of(""), of("/pools"), of("/add"));
    let links =
        [("/", "Peers"), (&*workers, "Workers"), (&*pools, "Pools"), (&*add, "Add workers")];
    let here = of(here);
    let title = format!("Manager {}", peer.hostname);
    let page = Page { title: &title, links: &links, here: &here, live, content };
    asking.frame.show(&page).into_response()
}

async fn page(State(asking): State<Arc<Asking>>, Path(id): Path<String>) -> Response {
    let Some(peer) = asking.peer(&id) else { return asking.nobody() };
    let told = asking.workers(peer.id).await;
    let content = html! {
        h1 { "Workers of " (peer.hostname) }
        div #(PAGE) { (trouble(&told)) (counts(&told)) (table(&peer, &told)) }
    };
    show(&asking, &peer, "", Some(&format!("/live/managers/{id}")), content)
}

async fn changes(State(asking): State<Arc<Asking>>, Path(id): Path<String>) -> Response {
    let Some(peer) = asking.peer(&id) else { return asking.nobody() };
    live::changes(move || {
        let (asking, peer) = (Arc::clone(&asking), peer.clone());
        async move {
            let told = asking.workers(peer.id).await;
            let mut parts = vec![
                Part::new(TROUBLE, PAGE, trouble(&told)),
                Part::new(COUNTS, PAGE, counts(&told)),
            ];
            let states = states(&told).iter();
            parts.extend(states.map(|it| Part::new(row::element(it), ROWS, row::of(&peer, it))));
            parts
        }
    })
    .into_response()
}

fn states(told: &Told<Vec<WorkerState>>) -> &[WorkerState] {
    told.as_ref().map(Vec::as_slice).unwrap_or_default()
}

fn trouble<T>(told: &Told<T>) -> Markup {
    html! {
        div #(TROUBLE) {
            @if let Err(reason) = told { p.trouble role="alert" { (reason) } }
        }
    }
}

fn counts(told: &Told<Vec<WorkerState>>) -> Markup {
    let states = states(told);
    html! {
        div.counts #(COUNTS) role="group" aria-label="Workers by state" {
            div { b { (states.len()) } "all" }
            @for state in STATES {
                @let number = states.iter().filter(|it| row::status(it).0 == state).count();
                @if number > 0 || matches!(state, "active" | "error") {
                    button data-only=(ROWS) data-state=(state) aria-pressed="false" { b { (number) } (state) }
                }
            }
        }
    }
}

fn table(peer: &Peer, told: &Told<Vec<WorkerState>>) -> Markup {
    html! {
        section.card {
            div.tools {
                input type="search" placeholder="Filter" aria-label="Filter workers" data-filter=(ROWS);
                span.soft data-selected {}
                span.rest {}
                @for (method, name, confirm) in ACTIONS {
                    button disabled data-with-selection data-post={ "/managers/" (peer.id) "/call/" (method) }
                        data-said={ (name) ": asked for" } data-confirm=[(!confirm.is_empty()).then_some(confirm)]
                        { (name) }
                }
            }
            div.wide { table.stack {
                thead { tr {
                    th { input type="checkbox" aria-label="Select all" data-select-all=(ROWS); }
                    @for (key, name) in row::COLUMNS {
                        th.number[row::is_number(key)] data-key=(key) { button.plain data-sort=(key) data-rows=(ROWS) { (name) } }
                    }
                } }
                tbody #(ROWS) data-list data-sort="name" {
                    @for it in states(told) { (row::of(peer, it)) }
                }
            } }
        }
    }
}
