//! Connections between two calls, at most one for each worker.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::time::Duration;

use hyper::rt::{Read, ReadBuf};
use tokio::time::Instant;

use super::connection::Stream;
use crate::pruntime::Endpoint;

/// Connections that wait for their worker's next call.
pub(super) struct Resting {
    /// How long they may.
    longest: Duration,
    kept: Mutex<Kept>,
}

struct Kept {
    streams: HashMap<Endpoint, (Stream, Instant)>,
    /// When those of workers that are not called any more were last looked for.
    swept: Instant,
}

impl Resting {
    /// None yet; each may rest for `longest`.
    pub(super) fn new(longest: Duration) -> Self {
        let kept = Kept { streams: HashMap::new(), swept: Instant::now() };
        Self { longest, kept: Mutex::new(kept) }
    }

    /// The worker's connection, unless it was closed meanwhile.
    pub(super) fn take(&self, endpoint: &Endpoint) -> Option<Stream> {
        let (mut stream, since) = self.lock().streams.remove(endpoint)?;
        (since.elapsed() < self.longest && is_silent(&mut stream)).then_some(stream)
    }

    /// Lets the worker's connection rest.
    pub(super) fn put(&self, endpoint: &Endpoint, stream: Stream) {
        if self.longest.is_zero() {
            return;
        }
        let now = Instant::now();
        // Dropped when nobody waits for the lock any more.
        let mut gone = Vec::new();
        let mut kept = self.lock();
        if now.duration_since(kept.swept) >= self.longest {
            kept.swept = now;
            let old = |_: &Endpoint, (_, since): &mut (Stream, Instant)| {
                now.duration_since(*since) >= self.longest
            };
            gone.extend(kept.streams.extract_if(old));
        }
        let before = kept.streams.insert(endpoint.clone(), (stream, now));
        drop(kept);
        drop((gone, before));
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the other end neither closed it nor said what nobody asked for.
fn is_silent(stream: &mut Stream) -> bool {
    let mut byte = [0];
    let mut byte = ReadBuf::new(&mut byte);
    let mut context = Context::from_waker(Waker::noop());
    Pin::new(stream).poll_read(&mut context, byte.unfilled()).is_pending()
}
