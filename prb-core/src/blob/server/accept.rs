//! Takes connections.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use super::connection::Connection;
use super::memory::Memory;
use super::status::{Counters, count};
use super::{BlobServerConfig, BlobServerStatus};
use crate::blob::BlobSource;

/// How often the status is published.
const TICK: Duration = Duration::from_secs(1);
/// After the system refused a connection, for want of file handles for instance.
const PAUSE: Duration = Duration::from_millis(100);

/// What all connections share.
pub(super) struct Shared {
    pub(super) config: BlobServerConfig,
    pub(super) source: Arc<dyn BlobSource>,
    pub(super) memory: Memory,
    /// Turns at reading from the source.
    pub(super) lookups: Semaphore,
    pub(super) reports: Reports,
    pub(super) counters: Counters,
    pub(super) cancel: CancellationToken,
}

impl Shared {
    pub(super) fn new(
        config: BlobServerConfig,
        source: Arc<dyn BlobSource>,
        cancel: CancellationToken,
    ) -> Arc<Self> {
        Arc::new(Self {
            source,
            memory: Memory::new(config.total_bytes),
            lookups: Semaphore::new(config.lookups.clamp(1, Semaphore::MAX_PERMITS)),
            reports: Reports::default(),
            counters: Counters::default(),
            cancel,
            config,
        })
    }

    /// Bytes of answers that a connection may have before it has to take some.
    pub(super) fn window(&self) -> usize {
        self.config.connection_bytes.min(self.config.total_bytes / 8)
    }
}

/// Whoever can connect can report bad blocks, and each costs a provider calls to its node: few are
/// passed on.
pub(super) struct Reports(Mutex<(Instant, u32)>);

impl Default for Reports {
    fn default() -> Self {
        Self(Mutex::new((Instant::now(), 0)))
    }
}

impl Reports {
    const PER_MINUTE: u32 = 60;

    /// Whether a report may be passed on now.
    pub(super) fn take(&self) -> bool {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.0.elapsed() > Duration::from_mins(1) {
            *inner = (Instant::now(), 0);
        }
        inner.1 += 1;
        inner.1 <= Self::PER_MINUTE
    }
}

/// Accepts until cancelled.
pub(super) async fn run(
    listener: TcpListener,
    shared: Arc<Shared>,
    tasks: TaskTracker,
    status: watch::Sender<BlobServerStatus>,
) {
    let places = Arc::new(Semaphore::new(shared.config.connections.min(Semaphore::MAX_PERMITS)));
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = tick.tick() => {
                let now = shared.counters.read(shared.memory.used());
                status.send_if_modified(|status| std::mem::replace(status, now) != now);
                continue;
            }
            () = shared.cancel.cancelled() => return,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let Ok(place) = places.clone().try_acquire_owned() else {
            count(&shared.counters.turned_away);
            tracing::debug!(%peer, "too many connections");
            continue;
        };
        let shared = shared.clone();
        let serving = async move {
            let _place = place;
            let _counted = Counted::new(&shared.counters.connections);
            serve(stream, &shared).await;
        };
        tasks.spawn(serving.instrument(tracing::debug_span!("connection", %peer)));
    }
}

async fn serve(stream: TcpStream, shared: &Arc<Shared>) {
    let serving = async {
        stream.set_nodelay(true)?;
        Connection::new(stream, shared.clone()).run().await
    };
    let served = tokio::select! {
        // First, as a busy connection would leave no time for it.
        biased;
        () = shared.cancel.cancelled() => Ok(()),
        served = serving => served,
    };
    match served {
        Ok(()) => tracing::debug!("closed"),
        Err(end) => {
            end.count(&shared.counters);
            tracing::debug!(reason = %end, "cut");
        }
    }
}

struct Counted<'a>(&'a AtomicU64);

impl<'a> Counted<'a> {
    fn new(counter: &'a AtomicU64) -> Self {
        counter.fetch_add(1, Relaxed);
        Self(counter)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}
