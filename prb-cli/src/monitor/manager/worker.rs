//! One worker: how it is, why it earns or not, what happened, and what it is to be.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use prb_walkie::PeerId;
use prb_walkie::discovery::table::Peer;
use prb_walkie::proto::lifecycle::UuidQueryRequest;
use prb_walkie::proto::lifecycle::worker_message_list::Message;
use prb_walkie::proto::worker_explanation::{Condition, ConditionState};
use prb_walkie::proto::{WorkerExplanation, WorkerState};
use tonic::Request;

use super::session::{self, Session};
use super::{ACTIONS, PAGE, form, row, show};
use crate::monitor::asking::{Asking, Told, answer};
use crate::web::live::{self, Part};
use crate::web::time::utc;

const NOW: &str = "now";
const WHY: &str = "why";
const MESSAGES: &str = "messages";
/// Messages shown, the newest first.
const MOST: usize = 30;

pub(super) async fn page(
    State(asking): State<Arc<Asking>>,
    Path((id, uuid)): Path<(String, String)>,
) -> Response {
    let Some(peer) = asking.peer(&id) else { return asking.nobody() };
    let told = asking.workers(peer.id).await;
    let states = told.as_ref().as_ref().map(Vec::as_slice).unwrap_or_default();
    let Some(state) = states.iter().find(|it| row::uuid(it) == uuid) else {
        let content = html! {
            (super::trouble(&told))
            p { "There is no such worker now." }
        };
        let page = show(&asking, &peer, "", None, content);
        return (StatusCode::NOT_FOUND, page).into_response();
    };
    let worker = state.worker.clone().unwrap_or_default();
    let content = html! {
        h1 { "Worker " (worker.name) }
        div.tools {
            @for (method, name, confirm) in ACTIONS {
                button data-post={ "/managers/" (id) "/call/" (method) } data-said={ (name) ": asked for" }
                    data-body=(serde_json::json!({ "ids": [uuid] })) data-confirm=[(!confirm.is_empty()).then_some(confirm)]
                    { (name) }
            }
        }
        div #(PAGE) { @for part in parts(&asking, peer.id, &uuid, state).await { (maud::PreEscaped(part.html)) } }
        (form::edit_worker(&peer, &worker))
    };
    let live = format!("/live/managers/{id}/workers/{uuid}");
    show(&asking, &peer, "", Some(&live), content)
}

pub(super) async fn changes(
    State(asking): State<Arc<Asking>>,
    Path((id, uuid)): Path<(String, String)>,
) -> Response {
    let Some(peer) = asking.peer(&id) else { return asking.nobody() };
    live::changes(move || {
        let (asking, peer, uuid) = (Arc::clone(&asking), peer.id, uuid.clone());
        async move {
            match &*asking.workers(peer).await {
                Ok(states) => match states.iter().find(|it| row::uuid(it) == uuid) {
                    Some(state) => parts(&asking, peer, &uuid, state).await,
                    None => vec![lost("It is no longer among this manager's workers.")],
                },
                Err(reason) => vec![lost(reason)],
            }
        }
    })
    .into_response()
}

/// In place of how it is.
fn lost(reason: &str) -> Part {
    Part::new(NOW, PAGE, html! { section #(NOW) { p.trouble role="alert" { (reason) } } })
}

async fn parts(asking: &Asking, peer: PeerId, uuid: &str, state: &WorkerState) -> Vec<Part> {
    let request = || Request::new(UuidQueryRequest { ids: vec![uuid.to_owned()] });
    let (mut one, mut other) = (asking.walkie.client(peer), asking.walkie.client(peer));
    let (why, messages) = tokio::join!(
        answer(one.explain_worker(request())),
        answer(other.list_worker_message(request())),
    );
    let why = why.map(|it| it.workers.into_iter().next().unwrap_or_default());
    let messages = messages.map(|it| it.workers.into_iter().flat_map(|it| it.messages).collect());
    vec![
        Part::new(NOW, PAGE, now(state)),
        Part::new(WHY, PAGE, explained(&why)),
        Part::new(MESSAGES, PAGE, said(&messages)),
    ]
}

fn now(state: &WorkerState) -> Markup {
    let (text, tone) = row::status(state);
    let session = Session::read(&state.session_info_json);
    let worker = state.worker.clone().unwrap_or_default();
    let runtime = &session.runtime_info;
    let benchmark = &session.raw.benchmark;
    let megabytes = |bytes: u64| format!("{} MB", bytes >> 20);
    html! {
        section.card #(NOW) {
            p { span class={ "tag " (tone) } { (text) } " " (state.last_message) }
            dl {
                dt { "Block" } dd { (row::height(state.para_block_dispatched_to)) }
                dt { "Para header" } dd { (row::height(state.para_header_synched_to)) }
                dt { "Relay header" } dd { (row::height(state.parent_header_synched_to)) }
                dt { "On chain" } dd { (session.state) }
                dt { "V, Ve" } dd { (session::v(&session.v)) ", " (session::v(&session.ve)) }
                dt { "Score now, at start" } dd { (benchmark.p_instant) ", " (benchmark.p_init) }
                dt { "Stake" } dd { (row::pha(&worker.stake)) }
                dt { "Minted" } dd { (row::pha(&session.stats.total_reward)) }
                dt { "Pool" } dd { (worker.pid) }
                dt { "Endpoint" } dd.mono { (worker.endpoint) }
                dt { "Public key" } dd.mono { (state.public_key) }
                dt { "Session account" } dd.mono { (state.worker_account_id) }
                dt { "pRuntime" } dd { (runtime.version) " " span.mono.soft { (runtime.git_revision) }
                    @if runtime.registered { " registered" } }
                dt { "Memory, peak" } dd {
                    (megabytes(runtime.memory_usage.rust_used)) ", " (megabytes(runtime.memory_usage.total_peak_used))
                }
                dt { "Id" } dd.mono { (worker.uuid) }
            }
        }
    }
}

fn explained(why: &Told<WorkerExplanation>) -> Markup {
    html! {
        section.card #(WHY) {
            h2 { "What it needs to earn" }
            @match why {
                Err(reason) => p.soft { (reason) },
                Ok(why) => ul.plain { @for it in &why.conditions { (condition(it)) } },
            }
        }
    }
}

fn condition(condition: &Condition) -> Markup {
    let (text, tone) = match condition.state() {
        ConditionState::CsMet => ("yes", "good"),
        ConditionState::CsUnderway => ("underway", "busy"),
        ConditionState::CsFailed => ("no", "bad"),
        ConditionState::CsUnknown => ("not known", "idle"),
    };
    html! {
        li {
            span class={ "tag " (tone) } { (text) } " " b { (condition.requirement) } " " (condition.detail)
            @if !condition.remedy.is_empty() { div.small { (condition.remedy) } }
        }
    }
}

fn said(messages: &Told<Vec<Message>>) -> Markup {
    html! {
        section.card #(MESSAGES) {
            h2 { "What happened" }
            @match messages {
                Err(reason) => p.soft { (reason) },
                Ok(messages) => ul.plain {
                    @for it in messages.iter().rev().take(MOST) {
                        li { span.soft.small { (utc(it.at)) } " " (it.text) }
                    }
                },
            }
        }
    }
}

/// Where a worker is edited needs to know whose it is.
pub(super) fn address(peer: &Peer, uuid: &str) -> String {
    format!("/managers/{}/workers/{uuid}", peer.id)
}
