//! A worker as a row.

use maud::{Markup, html};
use prb_core::lifecycle::Amount;
use prb_walkie::discovery::table::Peer;
use prb_walkie::proto::WorkerState;
use prb_walkie::proto::worker_state::Status;

use super::session::{self, Session};
use crate::worker::status as word;

/// What a row shows, in order: what it is sorted by, and its name.
pub(super) const COLUMNS: [(&str, &str); 12] = [
    ("name", "Worker"),
    ("state", "State"),
    ("message", "Last message"),
    ("block", "Block"),
    ("para", "Para header"),
    ("relay", "Relay header"),
    ("chain", "On chain"),
    ("v", "V"),
    ("score", "Score"),
    ("stake", "Stake"),
    ("minted", "Minted"),
    ("pool", "Pool"),
];

/// Whether a column is of numbers.
pub(super) fn is_number(key: &str) -> bool {
    !matches!(key, "name" | "state" | "message" | "chain")
}

/// The id of its row.
pub(super) fn element(state: &WorkerState) -> String {
    format!("worker-{}", uuid(state))
}

pub(super) fn uuid(state: &WorkerState) -> &str {
    state.worker.as_ref().map(|it| it.uuid.as_str()).unwrap_or_default()
}

/// Its state in a word, and what that means.
pub(super) fn status(state: &WorkerState) -> (String, &'static str) {
    let tone = match state.status() {
        Status::SActive => "good",
        Status::SError => "bad",
        Status::SIdle | Status::SKicked => "idle",
        _ => "busy",
    };
    (word(state), tone)
}

/// Decimal planck as PHA; nothing where it is no amount.
pub(super) fn pha(planck: &str) -> String {
    planck.parse().map_or_else(|_| String::new(), |planck| Amount(planck).to_string())
}

pub(super) fn height(height: i32) -> String {
    if height < 0 { "–".to_owned() } else { height.to_string() }
}

pub(super) fn of(peer: &Peer, state: &WorkerState) -> Markup {
    let (text, tone) = status(state);
    let session = Session::read(&state.session_info_json);
    let worker = state.worker.clone().unwrap_or_default();
    let benchmark = &session.raw.benchmark;
    let heights = [
        ("block", "Block", state.para_block_dispatched_to),
        ("para", "Para header", state.para_header_synched_to),
        ("relay", "Relay header", state.parent_header_synched_to),
    ];
    html! {
        tr #(element(state)) data-state=(text) {
            td { input type="checkbox" data-select value=(worker.uuid) aria-label={ "Select " (worker.name) }; }
            td.name data-k="name" data-v=(worker.name) {
                a href={ "/managers/" (peer.id) "/workers/" (worker.uuid) } { (worker.name) }
                @if !worker.enabled { " " span.tag { "disabled" } }
            }
            td data-k="state" data-label="State" data-v=(text) { span class={ "tag " (tone) } { (text) } }
            td.text.small data-k="message" { (state.last_message) }
            @for (key, label, number) in heights {
                td.number data-k=(key) data-label=(label) data-v=(number) { (height(number)) }
            }
            td data-k="chain" data-label="On chain" { (session.state) }
            td.number data-k="v" data-label="V" { (session::v(&session.v)) }
            td.number data-k="score" data-label="Score" data-v=(benchmark.p_instant) {
                @if benchmark.p_init > 0 { (benchmark.p_instant) span.soft { " / " (benchmark.p_init) } }
            }
            td.number data-k="stake" data-label="Stake" data-v=(worker.stake) { (pha(&worker.stake)) }
            td.number data-k="minted" data-label="Minted" data-v=(session.stats.total_reward) {
                (pha(&session.stats.total_reward))
            }
            td.number data-k="pool" data-label="Pool" { (worker.pid) }
        }
    }
}
