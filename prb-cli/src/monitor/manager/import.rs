//! Taking in many workers at once.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::html;
use prb_core::lifecycle::import::{ImportError, WantedWorker};
use serde::Deserialize;
use serde_json::json;

use crate::manager::Manager;
use crate::monitor::asking::Asking;
use crate::peer::Client;
use crate::web::change::{Change, refused};
use crate::{exit, import};

/// How long one request to the manager may take.
const CALL: Duration = Duration::from_secs(30);

#[derive(Deserialize)]
struct Wish {
    text: String,
    #[serde(default)]
    apply: bool,
}

pub(super) async fn workers(
    State(asking): State<Arc<Asking>>,
    Path(id): Path<String>,
    Change(body): Change,
) -> Response {
    let Some(peer) = asking.peer(&id) else {
        return refused(StatusCode::NOT_FOUND, "no peer is known by that name");
    };
    let wish: Wish = match serde_json::from_slice(&body) {
        Ok(wish) => wish,
        Err(error) => return refused(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let wanted = match read(&wish.text) {
        Ok(wanted) => wanted,
        Err(error) => return refused(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let walkie = asking.walkie.clone();
    let manager = Manager::Service(Client::Peer { walkie, peer: peer.id, timeout: CALL });
    let imported = import::workers(&manager, &wanted, !wish.apply).await;
    asking.forget(peer.id);
    match imported {
        Ok(answer) => {
            let said = if wish.apply { "imported" } else { "nothing was done yet" };
            let html = html! { pre { (answer.text) } }.into_string();
            Json(json!({ "said": said, "html": html })).into_response()
        }
        Err(failure) => refused(StatusCode::CONFLICT, &exit::reasons(Err(failure)).join("; ")),
    }
}

/// A text tells by its beginning what it is.
fn read(text: &str) -> Result<Vec<WantedWorker>, ImportError> {
    use prb_core::lifecycle::import;
    match text.trim_start().chars().next() {
        Some('{' | '[') => import::workers_from_json(text),
        _ => import::workers_from_csv(text),
    }
}
