//! Keeps one connection to a provider.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::BlobClientConfig;
use super::connection::{Ask, Connection, Outcome};
use super::failure::Failure;
use crate::backoff::Backoff;
use crate::blob::BlobRequest;

const BACKOFF: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));

/// A connection that comes back by itself.
pub(super) struct Lane {
    asks: mpsc::Sender<Ask>,
    connected: Arc<AtomicBool>,
    in_flight: AtomicUsize,
}

/// What the lane's task does.
pub(super) struct Driver {
    config: Arc<BlobClientConfig>,
    addresses: Vec<SocketAddr>,
    asks: mpsc::Receiver<Ask>,
    connected: Arc<AtomicBool>,
}

impl Lane {
    pub(super) fn new(config: Arc<BlobClientConfig>, addresses: Vec<SocketAddr>) -> (Self, Driver) {
        let (sender, asks) = mpsc::channel(config.pipelined.max(1));
        let connected = Arc::new(AtomicBool::new(false));
        let driver = Driver { config, addresses, asks, connected: connected.clone() };
        (Self { asks: sender, connected, in_flight: AtomicUsize::new(0) }, driver)
    }

    pub(super) fn is_connected(&self) -> bool {
        self.connected.load(Relaxed)
    }

    /// Requests that are not answered yet.
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.load(Relaxed)
    }

    pub(super) async fn ask(&self, request: BlobRequest) -> Outcome {
        let _counted = Counted::new(&self.in_flight);
        let (reply, answer) = oneshot::channel();
        if self.asks.send(Ask { request, reply }).await.is_err() {
            return Err(Failure::Dismissed);
        }
        answer.await.unwrap_or(Err(Failure::Dismissed))
    }
}

struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Relaxed);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl Driver {
    /// Connects, and connects again, until cancelled.
    pub(super) async fn run(mut self, cancel: CancellationToken) {
        tokio::select! {
            () = cancel.cancelled() => {}
            () = self.keep() => {}
        }
        self.connected.store(false, Relaxed);
    }

    async fn keep(&mut self) {
        let mut failures = 0;
        loop {
            let failure = match self.connect().await {
                Ok(stream) => {
                    self.connected.store(true, Relaxed);
                    let mut connection = Connection::new(stream, self.config.clone());
                    let failure = connection.run(&mut self.asks).await;
                    self.connected.store(false, Relaxed);
                    if connection.was_useful() {
                        failures = 0;
                    }
                    failure
                }
                Err(failure) => failure,
            };
            if failure == Failure::Dismissed {
                return;
            }
            tracing::debug!(%failure, "not connected");
            let again = Instant::now() + BACKOFF.delay(failures);
            failures = failures.saturating_add(1);
            let refused = Failure::NotConnected(failure.to_string());
            refuse_until(&mut self.asks, &refused, sleep_until(again)).await;
        }
    }

    async fn connect(&mut self) -> Result<TcpStream, Failure> {
        let mut last = Failure::NotConnected("it has no address".to_owned());
        for address in self.addresses.clone() {
            let connecting = timeout(self.config.connect_timeout, TcpStream::connect(address));
            let refused = Failure::NotConnected(format!("connecting to {address}"));
            let connected = refuse_until(&mut self.asks, &refused, connecting).await;
            let failed = |reason: String| Failure::NotConnected(format!("{address}: {reason}"));
            match connected {
                Ok(Ok(stream)) => match stream.set_nodelay(true) {
                    Ok(()) => return Ok(stream),
                    Err(error) => last = failed(error.to_string()),
                },
                Ok(Err(error)) => last = failed(error.to_string()),
                Err(_) => last = failed(format!("no answer in {:?}", self.config.connect_timeout)),
            }
        }
        Err(last)
    }
}

/// Who asks meanwhile is told at once, and asks elsewhere.
async fn refuse_until<T>(
    asks: &mut mpsc::Receiver<Ask>,
    refused: &Failure,
    until: impl Future<Output = T>,
) -> T {
    tokio::pin!(until);
    loop {
        tokio::select! {
            done = &mut until => return done,
            Some(ask) = asks.recv() => {
                let _ = ask.reply.send(Err(refused.clone()));
            }
        }
    }
}
