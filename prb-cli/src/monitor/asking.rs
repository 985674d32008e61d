//! What pages ask of peers, and keep for a moment so that however many look it is asked once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::html;
use prb_walkie::PeerId;
use prb_walkie::discovery::table::Peer;
use prb_walkie::node::Walkie;
use prb_walkie::proto::data_provider::Info;
use prb_walkie::proto::lifecycle::UuidQueryRequest;
use prb_walkie::proto::{Empty, WorkerState, trader};
use tonic::{Code, Request, Status};

use super::provider::history::History;
use crate::web::page::{Frame, Page};
use crate::web::recent::Recent;

/// All who look within this time see the same.
const AGE: Duration = Duration::from_millis(900);
/// How long a page waits for a peer.
const CALL: Duration = Duration::from_secs(10);

/// What a peer said, or why it did not, for people.
pub(super) type Told<T> = Result<T, String>;

/// What all pages of the monitor have.
pub(super) struct Asking {
    pub(super) walkie: Walkie,
    pub(super) frame: Frame,
    pub(super) history: History,
    kept: Mutex<HashMap<PeerId, Arc<Kept>>>,
}

#[derive(Default)]
struct Kept {
    info: Recent<Told<Info>>,
    workers: Recent<Told<Vec<WorkerState>>>,
    trader: Recent<Told<trader::Status>>,
}

impl Asking {
    pub(super) fn new(walkie: Walkie, frame: Frame) -> Self {
        Self { walkie, frame, history: History::default(), kept: Mutex::default() }
    }

    /// The peer that an address names, if it is known.
    pub(super) fn peer(&self, id: &str) -> Option<Peer> {
        let id: PeerId = id.parse().ok()?;
        self.walkie.peers().into_iter().find(|peer| peer.id == id)
    }

    /// How far a data provider is.
    pub(super) async fn info(&self, peer: PeerId) -> Arc<Told<Info>> {
        let asked = async {
            let mut client = self.walkie.client(peer);
            answer(client.get_data_provider_info(Request::new(Empty {}))).await
        };
        self.kept(peer).info.get(AGE, asked).await
    }

    /// How a manager's workers are, in the order of their names.
    pub(super) async fn workers(&self, peer: PeerId) -> Arc<Told<Vec<WorkerState>>> {
        let asked = async {
            let mut client = self.walkie.client(peer);
            let request = Request::new(UuidQueryRequest::default());
            let mut workers = answer(client.get_worker_status(request)).await?.worker_states;
            let name = |state: &WorkerState| state.worker.as_ref().map(|it| it.name.clone());
            workers.sort_by_key(name);
            Ok(workers)
        };
        self.kept(peer).workers.get(AGE, asked).await
    }

    /// What a trader does.
    pub(super) async fn trader(&self, peer: PeerId) -> Arc<Told<trader::Status>> {
        let asked = async {
            let mut client = self.walkie.client(peer);
            answer(client.get_trader_status(Request::new(Empty {}))).await
        };
        self.kept(peer).trader.get(AGE, asked).await
    }

    /// Asks a peer anew when somebody looks.
    pub(super) fn forget(&self, peer: PeerId) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).remove(&peer);
    }

    /// As many are kept as there are peers, which the node bounds.
    fn kept(&self, peer: PeerId) -> Arc<Kept> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if !kept.contains_key(&peer) {
            let known = self.walkie.peers();
            kept.retain(|id, _| known.iter().any(|peer| peer.id == *id));
        }
        Arc::clone(kept.entry(peer).or_default())
    }

    /// The page of a peer that nobody knows.
    pub(super) fn nobody(&self) -> Response {
        let content = html! {
            h1 { "Nobody" }
            p { "No peer is known by that name. It may not have been found yet." }
        };
        let page = Page { title: "Nobody", links: super::LINKS, here: "", live: None, content };
        (StatusCode::NOT_FOUND, self.frame.show(&page)).into_response()
    }
}

/// Waits for an answer as long as a page does.
pub(super) async fn answer<T>(
    call: impl Future<Output = Result<tonic::Response<T>, Status>>,
) -> Told<T> {
    match tokio::time::timeout(CALL, call).await {
        Ok(Ok(answer)) => Ok(answer.into_inner()),
        Ok(Err(status)) if status.code() == Code::PermissionDenied => Err(format!(
            "{} Start the monitor with --psk-file, or put its peer id on that service's white list.",
            status.message()
        )),
        Ok(Err(status)) => Err(status.message().to_owned()),
        Err(_) => Err(format!("it did not answer within {CALL:?}")),
    }
}
