//! Moves jobs from the waiting to the active ones for those who want one.
//!
//! While jobs wait, one script takes as many as are wanted. While none does, a blocking move waits
//! for the next on a connection of its own.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until, timeout};

use super::link::RETRY;
use super::scripts::Invocation;
use super::shared::Shared;
use crate::queue::QueueError;
use crate::queue::job::JobId;

mod blocking;

pub(super) use blocking::{BLOCK, BLOCK_MARGIN};
use blocking::{Moved, blocking_move};

/// Most jobs taken in one step.
const MOST: usize = 256;
/// Most jobs taken by the script that follows a blocking move; mostly there is one, and to count all
/// who want one takes longer than the job. If it took as many, the next step takes the others.
const FEW: usize = 64;
/// Most who want a job and are not yet heard.
const BACKLOG: usize = 1_024;

/// A job taken from the queue, that goes back if nobody takes it up.
pub(super) struct Claimed {
    pub(super) id: JobId,
    /// The job, empty if it is too large.
    pub(super) entry: Vec<u8>,
    /// Its size.
    pub(super) bytes: usize,
    unclaimed: Option<mpsc::Sender<JobId>>,
}

impl Claimed {
    /// From now on somebody answers for the job.
    pub(super) fn take_up(&mut self) {
        self.unclaimed = None;
    }
}

impl Drop for Claimed {
    fn drop(&mut self) {
        if let Some(unclaimed) = &self.unclaimed {
            // If there is no room the job is found to be stalled.
            let _ = unclaimed.try_send(self.id.clone());
        }
    }
}

type Answer = Result<Option<Claimed>, QueueError>;

/// Somebody wants a job.
struct Wish {
    deadline: Instant,
    answer: oneshot::Sender<Answer>,
}

/// Where jobs are asked for.
#[derive(Clone)]
pub(super) struct Wishes(mpsc::Sender<Wish>);

impl Wishes {
    /// A job, or none within `wait`.
    pub(super) async fn job(&self, deadline: Instant) -> Answer {
        let (answer, wait) = oneshot::channel();
        let closed = |_| QueueError::Closed;
        self.0.send(Wish { deadline, answer }).await.map_err(|_| QueueError::Closed)?;
        wait.await.map_err(closed)?
    }
}

/// A job: its id, itself, its size.
type Row = (String, Vec<u8>, usize);

/// What the script that claims jobs answers: milliseconds until the next delayed one is due or -1,
/// and the jobs.
type Found = (i64, Vec<Row>);

/// What one step of taking brought.
struct Taken {
    next_due: Option<Instant>,
    jobs: Vec<Row>,
}

impl Taken {
    fn new((until_due, jobs): Found) -> Self {
        let until_due = u64::try_from(until_due).ok();
        let next_due = until_due.map(|ms| Instant::now() + Duration::from_millis(ms + 1));
        Self { next_due, jobs }
    }
}

pub(super) struct Mover {
    shared: Arc<Shared>,
    wishes: mpsc::Receiver<Wish>,
    unclaimed: (mpsc::Sender<JobId>, mpsc::Receiver<JobId>),
    /// Those who were told that there is no job yet.
    waiting: VecDeque<Wish>,
    /// The blocking move.
    moving: Option<BoxFuture<'static, Moved>>,
    /// Waiting jobs were last looked for.
    looked: Instant,
    /// Nobody's wait ends before.
    first_deadline: Option<Instant>,
    /// It is not tried before; it failed.
    not_before: Instant,
    failures: u32,
    next_due: Option<Instant>,
}

impl Mover {
    pub(super) fn new(shared: Arc<Shared>) -> (Self, Wishes) {
        let (sender, wishes) = mpsc::channel(BACKLOG);
        let mover = Self {
            shared,
            wishes,
            unclaimed: mpsc::channel(BACKLOG),
            waiting: VecDeque::new(),
            moving: None,
            looked: Instant::now(),
            first_deadline: None,
            not_before: Instant::now(),
            failures: 0,
            next_due: None,
        };
        (mover, Wishes(sender))
    }

    /// Runs until the queue is closed.
    pub(super) async fn run(mut self) {
        let stop = self.shared.stop.clone();
        let mut look = false;
        while !stop.is_cancelled() {
            if look {
                self.satisfy().await;
            }
            self.dismiss();
            look = self.wait_for_news().await;
        }
        self.close().await;
    }

    /// Takes jobs for those who wait until there are no more of either.
    async fn satisfy(&mut self) {
        loop {
            let wanted = self.wanted(MOST);
            if wanted == 0 {
                return;
            }
            match take(&self.shared, wanted).await {
                Ok(taken) => {
                    let all = taken.jobs.len() < wanted;
                    self.bring(taken);
                    if all {
                        return;
                    }
                }
                Err(error) => {
                    for wish in self.waiting.drain(..) {
                        // Who has gone needs no answer.
                        let _ = wish.answer.send(Err(error.clone()));
                    }
                    return;
                }
            }
        }
    }

    /// How many jobs are wanted, counted up to `most`.
    fn wanted(&mut self, most: usize) -> usize {
        let still = |wish: &&Wish| !wish.answer.is_closed();
        let wanted = self.waiting.iter().rev().filter(still).take(most).count();
        if wanted == 0 {
            self.waiting.clear();
        }
        wanted
    }

    fn bring(&mut self, taken: Taken) {
        self.looked = Instant::now();
        self.next_due = taken.next_due;
        self.hand_out(taken.jobs);
    }

    fn hand_out(&mut self, jobs: Vec<Row>) {
        for (id, entry, bytes) in jobs {
            let unclaimed = Some(self.unclaimed.0.clone());
            let mut offer = Ok(Some(Claimed { id: JobId(id), entry, bytes, unclaimed }));
            // Who has asked last still has all it needs at hand.
            while let Some(wish) = self.waiting.pop_back() {
                match wish.answer.send(offer) {
                    Ok(()) => break,
                    Err(refused) => offer = refused,
                }
            }
        }
    }

    /// Lets go of those who have waited long enough.
    fn dismiss(&mut self) {
        let now = Instant::now();
        if self.first_deadline.is_none_or(|first| first > now) {
            return;
        }
        for wish in std::mem::take(&mut self.waiting) {
            if wish.deadline <= now {
                let _ = wish.answer.send(Ok(None));
            } else {
                self.waiting.push_back(wish);
            }
        }
        self.first_deadline = self.waiting.iter().map(|wish| wish.deadline).min();
    }

    /// Takes in who wants a job; whether jobs should be looked for.
    ///
    /// While a blocking move waits there are none, or it would have ended. But its connection may
    /// be dead, and who does not wait wants to know now.
    fn wish(&mut self, wish: Wish) -> bool {
        let now = Instant::now();
        let look = self.moving.is_none() || wish.deadline <= now || now >= self.looked + BLOCK;
        let first = self.first_deadline.map_or(wish.deadline, |first| first.min(wish.deadline));
        self.first_deadline = Some(first);
        self.waiting.push_back(wish);
        look
    }

    /// Waits until something happens; whether jobs should be looked for then.
    async fn wait_for_news(&mut self) -> bool {
        let wanted = self.wanted(FEW);
        if wanted == 0 {
            self.next_due = None;
        } else if self.moving.is_none() && Instant::now() >= self.not_before {
            // Who was given a job goes first, and may have ended it by then.
            yield_now().await;
            self.moving = Some(blocking_move(Arc::clone(&self.shared), wanted));
        }
        let deadline = self.first_deadline.filter(|_| !self.waiting.is_empty());
        let again = (self.moving.is_none() && deadline.is_some()).then_some(self.not_before);
        let look_at = self.next_due.into_iter().chain(again).min();
        let shared = Arc::clone(&self.shared);
        tokio::select! {
            () = shared.stop.cancelled() => false,
            Some(wish) = self.wishes.recv() => {
                let mut look = self.wish(wish);
                while let Ok(wish) = self.wishes.try_recv() {
                    look |= self.wish(wish);
                }
                look
            }
            moved = next(&mut self.moving) => {
                self.moving = None;
                if let Ok((taken, refused)) = moved {
                    let more = taken.jobs.len() >= FEW;
                    self.bring(taken);
                    if refused.is_none() {
                        self.failures = 0;
                        return more;
                    }
                }
                // It is said by the connection.
                self.not_before = Instant::now() + RETRY.delay(self.failures);
                self.failures = self.failures.saturating_add(1);
                true
            }
            Some(id) = self.unclaimed.1.recv() => {
                self.release(&id).await;
                false
            }
            () = shared.earlier.notified() => true,
            () = until(look_at) => true,
            () = until(deadline) => false,
        }
    }

    async fn release(&mut self, id: &JobId) {
        let mut script = self.shared.scripts.release();
        script.arg(&self.shared.owner).arg(&id.0).arg(0);
        // If it fails the job is found to be stalled.
        let _: Result<i64, _> = self.shared.commands.script(&script).await;
    }

    /// A blocking move cannot be called off without losing what it may bring.
    async fn close(mut self) {
        if let Some(moving) = self.moving.take()
            && let Ok(Ok((taken, _))) = timeout(BLOCK + BLOCK_MARGIN, moving).await
        {
            self.waiting.clear();
            self.hand_out(taken.jobs);
        }
        self.wishes.close();
        self.waiting.clear();
        while let Ok(id) = self.unclaimed.1.try_recv() {
            self.release(&id).await;
        }
    }
}

/// Claims as many jobs as are wanted, if there are.
async fn take(shared: &Shared, most: usize) -> Result<Taken, QueueError> {
    shared.commands.script(&taking(shared, most)).await.map(Taken::new)
}

fn taking(shared: &Shared, most: usize) -> Invocation<'_> {
    let mut script = shared.scripts.take();
    script.arg(&shared.owner).arg(most).arg(shared.max_entry_bytes());
    script
}

async fn next(moving: &mut Option<BoxFuture<'static, Moved>>) -> Moved {
    match moving {
        Some(moving) => moving.await,
        None => std::future::pending().await,
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
