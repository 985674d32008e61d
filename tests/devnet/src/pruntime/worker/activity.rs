//! What a worker is busy with: a benchmark, a session, both or neither.

use parity_scale_codec::{Decode, Encode};
use prb_devnet_runtime::types::{
    Message, MessageOrigin, RegistryEvent, SystemEvent, WorkerEvent, WorkerPublicKey,
    WorkingReportEvent, topic,
};

use super::Habits;
use crate::pruntime::config::Mode;

/// Where in time an event happens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// The block's number.
    pub(super) block: u32,
    /// The block's time, ms since 1970.
    pub(super) now_ms: u64,
    pub(super) habits: Habits,
}

impl Clock {
    /// The iterations a machine of this speed does in block time.
    fn iterations_since(self, start_ms: u64) -> u64 {
        self.now_ms.saturating_sub(start_ms) * u64::from(self.habits.score) / 6000
    }
}

/// A benchmark the chain has asked for.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
struct Benchmark {
    start_block: u32,
    start_ms: u64,
    /// In blocks.
    duration: u32,
}

/// A computing session.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
struct Session {
    id: u32,
    start_ms: u64,
}

/// The state that decides what a worker reports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub(super) struct Activity {
    registered: bool,
    benchmark: Option<Benchmark>,
    session: Option<Session>,
}

/// Something to tell the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Report {
    /// The benchmark is over.
    Benchmark { start_ms: u64, iterations: u64 },
    /// Alive.
    Heartbeat { session_id: u32, block: u32, now_ms: u64, iterations: u64 },
}

impl Activity {
    /// What an event of the chain changes, and the heartbeat that answers a challenge.
    pub(super) fn on_event(
        &mut self,
        event: &SystemEvent,
        me: &WorkerPublicKey,
        clock: Clock,
    ) -> Option<Report> {
        match event {
            SystemEvent::WorkerEvent { pubkey, event } => {
                if pubkey == me {
                    self.on_worker_event(event, clock);
                }
                None
            }
            SystemEvent::HeartbeatChallenge(challenge) => {
                let session = self.session.as_ref()?;
                (self.registered && challenge.hits(me)).then(|| Report::Heartbeat {
                    session_id: session.id,
                    block: clock.block,
                    now_ms: clock.now_ms,
                    iterations: clock.iterations_since(session.start_ms),
                })
            }
        }
    }

    fn on_worker_event(&mut self, event: &WorkerEvent, clock: Clock) {
        match *event {
            WorkerEvent::Registered { .. } => self.registered = true,
            WorkerEvent::BenchStart { duration } => {
                self.benchmark =
                    Some(Benchmark { start_block: clock.block, start_ms: clock.now_ms, duration });
            }
            WorkerEvent::Started { session_id, .. } => {
                self.session = Some(Session { id: session_id, start_ms: clock.now_ms });
            }
            WorkerEvent::Stopped => self.session = None,
            // An unresponsive worker goes on answering: the embedded network's gatekeeper takes it
            // back with the first new challenge it answers in time.
            WorkerEvent::BenchScore(_)
            | WorkerEvent::EnterUnresponsive
            | WorkerEvent::ExitUnresponsive => {}
        }
    }

    /// A benchmark ends with the block that completes its duration.
    pub(super) fn on_block_end(&mut self, clock: Clock) -> Option<Report> {
        let benchmark = self.benchmark.take_if(|benchmark| {
            clock.block.saturating_sub(benchmark.start_block) >= benchmark.duration
        })?;
        Some(Report::Benchmark {
            start_ms: benchmark.start_ms,
            iterations: clock.iterations_since(benchmark.start_ms),
        })
    }
}

impl Report {
    /// The message that carries the report, as this generation of pRuntime words it.
    pub(super) fn into_message(self, me: &WorkerPublicKey, mode: Mode) -> Message {
        let sender = MessageOrigin::Worker(*me);
        match self {
            Self::Benchmark { start_ms, iterations } => Message::new(
                sender,
                topic::REGISTRY_EVENT,
                &RegistryEvent::BenchReport { start_time: start_ms, iterations },
            ),
            Self::Heartbeat { session_id, block, now_ms, iterations } => {
                let event = match mode {
                    Mode::V0_2 => WorkingReportEvent::Heartbeat {
                        session_id,
                        challenge_block: block,
                        challenge_time: now_ms,
                        iterations,
                    },
                    Mode::V2 => WorkingReportEvent::HeartbeatV2 {
                        session_id,
                        challenge_block: block,
                        challenge_time: now_ms,
                        iterations,
                        n_clusters: 0,
                        n_contracts: 0,
                    },
                };
                Message::new(sender, topic::WORKING_REPORT, &event)
            }
        }
    }
}
