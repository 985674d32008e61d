//! What a lifecycle manager answers its peers.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use futures::StreamExt;
use futures::stream::{self, BoxStream};
use prb_walkie::proto::lifecycle::worker_message_list::Worker as WorkerMessages;
use prb_walkie::proto::lifecycle::{
    CreatePool, CreateWorker, PoolList, UpdatePool, UpdateWorker, UuidQueryRequest, WorkerList,
    WorkerMessageList, worker_message_list,
};
use prb_walkie::proto::walkie_rpc_server::WalkieRpc;
use prb_walkie::proto::worker_explanation::{self, ConditionState as Told};
use prb_walkie::proto::{
    Empty, WorkerExplanation, WorkerExplanations, WorkerState, WorkerStateUpdate, db,
};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{
    CommandError, ConditionState, Explanation, InventoryError, LifecycleHandle, WorkerChange,
    WorkerHistory, WorkerMessage,
};

/// Changes that go into one message of a stream, at most.
const MOST_CHANGES: usize = 256;

/// The methods of a lifecycle manager, for [`prb_walkie::node::Builder::service`].
///
/// A manager finds its data providers through the node that serves these, so it starts after it:
/// until it is [given](LifecycleRpc::serve), calls are answered UNAVAILABLE.
#[derive(Clone, Default)]
pub struct LifecycleRpc(Arc<OnceLock<LifecycleHandle>>);

impl LifecycleRpc {
    /// Answers from this manager from now on. The first one stays.
    pub fn serve(&self, lifecycle: LifecycleHandle) {
        let _first_stays = self.0.set(lifecycle);
    }

    fn manager(&self) -> Result<&LifecycleHandle, Status> {
        self.0.get().ok_or_else(|| Status::unavailable("The lifecycle manager is starting."))
    }
}

#[tonic::async_trait]
impl WalkieRpc for LifecycleRpc {
    async fn list_pool(&self, _: Request<Empty>) -> Result<Response<PoolList>, Status> {
        Ok(Response::new(self.manager()?.list_pools()))
    }

    async fn create_pool(
        &self,
        request: Request<CreatePool>,
    ) -> Result<Response<PoolList>, Status> {
        answer(self.manager()?.create_pools(request.into_inner()).await)
    }

    async fn update_pool(
        &self,
        request: Request<UpdatePool>,
    ) -> Result<Response<PoolList>, Status> {
        answer(self.manager()?.update_pools(request.into_inner()).await)
    }

    async fn list_worker(&self, _: Request<Empty>) -> Result<Response<WorkerList>, Status> {
        Ok(Response::new(self.manager()?.list_workers()))
    }

    async fn create_worker(
        &self,
        request: Request<CreateWorker>,
    ) -> Result<Response<WorkerList>, Status> {
        answer(self.manager()?.create_workers(request.into_inner()).await)
    }

    async fn update_worker(
        &self,
        request: Request<UpdateWorker>,
    ) -> Result<Response<WorkerList>, Status> {
        answer(self.manager()?.update_workers(request.into_inner()).await)
    }

    async fn restart_worker(
        &self,
        request: Request<UuidQueryRequest>,
    ) -> Result<Response<WorkerStateUpdate>, Status> {
        answer(self.manager()?.restart_workers(&request.into_inner().ids).await)
    }

    async fn refresh_ra_and_restart_worker(
        &self,
        request: Request<UuidQueryRequest>,
    ) -> Result<Response<WorkerStateUpdate>, Status> {
        answer(self.manager()?.refresh_ra_and_restart_workers(&request.into_inner().ids).await)
    }

    async fn kick_worker(
        &self,
        request: Request<UuidQueryRequest>,
    ) -> Result<Response<WorkerStateUpdate>, Status> {
        answer(self.manager()?.kick_workers(&request.into_inner().ids))
    }

    async fn checkpoint_worker(
        &self,
        request: Request<UuidQueryRequest>,
    ) -> Result<Response<WorkerStateUpdate>, Status> {
        answer(self.manager()?.checkpoint_workers(&request.into_inner().ids))
    }

    async fn drain_worker(
        &self,
        request: Request<UuidQueryRequest>,
    ) -> Result<Response<WorkerStateUpdate>, Status> {
        answer(self.manager()?.drain_workers(&request.into_inner().ids).await)
    }

    async fn stop_worker(
        &self,
        request: Request<UuidQueryRequest>,
    ) -> Result<Response<WorkerStateUpdate>, Status> {
        answer(self.manager()?.stop_workers(&request.into_inner().ids).await)
    }

    async fn retire_worker(
        &self,
        request: Request<UuidQueryRequest>,
    ) -> Result<Response<WorkerStateUpdate>, Status> {
        answer(self.manager()?.retire_workers(&request.into_inner().ids).await)
    }

    async fn start_worker(
        &self,
        request: Request<UuidQueryRequest>,
    ) -> Result<Response<WorkerStateUpdate>, Status> {
        answer(self.manager()?.start_workers(&request.into_inner().ids).await)
    }

    async fn get_worker_status(
        &self,
        request: Request<UuidQueryRequest>,
    ) -> Result<Response<WorkerStateUpdate>, Status> {
        answer(self.manager()?.worker_states(&request.into_inner().ids))
    }

    async fn explain_worker(
        &self,
        request: Request<UuidQueryRequest>,
    ) -> Result<Response<WorkerExplanations>, Status> {
        let explained = self.manager()?.explain_workers(&request.into_inner().ids).await;
        answer(explained.map(|workers| WorkerExplanations {
            workers: workers.iter().map(WorkerExplanation::from).collect(),
        }))
    }

    async fn list_worker_message(
        &self,
        request: Request<UuidQueryRequest>,
    ) -> Result<Response<WorkerMessageList>, Status> {
        let told = self.manager()?.worker_histories(&request.into_inner().ids);
        let workers = told.map(|workers| workers.into_iter().map(history).collect());
        answer(workers.map(|workers| WorkerMessageList { workers }))
    }

    async fn watch_worker_status(
        &self,
        request: Request<UuidQueryRequest>,
    ) -> Result<Response<BoxStream<'static, Result<WorkerStateUpdate, Status>>>, Status> {
        let (ids, manager) = (request.into_inner().ids, self.manager()?);
        // Changes from before the first states would be told twice, later ones must not be missed.
        let changes = manager.subscribe();
        let first = manager.worker_states(&ids).map_err(|error| status(&error))?;
        let only = (!ids.is_empty()).then(|| first.worker_states.iter().filter_map(uuid).collect());
        let watch = Watch { lifecycle: manager.clone(), changes, only };
        let first = stream::once(async move { Ok(first) });
        Ok(Response::new(first.chain(stream::unfold(watch, Watch::next)).boxed()))
    }
}

fn history(history: WorkerHistory) -> WorkerMessages {
    let message = |message: WorkerMessage| worker_message_list::Message {
        at: message.at,
        status: message.phase.wire().into(),
        text: message.text.into(),
    };
    WorkerMessages {
        uuid: history.uuid.to_string(),
        name: history.name,
        messages: history.messages.into_iter().map(message).collect(),
    }
}

/// Somebody who follows workers.
struct Watch {
    lifecycle: LifecycleHandle,
    changes: Receiver<WorkerChange>,
    /// All workers, also new ones, if there are no ids.
    only: Option<BTreeSet<Uuid>>,
}

impl Watch {
    /// The next message; none once the manager stops.
    async fn next(mut self) -> Option<(Result<WorkerStateUpdate, Status>, Self)> {
        loop {
            let stopped = self.lifecycle.stopping();
            let change = tokio::select! {
                () = stopped.cancelled() => return None,
                change = self.changes.recv() => change,
            };
            let worker_states = match change {
                Ok(change) => self.states(change),
                Err(RecvError::Lagged(_)) => self.all(),
                Err(RecvError::Closed) => return None,
            };
            if !worker_states.is_empty() {
                return Some((Ok(WorkerStateUpdate { worker_states }), self));
            }
        }
    }

    /// The states after this change and those that wait behind it, each worker once.
    fn states(&mut self, change: WorkerChange) -> Vec<WorkerState> {
        let (mut updated, mut removed) = (BTreeSet::new(), BTreeSet::new());
        let mut next = Some(change);
        while let Some(change) = next {
            match change {
                WorkerChange::Updated(report) => updated.insert(report.uuid),
                WorkerChange::Removed(uuid) => removed.insert(uuid),
            };
            next = match self.changes.try_recv() {
                Ok(change) if updated.len() + removed.len() < MOST_CHANGES => Some(change),
                Ok(_) | Err(TryRecvError::Lagged(_)) => return self.all(),
                Err(_) => None,
            };
        }
        let wanted = |uuid: &Uuid| self.only.as_ref().is_none_or(|only| only.contains(uuid));
        let gone = removed.iter().filter(|uuid| wanted(uuid)).map(deleted);
        let updated = updated.iter().filter(|uuid| wanted(uuid) && !removed.contains(uuid));
        // One that is removed at this moment is told of with the next change.
        let updated =
            updated.filter_map(|uuid| self.lifecycle.worker_states(&[uuid.to_string()]).ok());
        updated.flat_map(|update| update.worker_states).chain(gone).collect()
    }

    fn all(&self) -> Vec<WorkerState> {
        let all = self.lifecycle.worker_states(&[]).unwrap_or_default().worker_states;
        let Some(only) = &self.only else { return all };
        all.into_iter()
            .filter(|state| uuid(state).is_some_and(|uuid| only.contains(&uuid)))
            .collect()
    }
}

fn uuid(state: &WorkerState) -> Option<Uuid> {
    Uuid::parse_str(&state.worker.as_ref()?.uuid).ok()
}

/// A worker that is not in the inventory any more.
fn deleted(uuid: &Uuid) -> WorkerState {
    let worker = db::Worker { uuid: uuid.to_string(), deleted: true, ..db::Worker::default() };
    WorkerState { worker: Some(worker), ..WorkerState::default() }
}

impl From<&Explanation> for WorkerExplanation {
    fn from(explanation: &Explanation) -> Self {
        let conditions = explanation.conditions.iter().map(|it| worker_explanation::Condition {
            requirement: it.requirement.to_string(),
            state: match it.state {
                ConditionState::Unknown => Told::CsUnknown,
                ConditionState::Met => Told::CsMet,
                ConditionState::Underway => Told::CsUnderway,
                ConditionState::Failed => Told::CsFailed,
            }
            .into(),
            detail: it.detail.clone(),
            remedy: it.remedy.clone(),
        });
        Self {
            uuid: explanation.uuid.to_string(),
            name: explanation.name.clone(),
            conditions: conditions.collect(),
        }
    }
}

fn answer<T>(done: Result<T, CommandError>) -> Result<Response<T>, Status> {
    done.map(Response::new).map_err(|error| status(&error))
}

fn status(error: &CommandError) -> Status {
    let text = error.to_string();
    match error {
        CommandError::NotFound { .. }
        | CommandError::Inventory(InventoryError::NotFound { .. }) => Status::not_found(text),
        CommandError::Inventory(InventoryError::Duplicate { .. }) => Status::already_exists(text),
        CommandError::Inventory(InventoryError::Invalid { .. }) => Status::invalid_argument(text),
        CommandError::Inventory(InventoryError::Store { .. }) => {
            tracing::error!(error = text, "a request failed");
            Status::internal(text)
        }
        CommandError::Stopping => Status::unavailable(text),
    }
}
