//! A data provider: how far it is, how fast, and how long it will take.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use prb_walkie::discovery::table::Peer;
use prb_walkie::proto::data_provider::{Info, Status};

use super::LINKS;
use super::asking::{Asking, Told};
use crate::web::live::{self, Part};
use crate::web::page::Page;

mod chart;
pub(super) mod history;

const PAGE: &str = "page";
const NOW: &str = "now";
const CHARTS: &str = "charts";

pub(super) async fn page(State(asking): State<Arc<Asking>>, Path(id): Path<String>) -> Response {
    let Some(peer) = asking.peer(&id) else { return asking.nobody() };
    let told = asking.info(peer.id).await;
    let content = html! {
        h1 { "Data provider " (peer.hostname) }
        p.mono.soft.small { (peer.id) }
        div #(PAGE) { (now(&told)) (charts(&asking, &peer)) }
    };
    let live = format!("/live/providers/{id}");
    let page = Page {
        title: &format!("Data provider {}", peer.hostname),
        links: LINKS,
        here: "",
        live: Some(&live),
        content,
    };
    asking.frame.show(&page).into_response()
}

pub(super) async fn changes(State(asking): State<Arc<Asking>>, Path(id): Path<String>) -> Response {
    let Some(peer) = asking.peer(&id) else { return asking.nobody() };
    live::changes(move || {
        let (asking, peer) = (Arc::clone(&asking), peer.clone());
        async move {
            let told = asking.info(peer.id).await;
            vec![Part::new(NOW, PAGE, now(&told)), Part::new(CHARTS, PAGE, charts(&asking, &peer))]
        }
    })
    .into_response()
}

fn now(told: &Told<Info>) -> Markup {
    html! {
        section.card #(NOW) {
            @match told {
                Err(reason) => p.trouble role="alert" { (reason) },
                Ok(info) => (status(info)),
            }
        }
    }
}

fn status(info: &Info) -> Markup {
    let (text, tone) = match info.status() {
        Status::SIdle => ("at the tip", "good"),
        Status::SSyhching => ("catching up", "busy"),
        Status::SUnknown => ("has not looked yet", "idle"),
    };
    let chains = [
        (
            "Relay chain",
            info.parent_target,
            info.parent_fetched_height,
            info.parent_processed_height,
            info.parent_committed_height,
            info.parent_rate,
        ),
        (
            "Parachain",
            info.para_target,
            info.para_fetched_height,
            info.para_processed_height,
            info.para_committed_height,
            info.para_rate,
        ),
    ];
    html! {
        p { span class={ "tag " (tone) } { (text) } " " (time_to_go(info)) }
        div.wide { table.stack {
            thead { tr {
                th { "Chain" }
                @for name in ["Target", "Fetched", "Verified", "Stored", "Behind", "Blocks/s"] {
                    th.number { (name) }
                }
            } }
            tbody {
                @for (name, target, fetched, verified, stored, rate) in chains {
                    tr {
                        td.name { b { (name) } (bar(stored, target)) }
                        td.number data-k="target" data-label="Target" { (height(target)) }
                        td.number data-k="fetched" data-label="Fetched" { (height(fetched)) }
                        td.number data-k="verified" data-label="Verified" { (height(verified)) }
                        td.number data-k="stored" data-label="Stored" { (height(stored)) }
                        td.number data-k="behind" data-label="Behind" { (height(target.saturating_sub(stored).max(0))) }
                        td.number data-k="rate" data-label="Blocks/s" { (format!("{rate:.1}")) }
                    }
                }
            }
        } }
        p.soft.small {
            "Parachain " (info.para_id)
            @if info.blob_server_port != 0 { " · blobs on port " (info.blob_server_port) }
            @if info.para_start_header > 0 { " · light: kept from block " (info.para_start_header) }
        }
    }
}

fn time_to_go(info: &Info) -> String {
    match info.seconds_to_target {
        _ if info.status() != Status::SSyhching => String::new(),
        Some(seconds) if seconds.is_finite() && seconds >= 0.0 => {
            let whole = Duration::from_secs(seconds.min(1e9) as u64);
            format!("{} to go", humantime::format_duration(whole))
        }
        _ => "no telling how long yet".to_owned(),
    }
}

fn height(height: i32) -> String {
    if height < 0 { "–".to_owned() } else { height.to_string() }
}

fn bar(stored: i32, target: i32) -> Markup {
    let share = f64::from(stored.max(0)) / f64::from(target.max(1)) * 100.0;
    let share = format!("{:.1}", share.clamp(0.0, 100.0));
    html! {
        svg.bar viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label={ (share) "% stored" } {
            rect.done x="0" y="0" width=(share) height="6" {}
        }
    }
}

fn charts(asking: &Asking, peer: &Peer) -> Markup {
    let samples = asking.history.of(peer.id);
    html! {
        div.cards.charts #(CHARTS) {
            section.card {
                h2 { "Blocks behind the tip" }
                (chart::of(&samples, |it| it.behind))
            }
            section.card {
                h2 { "Blocks stored per second" }
                (chart::of(&samples, |it| it.rate))
            }
        }
    }
}
