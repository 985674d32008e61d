//! A trader: what it waits for, and its accounts.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use prb_walkie::proto::trader::{Account, Status};

use super::LINKS;
use super::asking::{Asking, Told};
use crate::trader::pha;
use crate::web::live::{self, Part};
use crate::web::page::Page;

const PAGE: &str = "page";
const NOW: &str = "now";

pub(super) async fn page(State(asking): State<Arc<Asking>>, Path(id): Path<String>) -> Response {
    let Some(peer) = asking.peer(&id) else { return asking.nobody() };
    let told = asking.trader(peer.id).await;
    let content = html! {
        h1 { "Trader " (peer.hostname) }
        p.mono.soft.small { (peer.id) }
        div #(PAGE) { (now(&told)) }
    };
    let live = format!("/live/traders/{id}");
    let title = format!("Trader {}", peer.hostname);
    let page = Page { title: &title, links: LINKS, here: "", live: Some(&live), content };
    asking.frame.show(&page).into_response()
}

pub(super) async fn changes(State(asking): State<Arc<Asking>>, Path(id): Path<String>) -> Response {
    let Some(peer) = asking.peer(&id) else { return asking.nobody() };
    live::changes(move || {
        let asking = Arc::clone(&asking);
        async move {
            let told = asking.trader(peer.id).await;
            vec![Part::new(NOW, PAGE, now(&told))]
        }
    })
    .into_response()
}

fn now(told: &Told<Status>) -> Markup {
    html! {
        div #(NOW) {
            @match told {
                Err(reason) => p.trouble role="alert" { (reason) },
                Ok(status) => {
                    @if !status.waiting_for.is_empty() {
                        p.trouble { "It takes no jobs: it waits for " (status.waiting_for) }
                    }
                    @if status.accounts.is_empty() { p.soft { "It signs for nobody yet." } }
                    div.cards { @for it in &status.accounts { (account(it)) } }
                }
            }
        }
    }
}

fn account(account: &Account) -> Markup {
    let pools: Vec<_> = account.pools.iter().map(ToString::to_string).collect();
    html! {
        article.card {
            p.mono { (account.ss58_phala) }
            dl {
                dt { "Balance" }
                dd {
                    (pha(&account.balance)) " "
                    @if account.low_balance { span.tag.bad { "low" } }
                }
                dt { "Pools" } dd { (pools.join(", ")) }
                dt { "Nonce" } dd { (account.nonce.map_or_else(|| "–".to_owned(), |it| it.to_string())) }
                dt { "In flight" } dd { (account.in_flight) }
                dt { "Waiting" } dd { (account.pending) }
            }
            @for trouble in [&account.settling, &account.last_error] {
                @if !trouble.is_empty() { p.wrong.small { (trouble) } }
            }
        }
    }
}
