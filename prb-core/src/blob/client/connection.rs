//! One connection with many requests in flight.

use std::collections::HashMap;
use std::io::{ErrorKind, Write};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::BlobClientConfig;
use super::answers::{Answers, Numbered};
use super::failure::Failure;
use crate::blob::BlobRequest;
use crate::blob::frame::{Answer, RequestFrame};

/// How often a standstill is looked for.
const TICK: Duration = Duration::from_millis(100);
/// Reads before others have a turn.
const READS: usize = 32;

/// What one request came to.
pub(super) type Outcome = Result<Option<Bytes>, Failure>;

/// A request, and who wants the answer.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) request: BlobRequest,
    pub(super) reply: oneshot::Sender<Outcome>,
}

struct Open {
    reply: oneshot::Sender<Outcome>,
    /// From then on an answer is owed.
    due: Instant,
}

pub(super) struct Connection {
    config: Arc<BlobClientConfig>,
    stream: TcpStream,
    open: HashMap<u64, Open>,
    next_id: u64,
    key: Vec<u8>,
    out: Vec<u8>,
    written: usize,
    answers: Answers,
    complete: Vec<Numbered>,
    last_read: Instant,
}

impl Connection {
    pub(super) fn new(stream: TcpStream, config: Arc<BlobClientConfig>) -> Self {
        Self {
            stream,
            open: HashMap::new(),
            next_id: 0,
            key: Vec::new(),
            out: Vec::new(),
            written: 0,
            answers: Answers::new(config.max_answer),
            complete: Vec::new(),
            last_read: Instant::now(),
            config,
        }
    }

    /// Something came.
    pub(super) fn was_useful(&self) -> bool {
        self.next_id > self.open.len() as u64
    }

    /// Asks until the connection ends, and says why. Who still waits is told.
    pub(super) async fn run(&mut self, asks: &mut mpsc::Receiver<Ask>) -> Failure {
        let Err(failure) = self.go_on(asks).await;
        for (_, open) in self.open.drain() {
            let _ = open.reply.send(Err(failure.clone()));
        }
        failure
    }

    async fn go_on(
        &mut self,
        asks: &mut mpsc::Receiver<Ask>,
    ) -> Result<std::convert::Infallible, Failure> {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            while self.has_room()
                && let Ok(ask) = asks.try_recv()
            {
                self.send(ask);
            }
            self.write()?;
            let interest = if self.out.is_empty() {
                Interest::READABLE
            } else {
                Interest::READABLE | Interest::WRITABLE
            };
            tokio::select! {
                biased;
                ready = self.stream.ready(interest) => {
                    let ready = ready.map_err(|error| Failure::Ended(error.to_string()))?;
                    if ready.is_readable() {
                        self.read()?;
                    }
                }
                ask = asks.recv(), if self.has_room() => {
                    self.send(ask.ok_or(Failure::Dismissed)?);
                }
                _ = tick.tick() => self.check()?,
            }
        }
    }

    fn has_room(&self) -> bool {
        self.open.len() < self.config.pipelined.max(1)
    }

    fn send(&mut self, ask: Ask) {
        let Ask { request, reply } = ask;
        if reply.is_closed() {
            return;
        }
        let id = self.next_id;
        self.next_id += 1;
        self.key.clear();
        // Writing to a vector does not fail.
        let _ = write!(self.key, "{request}");
        RequestFrame { id, key: &self.key }.encode(&mut self.out);
        self.open.insert(id, Open { reply, due: Instant::now() + request.wait() });
    }

    fn write(&mut self) -> Result<(), Failure> {
        while self.written < self.out.len() {
            match self.stream.try_write(&self.out[self.written..]) {
                Ok(bytes) => self.written += bytes,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(Failure::Ended(error.to_string())),
            }
        }
        self.out.clear();
        self.written = 0;
        Ok(())
    }

    fn read(&mut self) -> Result<(), Failure> {
        for _ in 0..READS {
            let read = self.answers.read(&self.stream, &mut self.complete);
            let more = matches!(read, Ok(Some(_)));
            if more {
                self.last_read = Instant::now();
            }
            for (id, answer) in self.complete.drain(..) {
                let open = self.open.remove(&id).ok_or(Failure::Unasked)?;
                let _ = open.reply.send(match answer {
                    Ok(Answer::Missing) => Ok(None),
                    Ok(Answer::Found(data)) => Ok(Some(data)),
                    Ok(Answer::Failed { reason, .. }) => {
                        Err(Failure::Failed(String::from_utf8_lossy(&reason).into_owned()))
                    }
                    Err(corrupt) => Err(corrupt.into()),
                });
            }
            read?;
            if !more {
                break;
            }
        }
        Ok(())
    }

    /// Whether the provider owes something and gives nothing.
    fn check(&self) -> Result<(), Failure> {
        let Some(due) = self.open.values().map(|open| open.due).min() else { return Ok(()) };
        let silent = Instant::now().saturating_duration_since(due.max(self.last_read));
        if silent > self.config.stall_timeout {
            return Err(Failure::Stalled(self.config.stall_timeout));
        }
        Ok(())
    }
}
