//! Pools: which there are, and what they are to be.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::html;
use prb_walkie::PeerId;
use prb_walkie::proto::{Empty, db};
use tonic::Request;

use super::{form, show, trouble};
use crate::manager::state;
use crate::monitor::asking::{Asking, Told, answer};

/// A manager's pools.
pub(super) async fn of(asking: &Asking, peer: PeerId) -> Told<Vec<db::Pool>> {
    let mut client = asking.walkie.client(peer);
    Ok(answer(client.list_pool(Request::new(Empty {}))).await?.pools)
}

pub(super) async fn page(State(asking): State<Arc<Asking>>, Path(id): Path<String>) -> Response {
    let Some(peer) = asking.peer(&id) else { return asking.nobody() };
    let told = of(&asking, peer.id).await;
    let pools = told.as_ref().map(Vec::as_slice).unwrap_or_default();
    let content = html! {
        h1 { "Pools of " (peer.hostname) }
        (trouble(&told))
        section.card {
            @if pools.is_empty() { p.soft { "There are none." } }
            div.wide { table.stack {
                thead { tr {
                    @for name in ["Pool", "Id on chain", "State", "Operator", "Signs for"] { th { (name) } }
                } }
                tbody {
                    @for pool in pools {
                        @let operator = pool.owner.as_ref().map(|it| it.ss58_phala.as_str()).unwrap_or_default();
                        tr {
                            td.name { a href={ "/managers/" (id) "/pools/" (pool.uuid) } { (pool.name) } }
                            td data-k="pid" data-label="Id on chain" { (pool.pid) }
                            td data-k="state" data-label="State" { (state(pool.deleted, pool.enabled, pool.sync_only)) }
                            td.mono.text data-k="operator" data-label="Operator" { (operator) }
                            td.mono.text data-k="proxied" data-label="Signs for" { (pool.real_phala_ss58) }
                        }
                    }
                }
            } }
        }
        (form::new_pool(&peer))
    };
    show(&asking, &peer, "/pools", None, content)
}

pub(super) async fn one(
    State(asking): State<Arc<Asking>>,
    Path((id, uuid)): Path<(String, String)>,
) -> Response {
    let Some(peer) = asking.peer(&id) else { return asking.nobody() };
    let told = of(&asking, peer.id).await;
    let pool = told.as_ref().ok().and_then(|pools| pools.iter().find(|it| it.uuid == uuid));
    let Some(pool) = pool else {
        let content = html! { (trouble(&told)) p { "There is no such pool now." } };
        let page = show(&asking, &peer, "/pools", None, content);
        return (StatusCode::NOT_FOUND, page).into_response();
    };
    let content = html! { h1 { "Pool " (pool.name) } (form::edit_pool(&peer, pool)) };
    show(&asking, &peer, "/pools", None, content)
}
