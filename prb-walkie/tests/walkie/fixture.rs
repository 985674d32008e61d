//! Nodes for tests: on loopback, with a role that answers in known ways.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use prb_walkie::access::Caller;
use prb_walkie::identity::Identity;
use prb_walkie::node::{Config, Introduction, Walkie};
use prb_walkie::proto::data_provider::{self, GetBlobByKey, RawBlob};
use prb_walkie::proto::lifecycle::{
    CreatePool, CreateWorker, PoolList, UpdatePool, UpdateWorker, UuidQueryRequest, WorkerList,
};
use prb_walkie::proto::walkie_rpc_server::WalkieRpc;
use prb_walkie::proto::worker_state::Status as Stage;
use prb_walkie::proto::{Empty, WalkieRoles, WorkerState, WorkerStateUpdate, db};
use tonic::{Request, Response, Status};

pub(crate) const CHAIN: &str = "0xabc";

/// A node's settings: one loopback port, no multicast.
pub(crate) fn config(role: WalkieRoles) -> Config {
    let mut config = Config::new(Introduction {
        hostname: "test".into(),
        role,
        chain_identity: CHAIN.into(),
        bridge_identity: "default".into(),
    });
    config.listen = vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()];
    config.discovery.mdns = false;
    config.discovery.older_mdns = false;
    config
}

pub(crate) fn identity() -> Identity {
    Identity::generate().unwrap()
}

pub(crate) async fn start(config: Config) -> Walkie {
    // `RUST_LOG=prb_walkie=debug` shows what happens.
    let filter = tracing_subscriber::EnvFilter::from_default_env();
    let _already = tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().try_init();
    Walkie::builder(config).service(Role).start(&identity()).await.unwrap()
}

/// Two nodes; the first knows where the second is.
pub(crate) async fn pair() -> (Walkie, Walkie) {
    let mut caller = config(WalkieRoles::WrClient);
    caller.listen.clear();
    let server = start(config(WalkieRoles::WrLifecycleManager)).await;
    let caller = start(caller).await;
    caller.dial(server.listeners()[0].clone()).await.unwrap();
    (caller, server)
}

/// Waits until `found` finds something in what the node shows.
pub(crate) async fn eventually<T>(
    walkie: &Walkie,
    within: Duration,
    mut found: impl FnMut(&Walkie) -> Option<T>,
) -> T {
    let mut view = walkie.subscribe();
    let search = async {
        loop {
            if let Some(found) = found(walkie) {
                return found;
            }
            view.changed().await.unwrap();
        }
    };
    tokio::time::timeout(within, search).await.expect("it never came")
}

/// A body that tells its key from any other.
pub(crate) fn body(key: &str, length: usize) -> Bytes {
    key.bytes().cycle().take(length).collect()
}

/// Handlers of `hold:N` that are at work, by N.
static HELD: LazyLock<Mutex<HashMap<u64, usize>>> = LazyLock::new(Mutex::default);

struct Held(u64);

impl Held {
    fn new(number: u64) -> Self {
        *HELD.lock().unwrap().entry(number).or_default() += 1;
        Self(number)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        *HELD.lock().unwrap().entry(self.0).or_default() -= 1;
    }
}

/// Waits until so many handlers of `hold:{number}` are at work.
pub(crate) async fn held(number: u64, count: usize) {
    let search = async {
        while HELD.lock().unwrap().get(&number).copied().unwrap_or_default() != count {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), search).await.expect("it never came");
}

/// Answers by what is asked: a blob's key says what to do. What peers of the field declare and
/// never handle is not handled here either.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Role;

#[tonic::async_trait]
impl WalkieRpc for Role {
    async fn get_data_provider_info(
        &self,
        _: Request<Empty>,
    ) -> Result<Response<data_provider::Info>, Status> {
        let status = data_provider::Status::SIdle.into();
        Ok(Response::new(data_provider::Info {
            status,
            para_id: 2004,
            para_committed_height: -1,
            ..Default::default()
        }))
    }

    /// `size:N`, `wait:MS`, `hold:N`, `panic`, `refuse:N`, `caller`.
    async fn get_blob_by_key(
        &self,
        request: Request<GetBlobByKey>,
    ) -> Result<Response<RawBlob>, Status> {
        let caller = request.extensions().get::<Caller>().cloned();
        let key = request.into_inner().key;
        let (verb, number) = key.split_once(':').unwrap_or((&key, "0"));
        let number: u64 = number.split('#').next().unwrap().parse().unwrap();
        let data = match verb {
            "size" => body(&key, number as usize),
            "wait" => {
                tokio::time::sleep(Duration::from_millis(number)).await;
                body(&key, 10)
            }
            "hold" => {
                let _held = Held::new(number);
                std::future::pending::<Bytes>().await
            }
            "panic" => panic!("as asked"),
            "refuse" => return Err(Status::new((number as i32).into(), "as asked")),
            "caller" => match caller {
                Some(Caller::Peer { id, .. }) => id.to_base58().into(),
                other => format!("{other:?}").into(),
            },
            _ => return Ok(Response::new(RawBlob { key, empty: true, data: Bytes::new() })),
        };
        Ok(Response::new(RawBlob { key, empty: false, data }))
    }

    async fn list_pool(&self, _: Request<Empty>) -> Result<Response<PoolList>, Status> {
        let pool = db::Pool { name: "pool".into(), pid: 1 << 40, ..db::Pool::default() };
        Ok(Response::new(PoolList { pools: vec![pool] }))
    }

    async fn create_pool(
        &self,
        request: Request<CreatePool>,
    ) -> Result<Response<PoolList>, Status> {
        Ok(Response::new(PoolList { pools: request.into_inner().pools }))
    }

    async fn update_pool(
        &self,
        request: Request<UpdatePool>,
    ) -> Result<Response<PoolList>, Status> {
        let items = request.into_inner().items;
        if items.is_empty() {
            return Err(Status::not_found("Pool not found!"));
        }
        let pools = items.into_iter().filter_map(|item| item.pool).collect();
        Ok(Response::new(PoolList { pools }))
    }

    async fn list_worker(&self, _: Request<Empty>) -> Result<Response<WorkerList>, Status> {
        let worker = db::Worker { name: "worker".into(), ..db::Worker::default() };
        Ok(Response::new(WorkerList { workers: vec![worker] }))
    }

    async fn create_worker(
        &self,
        request: Request<CreateWorker>,
    ) -> Result<Response<WorkerList>, Status> {
        let workers = request.into_inner().workers;
        if workers.is_empty() {
            return Err(Status::already_exists("worker exists"));
        }
        Ok(Response::new(WorkerList { workers }))
    }

    async fn update_worker(
        &self,
        request: Request<UpdateWorker>,
    ) -> Result<Response<WorkerList>, Status> {
        let items = request.into_inner().items;
        if items.is_empty() {
            return Err(Status::invalid_argument("stake: not a number"));
        }
        let workers = items.into_iter().filter_map(|item| item.worker).collect();
        Ok(Response::new(WorkerList { workers }))
    }

    async fn restart_worker(
        &self,
        request: Request<UuidQueryRequest>,
    ) -> Result<Response<WorkerStateUpdate>, Status> {
        Ok(states(request, Stage::SStarting))
    }

    async fn refresh_ra_and_restart_worker(
        &self,
        request: Request<UuidQueryRequest>,
    ) -> Result<Response<WorkerStateUpdate>, Status> {
        Ok(states(request, Stage::SPreActive))
    }

    async fn kick_worker(
        &self,
        request: Request<UuidQueryRequest>,
    ) -> Result<Response<WorkerStateUpdate>, Status> {
        Ok(states(request, Stage::SKicked))
    }

    async fn get_worker_status(
        &self,
        request: Request<UuidQueryRequest>,
    ) -> Result<Response<WorkerStateUpdate>, Status> {
        Ok(states(request, Stage::SIdle))
    }

    async fn watch_worker_status(
        &self,
        _: Request<UuidQueryRequest>,
    ) -> Result<
        Response<Pin<Box<dyn Stream<Item = Result<WorkerStateUpdate, Status>> + Send>>>,
        Status,
    > {
        let update = || Ok(WorkerStateUpdate::default());
        Ok(Response::new(Box::pin(futures::stream::iter([update(), update(), update()]))))
    }
}

fn states(request: Request<UuidQueryRequest>, stage: Stage) -> Response<WorkerStateUpdate> {
    let states = request.into_inner().ids.into_iter().map(|id| WorkerState {
        status: stage.into(),
        public_key: id,
        parent_header_synched_to: -1,
        ..WorkerState::default()
    });
    Response::new(WorkerStateUpdate { worker_states: states.collect() })
}
