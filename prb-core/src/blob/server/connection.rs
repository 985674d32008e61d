//! One connection: reads requests, answers them in whatever order answers become ready.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Poll;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

use super::accept::Shared;
use super::answer::{Begun, Waited, read, wait};
use super::inbox::{Inbox, Read, ReadError};
use super::outbox::{Outbox, Ready};
use super::pace::Pace;
use super::status::{Counters, count};
use crate::blob::frame::{Answer, FrameError};

/// How often slowness and idleness are looked at.
const TICK: Duration = Duration::from_millis(250);
/// The rest of a request comes at once, or never.
const PART: Duration = Duration::from_secs(10);

/// Why a connection was cut.
#[derive(Debug, thiserror::Error)]
pub(super) enum Cut {
    #[error("sent what is no request: {0}")]
    Hostile(#[from] FrameError),
    #[error("sent a part of a request and no more")]
    Unfinished,
    #[error("does not take its answers")]
    TooSlow,
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl From<ReadError> for Cut {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Io(error) => Self::Io(error),
            ReadError::Frame(error) => Self::Hostile(error),
        }
    }
}

impl Cut {
    pub(super) fn count(&self, counters: &Counters) {
        match self {
            Self::Hostile(_) | Self::Unfinished => count(&counters.hostile),
            Self::TooSlow => count(&counters.too_slow),
            Self::Io(_) => {}
        }
    }
}

pub(super) struct Connection {
    stream: TcpStream,
    shared: Arc<Shared>,
    window: usize,
    inbox: Inbox,
    /// The peer closed its side; it may still take answers.
    asks_no_more: bool,
    /// Being read from the source, few at once.
    reading: FuturesUnordered<BoxFuture<'static, Begun>>,
    parallel: usize,
    /// For what does not exist yet.
    waiting: FuturesUnordered<BoxFuture<'static, Waited>>,
    outbox: Outbox,
    pace: Pace,
    last_read: Instant,
    tick: Interval,
}

enum Woken {
    Read(Begun),
    Waited(Waited),
    Stream(tokio::io::Ready),
    Tick,
}

impl Connection {
    pub(super) fn new(stream: TcpStream, shared: Arc<Shared>) -> Self {
        let now = Instant::now();
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            stream,
            window: shared.window(),
            parallel: (shared.config.lookups / 2).max(1),
            shared,
            inbox: Inbox::default(),
            asks_no_more: false,
            reading: FuturesUnordered::new(),
            waiting: FuturesUnordered::new(),
            outbox: Outbox::default(),
            pace: Pace::new(now),
            last_read: now,
            tick,
        }
    }

    /// Serves until the peer has all it asked for and asks no more, or is idle for too long.
    pub(super) async fn run(mut self) -> Result<(), Cut> {
        loop {
            self.begin().await;
            self.outbox.write(&self.stream)?;
            if self.asks_no_more && self.owes_nothing() {
                return Ok(());
            }
            if self.may_begin() {
                // Others have a turn first.
                tokio::task::yield_now().await;
                continue;
            }
            match self.wake().await? {
                Woken::Read(begun) => self.go_on(begun),
                Woken::Waited(waited) => {
                    self.waited(waited);
                    // Those that came together leave together.
                    while let Some(Some(waited)) = self.waiting.next().now_or_never() {
                        self.waited(waited);
                    }
                }
                Woken::Stream(ready) => {
                    if ready.is_readable() && self.has_room() {
                        match self.inbox.read(&self.stream)? {
                            Read::Some => self.last_read = Instant::now(),
                            Read::Nothing => {}
                            Read::End => {
                                self.asks_no_more = true;
                                // Whether it still listens shows only when something is sent.
                                self.waiting.clear();
                            }
                        }
                    }
                }
                Woken::Tick => {
                    if self.is_idle()? {
                        return Ok(());
                    }
                    self.check_pace()?;
                }
            }
        }
    }

    fn may_begin(&self) -> bool {
        self.inbox.len() > 0
            && self.reading.len() < self.parallel
            && self.outbox.bytes() < self.window
    }

    /// Begins requests as long as this connection may have more answers.
    async fn begin(&mut self) {
        while self.may_begin()
            && let Some(received) = self.inbox.next()
        {
            let mut reading = Box::pin(read(self.shared.clone(), received));
            match futures::poll!(&mut reading) {
                Poll::Ready(begun) => self.go_on(begun),
                Poll::Pending => self.reading.push(reading),
            }
        }
    }

    fn go_on(&mut self, begun: Begun) {
        match begun {
            Begun::Ready(ready) => self.push(ready),
            Begun::Wait(_) if self.asks_no_more => {}
            Begun::Wait(waiting) => self.waiting.push(wait(self.shared.clone(), waiting).boxed()),
        }
    }

    fn waited(&mut self, waited: Waited) {
        match waited {
            Waited::Ready(ready) => self.push(ready),
            Waited::Again(received) => self.inbox.put_back(received),
        }
    }

    fn push(&mut self, ready: Ready) {
        let counters = &self.shared.counters;
        count(&counters.answers);
        if let Answer::Found(data) = &ready.answer {
            counters.bytes.fetch_add(data.len() as u64, Relaxed);
        }
        self.outbox.push(ready);
    }

    /// Whether more requests are read.
    fn has_room(&self) -> bool {
        if self.asks_no_more {
            return false;
        }
        let unanswered =
            self.inbox.len() + self.reading.len() + self.waiting.len() + self.outbox.len();
        unanswered < self.shared.config.connection_requests
    }

    async fn wake(&mut self) -> Result<Woken, Cut> {
        let interest = match (self.has_room(), self.outbox.is_empty()) {
            (true, true) => Some(Interest::READABLE),
            (true, false) => Some(Interest::READABLE | Interest::WRITABLE),
            (false, false) => Some(Interest::WRITABLE),
            (false, true) => None,
        };
        let stream = self.stream.ready(interest.unwrap_or(Interest::READABLE));
        tokio::select! {
            biased;
            ready = stream, if interest.is_some() => Ok(Woken::Stream(ready?)),
            Some(begun) = self.reading.next(), if !self.reading.is_empty() => Ok(Woken::Read(begun)),
            Some(waited) = self.waiting.next(), if !self.waiting.is_empty() => {
                Ok(Woken::Waited(waited))
            }
            _ = self.tick.tick() => Ok(Woken::Tick),
        }
    }

    fn owes_nothing(&self) -> bool {
        self.inbox.len() == 0
            && self.reading.is_empty()
            && self.waiting.is_empty()
            && self.outbox.is_empty()
    }

    fn is_idle(&self) -> Result<bool, Cut> {
        if !self.owes_nothing() {
            return Ok(false);
        }
        let silent = self.last_read.elapsed();
        if self.inbox.has_part() && silent > PART {
            return Err(Cut::Unfinished);
        }
        Ok(silent > self.shared.config.idle)
    }

    fn check_pace(&mut self) -> Result<(), Cut> {
        let mut patience = self.shared.config.patience;
        if self.shared.memory.is_short() {
            patience /= 10;
        }
        let (taken, left) = (self.outbox.taken(), !self.outbox.is_empty());
        if self.pace.is_too_slow(Instant::now(), taken, left, patience) {
            return Err(Cut::TooSlow);
        }
        Ok(())
    }
}
