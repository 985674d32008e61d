//! One WebSocket connection to one node, made anew when it breaks.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::StreamExt;
use jsonrpsee::core::client::{
    ClientT, Error as ClientError, Subscription as WsSubscription, SubscriptionClientT,
};
use jsonrpsee::core::traits::ToRpcParams;
use jsonrpsee::ws_client::{PingConfig, RpcService, RpcServiceBuilder, WsClient, WsClientBuilder};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use subxt::utils::H256;
use tokio::sync::{Mutex, Semaphore};
use tokio::time::{Instant, sleep_until, timeout};

use self::answer::Answer;
use self::batch::Batches;
use super::json::{HexHash, hex};
use super::{ChainClientConfig, Subscription};
use crate::backoff::Backoff;
use crate::chain::{ChainError, Endpoint, Refusal};
use crate::error::error_chain;

pub(super) mod answer;
mod batch;

const RECONNECT: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(10));
/// A node of another chain will hardly change: ask it seldom.
const OTHER_CHAIN: Duration = Duration::from_secs(30);
/// Unanswered requests in a row after which a connection counts as dead.
const DEAD_AFTER: u32 = 3;
const PING_INTERVAL: Duration = Duration::from_secs(15);
const PING_SILENCE: Duration = Duration::from_secs(40);
/// More at one node are no use, whatever the settings say.
const MOST_IN_FLIGHT: u32 = 4096;
/// Requests that do not wait for others.
const OUT_OF_TURN: usize = 8;
/// A subscriber this many items behind is cut off and subscribes again.
const SUBSCRIPTION_BUFFER: usize = 1024;

/// What speaks over one connection.
type Client = WsClient<RpcService>;

/// Parameters as JSON text.
#[derive(Clone, Debug)]
pub(super) struct Params(pub(super) Option<Box<RawValue>>);

impl Params {
    pub(super) fn of(params: &Value) -> Self {
        // Serialising a `Value` writes to memory and has no failing type inside.
        Self(serde_json::value::to_raw_value(params).ok())
    }

    /// A block's hash alone.
    pub(super) fn block(hash: H256) -> Self {
        Self(RawValue::from_string(format!("[\"{}\"]", hex(hash))).ok())
    }
}

impl ToRpcParams for Params {
    fn to_rpc_params(self) -> Result<Option<Box<RawValue>>, serde_json::Error> {
        Ok(self.0)
    }
}

/// Whether a request waits for others in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Queued,
    Out,
}

pub(super) struct Connection {
    endpoint: Endpoint,
    builder: WsClientBuilder,
    connect_timeout: Duration,
    most_in_flight: u32,
    window: Semaphore,
    batches: Batches,
    link: Mutex<Link>,
    /// Attempts to connect that have ended; who waited for one shares its result.
    attempts: AtomicU64,
    unanswered: AtomicU32,
    /// Connections that were made.
    connected: AtomicU64,
}

#[derive(Default)]
struct Link {
    client: Option<Arc<Client>>,
    failures: u32,
    not_before: Option<Instant>,
    failure: Option<ChainError>,
}

impl Connection {
    pub(super) fn new(endpoint: Endpoint, config: &ChainClientConfig) -> Self {
        let most_in_flight = config.max_in_flight.clamp(1, MOST_IN_FLIGHT as usize) as u32;
        let ping = PingConfig::new().ping_interval(PING_INTERVAL).inactive_limit(PING_SILENCE);
        let builder = WsClientBuilder::new()
            .max_request_size(config.max_response_bytes)
            .max_response_size(config.max_response_bytes)
            .request_timeout(config.request_timeout.max(config.slow_request_timeout))
            .connection_timeout(config.connect_timeout)
            .max_concurrent_requests(most_in_flight as usize + OUT_OF_TURN)
            .max_buffer_capacity_per_subscription(SUBSCRIPTION_BUFFER)
            .enable_ws_ping(ping);
        Self {
            endpoint,
            builder,
            connect_timeout: config.connect_timeout,
            most_in_flight,
            window: Semaphore::new(most_in_flight as usize),
            batches: Batches::default(),
            link: Mutex::default(),
            attempts: AtomicU64::new(0),
            unanswered: AtomicU32::new(0),
            connected: AtomicU64::new(0),
        }
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Connections that were made after the first.
    pub(super) fn reconnects(&self) -> u64 {
        self.connected.load(Ordering::Relaxed).saturating_sub(1)
    }

    /// The node's answer.
    pub(super) async fn request<T: DeserializeOwned>(
        &self,
        method: &str,
        params: Params,
        deadline: Duration,
        genesis: &OnceLock<H256>,
        turn: Turn,
    ) -> Result<Answer<T>, ChainError> {
        let answer = timeout(deadline, async {
            let _slot = match turn {
                Turn::Queued => Some(self.window.acquire().await),
                Turn::Out => None,
            };
            let client = self.client(genesis).await?;
            let answer = client.request::<Answer<T>, _>(method, params).await;
            answer.map_err(|error| self.error(method, error, deadline))
        });
        match answer.await {
            Ok(Err(error @ ChainError::Deadline { .. })) => Err(self.silent(error)),
            Ok(answer) => {
                self.unanswered.store(0, Ordering::Relaxed);
                answer
            }
            Err(_) => {
                let error = ChainError::Deadline {
                    endpoint: self.endpoint.clone(),
                    method: method.to_owned(),
                    after: deadline,
                };
                Err(self.silent(error))
            }
        }
    }

    pub(super) async fn subscribe<T: DeserializeOwned + Send + 'static>(
        &self,
        method: &str,
        params: Params,
        unsubscribe: &str,
        deadline: Duration,
        genesis: &OnceLock<H256>,
    ) -> Result<Subscription<T>, ChainError> {
        let subscribed = timeout(deadline, async {
            let _slot = self.window.acquire().await;
            let client = self.client(genesis).await?;
            let subscription = client.subscribe::<T, _>(method, params, unsubscribe).await;
            subscription.map_err(|error| self.error(method, error, deadline))
        });
        let subscription: WsSubscription<T> = match subscribed.await {
            Ok(subscription) => subscription?,
            Err(_) => {
                return Err(ChainError::Deadline {
                    endpoint: self.endpoint.clone(),
                    method: method.to_owned(),
                    after: deadline,
                });
            }
        };
        let endpoint = self.endpoint.clone();
        let named = method.to_owned();
        let items = subscription.map(move |item| {
            item.map_err(|error| ChainError::Malformed {
                endpoint: endpoint.clone(),
                method: named.clone(),
                reason: error.to_string(),
            })
        });
        let ended = ChainError::Disconnected {
            endpoint: self.endpoint.clone(),
            method: method.to_owned(),
            reason: "the subscription ended".to_owned(),
        };
        Ok(items.chain(futures::stream::once(async { Err(ended) })).boxed())
    }

    /// The live connection; waits out the back-off and connects when there is none.
    async fn client(&self, genesis: &OnceLock<H256>) -> Result<Arc<Client>, ChainError> {
        let attempts = self.attempts.load(Ordering::Acquire);
        let mut link = self.link.lock().await;
        if let Some(client) = link.client.as_ref().filter(|client| client.is_connected()) {
            return Ok(client.clone());
        }
        link.client = None;
        if let Some(failure) = link.failure.as_ref()
            && attempts != self.attempts.load(Ordering::Acquire)
        {
            return Err(failure.clone());
        }
        if let Some(not_before) = link.not_before {
            sleep_until(not_before).await;
        }
        let connected = self.connect(genesis).await;
        self.attempts.fetch_add(1, Ordering::AcqRel);
        match connected {
            Ok(client) => {
                tracing::debug!(endpoint = %self.endpoint, "connected");
                self.connected.fetch_add(1, Ordering::Relaxed);
                *link = Link { client: Some(client.clone()), ..Link::default() };
                Ok(client)
            }
            Err(error) => {
                let wait = match error {
                    ChainError::WrongChain { .. } => OTHER_CHAIN,
                    _ => RECONNECT.delay(link.failures),
                };
                link.failures = link.failures.saturating_add(1);
                link.not_before = Some(Instant::now() + wait);
                link.failure = Some(error.clone());
                Err(error)
            }
        }
    }

    async fn connect(&self, genesis: &OnceLock<H256>) -> Result<Arc<Client>, ChainError> {
        let unreachable =
            |reason: String| ChainError::Unreachable { endpoint: self.endpoint.clone(), reason };
        let connecting = async {
            let client = self.build().await.map_err(|error| unreachable(error_chain(&error)))?;
            let first_block = Params::of(&serde_json::json!([0]));
            let found: HexHash = client
                .request("chain_getBlockHash", first_block)
                .await
                .map_err(|error| unreachable(error_chain(&error)))?;
            Ok::<_, ChainError>((client, found.0))
        };
        let (client, found) = timeout(self.connect_timeout, connecting).await.map_err(|_| {
            unreachable(format!("no connection within {:?}", self.connect_timeout))
        })??;
        let expected = *genesis.get_or_init(|| found);
        if expected != found {
            return Err(ChainError::WrongChain {
                endpoint: self.endpoint.clone(),
                expected,
                found,
            });
        }
        Ok(Arc::new(client))
    }

    /// A new connection. The layer that writes every answer down once more, for a log that nobody
    /// keeps, is left out.
    async fn build(&self) -> Result<Client, ClientError> {
        let plain = self.builder.clone().set_rpc_middleware(RpcServiceBuilder::new());
        plain.build(self.endpoint.url()).await
    }

    /// Counts an unanswered request; after several in a row the connection is given up, since a
    /// node that hangs keeps it open.
    fn silent(&self, error: ChainError) -> ChainError {
        if self.unanswered.fetch_add(1, Ordering::Relaxed) + 1 >= DEAD_AFTER {
            self.unanswered.store(0, Ordering::Relaxed);
            if let Ok(mut link) = self.link.try_lock() {
                link.client = None;
            }
        }
        error
    }

    fn error(&self, method: &str, error: ClientError, deadline: Duration) -> ChainError {
        let endpoint = self.endpoint.clone();
        let method = method.to_owned();
        match error {
            ClientError::Call(refused) => {
                let data = refused.data().map(RawValue::get).unwrap_or_default();
                let refusal = Refusal::of(refused.code(), refused.message(), data);
                let message = match data {
                    "" => refused.message().to_owned(),
                    data => format!("{}: {data}", refused.message()),
                };
                ChainError::Refused { endpoint, method, code: refused.code(), message, refusal }
            }
            ClientError::ParseError(error) => {
                ChainError::Malformed { endpoint, method, reason: error.to_string() }
            }
            ClientError::RequestTimeout => {
                ChainError::Deadline { endpoint, method, after: deadline }
            }
            error => ChainError::Disconnected { endpoint, method, reason: error_chain(&error) },
        }
    }
}
