//! What a person wants done about jobs.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures::future::BoxFuture;
use prb_core::queue::{JobId, JobQueue, QueueError};
use serde::Deserialize;
use serde_json::json;

use super::Shown;
use crate::web::change::{Change, refused};

/// Most jobs named in one request.
const MOST: usize = 1_000;

/// Which jobs.
#[derive(Deserialize)]
struct Named {
    ids: Vec<String>,
}

pub(super) async fn retry(State(shown): State<Arc<Shown>>, Change(body): Change) -> Response {
    each(&shown, &body, "put back", "has not failed", <dyn JobQueue>::retry).await
}

pub(super) async fn remove(State(shown): State<Arc<Shown>>, Change(body): Change) -> Response {
    each(&shown, &body, "removed", "is being worked on", <dyn JobQueue>::remove).await
}

pub(super) async fn retry_failed(State(shown): State<Arc<Shown>>, _: Change) -> Response {
    match shown.queue.retry_failed().await {
        Ok(count) => Json(json!({ "said": format!("{} put back", jobs(count)) })).into_response(),
        Err(error) => refused(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

/// What is done to one job; whether it was as it must be.
type Act =
    for<'a> fn(&'a (dyn JobQueue + 'static), &'a JobId) -> BoxFuture<'a, Result<bool, QueueError>>;

/// Does it to each of the named jobs, and says to how many, and which were not as they must be.
async fn each(shown: &Shown, body: &[u8], done: &str, otherwise: &str, act: Act) -> Response {
    let ids = match serde_json::from_slice::<Named>(body) {
        Ok(Named { ids }) if (1..=MOST).contains(&ids.len()) => ids,
        Ok(_) => return refused(StatusCode::BAD_REQUEST, "name one to a thousand jobs"),
        Err(error) => {
            return refused(StatusCode::BAD_REQUEST, &format!("not a list of jobs: {error}"));
        }
    };
    let (mut count, mut unmet) = (0, Vec::new());
    for id in ids {
        match act(&*shown.queue, &JobId(id.clone())).await {
            Ok(true) => count += 1,
            Ok(false) => unmet.push(id),
            Err(error) => return refused(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
        }
    }
    let done = format!("{} {done}", jobs(count));
    if unmet.is_empty() {
        return Json(json!({ "said": done })).into_response();
    }
    let unmet = unmet.join(", ");
    refused(StatusCode::CONFLICT, &format!("{done}; {unmet} {otherwise}, or is not known"))
}

fn jobs(count: usize) -> String {
    if count == 1 { "1 job".to_owned() } else { format!("{count} jobs") }
}
