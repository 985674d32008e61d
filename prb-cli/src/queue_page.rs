//! `prb run queue-page`: what is to be put on chain, what became of it, and who signs. It needs
//! the queue alone: traders tell of their accounts beside it.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use maud::html;
use prb_core::queue::{JobId, JobQueue};

use crate::Failure;
use crate::args::QueuePageArgs;
use crate::logging::{self, Log, Target};
use crate::process;
use crate::queue;
use crate::services::STOP_LIMIT;
use crate::shutdown::Stack;
use crate::web::page::{Frame, Page};
use crate::web::recent::Recent;
use crate::web::{Settings, live};

mod account;
mod change;
mod job;
mod snapshot;
mod words;

use snapshot::Snapshot;

/// `prb run queue-page`.
pub(crate) fn run(args: &QueuePageArgs, log: &Log) -> Result<(), Failure> {
    logging::start(log, &Target::Stdout)?;
    let url = args.redis.needed_by("a queue page")?;
    let session = async |stack: &mut Stack| {
        let queue = Arc::new(queue::open(&args.key_dir, &url)?);
        stack.push("queue", {
            let queue = queue.clone();
            async move { queue.close().await }
        });
        let settings = Settings::new("queue", &args.pages);
        settings.serve_on(settings.bind().await?, pages(queue, settings.frame()), stack)?;
        std::future::pending().await
    };
    process::block_on(process::until_stopped(STOP_LIMIT, session))
}

/// What pages show of, and change.
struct Shown {
    queue: Arc<dyn JobQueue>,
    frame: Frame,
    recent: Recent<Snapshot>,
}

/// The pages of a queue.
pub(crate) fn pages(queue: Arc<dyn JobQueue>, frame: Frame) -> Router {
    let shown = Arc::new(Shown { queue, frame, recent: Recent::default() });
    Router::new()
        .route("/", get(overview))
        .route("/live", get(changes))
        .route("/jobs/{job}", get(one))
        .route("/retry", post(change::retry))
        .route("/remove", post(change::remove))
        .route("/retry-failed", post(change::retry_failed))
        .with_state(shown)
}

impl Shown {
    async fn snapshot(&self) -> Arc<Snapshot> {
        self.recent.get(snapshot::AGE, snapshot::take(&*self.queue)).await
    }
}

async fn overview(State(shown): State<Arc<Shown>>) -> Response {
    let snapshot = shown.snapshot().await;
    let content = snapshot.page();
    let page = Page { title: "Queue", links: &[], here: "/", live: Some("/live"), content };
    shown.frame.show(&page).into_response()
}

async fn changes(State(shown): State<Arc<Shown>>) -> impl IntoResponse {
    live::changes(move || {
        let shown = Arc::clone(&shown);
        async move { shown.snapshot().await.parts() }
    })
}

async fn one(State(shown): State<Arc<Shown>>, Path(id): Path<String>) -> Response {
    let (status, content) = match shown.queue.job(&JobId(id.clone())).await {
        Ok(Some(record)) => (StatusCode::OK, job::page(&record)),
        Ok(None) => (StatusCode::NOT_FOUND, html! { p { "Job " (id) " is not known." } }),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, html! { p.trouble { (error) } }),
    };
    let title = format!("Job {id}");
    let page = Page { title: &title, links: &[("/", "All jobs")], here: "", live: None, content };
    (status, shown.frame.show(&page)).into_response()
}
