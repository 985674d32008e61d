//! One script for what many ask for at the same time.
//!
//! Who asks alone is served at once. Who comes while a script is under way waits until it is
//! answered, and the next script does the jobs of all who waited: so Redis is busy with jobs
//! instead of scripts, and with more to do it does more at once.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use redis::{Arg, Cmd, ToRedisArgs};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::link::RETRY;
use super::scripts::Invocation;
use super::shared::Shared;
use crate::error::{Classify, ErrorClass};
use crate::queue::QueueError;

/// Most jobs in one script.
const MOST: usize = 256;
/// Most bytes of several jobs in one script: no program on the Redis should wait long for it.
const MOST_BYTES: usize = 1 << 20;
/// Most who wait for a script's end and are not yet heard.
const BACKLOG: usize = 1_024;

/// What a script does with each of its jobs.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// Adds it.
    Enqueue,
    /// Ends it, or puts it back.
    Finish,
}

/// What a script is told of one job, in one piece of memory.
#[derive(Default)]
pub(super) struct Part(Cmd);

impl Part {
    /// Adds an argument.
    pub(super) fn arg(mut self, argument: impl ToRedisArgs) -> Self {
        self.0.arg(argument);
        self
    }

    fn arguments(&self) -> impl Iterator<Item = &[u8]> {
        self.0.args_iter().filter_map(|argument| match argument {
            Arg::Simple(bytes) => Some(bytes),
            _ => None,
        })
    }

    fn bytes(&self) -> usize {
        self.arguments().map(<[u8]>::len).sum()
    }
}

/// Somebody's job.
struct Ask {
    part: Part,
    deadline: Instant,
    answer: oneshot::Sender<Result<i64, QueueError>>,
}

/// Where a step is asked for.
pub(super) struct Gather {
    asks: mpsc::Sender<Ask>,
    /// Who has it runs the script.
    turn: Arc<Mutex<()>>,
    step: Step,
}

/// Those who ask while a script is under way.
pub(super) struct Gathered {
    asks: mpsc::Receiver<Ask>,
    turn: Arc<Mutex<()>>,
    step: Step,
    waiting: VecDeque<Ask>,
}

impl Gather {
    pub(super) fn new(step: Step) -> (Self, Gathered) {
        let (sender, asks) = mpsc::channel(BACKLOG);
        let turn = Arc::new(Mutex::new(()));
        let gathered = Gathered { asks, turn: Arc::clone(&turn), step, waiting: VecDeque::new() };
        (Self { asks: sender, turn, step }, gathered)
    }

    /// The script's answer for one job, which may be done twice. A Redis that is away is waited
    /// for as long as the configured patience.
    pub(super) async fn ask(&self, shared: &Shared, part: Part) -> Result<i64, QueueError> {
        let deadline = Instant::now() + shared.config.patience;
        if let Ok(_turn) = self.turn.try_lock() {
            shared.awake.expect();
            // In memory of its own: most only wait, and have no use for its state.
            let answer = self.step.run(shared, [&part]).boxed().await;
            shared.awake.expect();
            match answer {
                Ok(answers) => return Ok(answers.first().copied().unwrap_or_default()),
                Err(error) if error.class() != ErrorClass::Transient => return Err(error),
                Err(_) => {}
            }
        }
        let (answer, wait) = oneshot::channel();
        let ask = Ask { part, deadline, answer };
        self.asks.send(ask).await.map_err(|_| QueueError::Closed)?;
        wait.await.map_err(|_| QueueError::Closed)?
    }
}

impl Gathered {
    /// Runs until the queue is closed; who has asked by then is served.
    pub(super) async fn run(mut self, shared: Arc<Shared>) {
        let mut failures = 0;
        while let Some(ask) = self.first(&shared.stop).await {
            self.waiting.push_front(ask);
            let turn = Arc::clone(&self.turn).lock_owned().await;
            let asks = self.next();
            let answers = self.step.run(&shared, asks.iter().map(|ask| &ask.part)).await;
            drop(turn);
            match answers {
                Ok(answers) => {
                    failures = 0;
                    answer(asks, &answers);
                }
                Err(error) => {
                    self.again(&shared.stop, asks, &error, RETRY.delay(failures)).await;
                    failures = failures.saturating_add(1);
                }
            }
        }
    }

    /// Lets those wait on who still may, if it can help, and tells the others.
    async fn again(
        &mut self,
        stop: &CancellationToken,
        asks: Vec<Ask>,
        error: &QueueError,
        pause: Duration,
    ) {
        let again = error.class() == ErrorClass::Transient && !stop.is_cancelled();
        let until = Instant::now() + pause;
        for ask in asks.into_iter().rev() {
            if again && ask.deadline >= until {
                self.waiting.push_front(ask);
            } else {
                // Who has gone needs no answer.
                let _ = ask.answer.send(Err(error.clone()));
            }
        }
        if again {
            stop.run_until_cancelled(tokio::time::sleep_until(until)).await;
        }
    }

    /// Who has waited longest.
    async fn first(&mut self, stop: &CancellationToken) -> Option<Ask> {
        if let Some(ask) = self.waiting.pop_front() {
            return Some(ask);
        }
        let asked = stop.run_until_cancelled(self.asks.recv()).await;
        asked.unwrap_or_else(|| {
            self.asks.close();
            self.asks.try_recv().ok()
        })
    }

    /// Those whose jobs go into the next script: at least one, unless all have gone.
    fn next(&mut self) -> Vec<Ask> {
        while self.waiting.len() < MOST
            && let Ok(ask) = self.asks.try_recv()
        {
            self.waiting.push_back(ask);
        }
        let (mut next, mut bytes) = (Vec::new(), 0);
        while let Some(ask) = self.waiting.pop_front() {
            bytes += ask.part.bytes();
            if !next.is_empty() && (next.len() == MOST || bytes > MOST_BYTES) {
                self.waiting.push_front(ask);
                break;
            }
            if !ask.answer.is_closed() {
                next.push(ask);
            }
        }
        next
    }
}

fn answer(asks: Vec<Ask>, answers: &[i64]) {
    for (ask, answer) in asks.into_iter().zip(answers) {
        // Who has gone needs no answer.
        let _ = ask.answer.send(Ok(*answer));
    }
}

impl Step {
    /// Does the step for all jobs or for none.
    async fn run<'a>(
        self,
        shared: &Shared,
        parts: impl IntoIterator<Item = &'a Part>,
    ) -> Result<Vec<i64>, QueueError> {
        let mut script = self.script(shared);
        let mut any = false;
        for argument in parts.into_iter().flat_map(Part::arguments) {
            script.arg(argument);
            any = true;
        }
        if any { shared.commands.script(&script).await } else { Ok(Vec::new()) }
    }

    fn script(self, shared: &Shared) -> Invocation<'_> {
        let config = &shared.config;
        match self {
            Self::Enqueue => {
                let mut script = shared.scripts.enqueue();
                script.arg(config.max_unfinished);
                script
            }
            Self::Finish => {
                let mut script = shared.scripts.finish();
                script.arg(&shared.owner).arg(config.keep_succeeded).arg(config.keep_failed);
                script
            }
        }
    }
}
