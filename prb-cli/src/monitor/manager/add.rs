//! Where workers are added, one or many.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use maud::html;

use super::{form, pools, show, trouble};
use crate::monitor::asking::Asking;

pub(super) async fn page(State(asking): State<Arc<Asking>>, Path(id): Path<String>) -> Response {
    let Some(peer) = asking.peer(&id) else { return asking.nobody() };
    let told = pools::of(&asking, peer.id).await;
    let known = told.as_ref().map(Vec::as_slice).unwrap_or_default();
    let content = html! {
        h1 { "Add workers" }
        (trouble(&told))
        @if known.is_empty() {
            p { "Workers belong to pools, and there are none: " a href={ "/managers/" (id) "/pools" } { "add a pool" } "." }
        } @else {
            (form::new_worker(&peer, known))
        }
        form.card data-post={ "/managers/" (id) "/import" } data-show="told" {
            h2 { "Import" }
            p.soft.small {
                "JSON as the body of CreateWorker, or CSV with a line of column names: name, pid, endpoint, stake. "
                "Workers that are there already are compared and changed; the rest stays."
            }
            label { "File" input type="file" data-into="import" accept=".json,.csv,text/*"; }
            label { "Or text" textarea #import name="text" required spellcheck="false" {} }
            (form::check("apply", "Do it; without this it is only shown what would be done", false))
            button.main { "Import" }
            div #told {}
        }
    };
    show(&asking, &peer, "/add", None, content)
}
