//! One worker behind the server: its pRuntime, what it keeps, and the faults set on it.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};
use tokio_util::task::TaskTracker;

use super::call::{Answer, Method, Refusal, Request};
use super::phactory::{Phactory, RCU_IN_PROGRESS, RestoreError, Settings};
use super::store::{Store, StoreError};

/// A worker that answers calls, one change at a time.
pub(crate) struct Instance {
    settings: Settings,
    rcu: bool,
    phactory: Arc<AsyncMutex<Phactory>>,
    store: Mutex<Store>,
    faults: Faults,
    tasks: TaskTracker,
}

/// What is answered in place of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing, while the connection stays open.
    Silence,
    /// An error of the application, in these words.
    Refusal(String),
    /// None: the process ends.
    End,
    /// A body with an HTTP status, whatever they mean.
    Raw(u16, Vec<u8>),
}

/// Faults that tests switch on.
#[derive(Debug, Default)]
struct Faults {
    /// How many changing calls are still to be refused as during a background dispatch.
    refusals: AtomicU32,
    /// What is answered in place of answers, by method, for as long as it is set.
    answers: Mutex<Vec<(Method, Fault)>>,
    /// How long a dispatch takes at least, ms.
    dispatch_delay: AtomicU64,
}

/// A double cannot go on from what it has kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResumeError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Restore(#[from] RestoreError),
}

impl Instance {
    /// A worker as it starts: from its newest checkpoint, or fresh.
    pub(crate) fn start(
        settings: Settings,
        rcu: bool,
        store: Store,
        tasks: TaskTracker,
    ) -> Result<Self, ResumeError> {
        let phactory = resume(&settings, &store)?;
        Ok(Self {
            settings,
            rcu,
            phactory: Arc::new(AsyncMutex::new(phactory)),
            store: Mutex::new(store),
            faults: Faults::default(),
            tasks,
        })
    }

    /// Refuses the next `count` changing calls as during a background dispatch.
    pub(crate) fn refuse_next(&self, count: u32) {
        self.faults.refusals.store(count, Ordering::Relaxed);
    }

    /// Answers calls of a method so from now on, or again as it should.
    pub(crate) fn answer_with(&self, method: Method, fault: Option<Fault>) {
        let mut answers = self.fault_answers();
        answers.retain(|(faulty, _)| *faulty != method);
        answers.extend(fault.map(|fault| (method, fault)));
    }

    /// What is to be answered in place of an answer.
    pub(crate) fn fault(&self, method: Method) -> Option<Fault> {
        let answers = self.fault_answers();
        answers.iter().find(|(faulty, _)| *faulty == method).map(|(_, fault)| fault.clone())
    }

    fn fault_answers(&self) -> std::sync::MutexGuard<'_, Vec<(Method, Fault)>> {
        // It has no state between its changes that a panic could have broken.
        self.faults.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes each dispatch from now on take at least this long.
    pub(crate) fn delay_dispatch(&self, delay: Duration) {
        let ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        self.faults.dispatch_delay.store(ms, Ordering::Relaxed);
    }

    /// Replaces the running pRuntime by one that starts from what was kept.
    pub(crate) async fn restart(&self) -> Result<(), ResumeError> {
        let mut phactory = self.phactory.lock().await;
        *phactory = resume(&self.settings, &self.store())?;
        Ok(())
    }

    /// Looks at the pRuntime as a short read does.
    pub(crate) async fn read<T>(&self, look: impl FnOnce(&Phactory) -> T) -> T {
        look(&*self.phactory.lock().await)
    }

    /// Answers one request. Once begun, a change is finished even if nobody waits for it.
    pub(crate) async fn call(self: &Arc<Self>, request: Request) -> Result<Answer, Refusal> {
        if request.method().changes_state() && self.refuses() {
            return Err(Refusal::application(RCU_IN_PROGRESS));
        }
        let delay = self.dispatch_delay();
        let instance = Arc::clone(self);
        match request.method() {
            Method::GetInfo | Method::Echo | Method::GetEgressMessages => {
                self.phactory.lock().await.call(request, now_ms())
            }
            // Without verification there is nothing that a serving thread has no time for.
            _ if self.settings.light && delay.is_zero() => {
                let mut phactory = self.phactory.lock().await;
                let result = phactory.call(request, now_ms());
                self.keep(&mut phactory)?;
                result
            }
            Method::DispatchBlocks => {
                join(self.tasks.spawn(async move { instance.dispatch(request, delay).await })).await
            }
            _ => self.change(move |phactory| phactory.call(request, now_ms())).await,
        }
    }

    /// Makes a change, and what it wants kept, off the threads that serve.
    pub(crate) async fn change<T: Send + 'static>(
        self: &Arc<Self>,
        change: impl FnOnce(&mut Phactory) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let instance = Arc::clone(self);
        join(self.tasks.spawn(async move {
            let phactory = Arc::clone(&instance.phactory).lock_owned().await;
            instance.change_locked(phactory, change).await
        }))
        .await
    }

    async fn change_locked<T: Send + 'static>(
        self: Arc<Self>,
        mut phactory: OwnedMutexGuard<Phactory>,
        change: impl FnOnce(&mut Phactory) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        join(self.tasks.clone().spawn_blocking(move || {
            let result = change(&mut phactory);
            self.keep(&mut phactory)?;
            result
        }))
        .await
    }

    /// Dispatches in place, or on a copy while the original refuses changes and shows the old
    /// state.
    async fn dispatch(
        self: Arc<Self>,
        request: Request,
        delay: Duration,
    ) -> Result<Answer, Refusal> {
        let mut phactory = Arc::clone(&self.phactory).lock_owned().await;
        let copy = if self.rcu { phactory.begin_rcu()? } else { None };
        let Some(mut copy) = copy else {
            tokio::time::sleep(delay).await;
            return self
                .change_locked(phactory, move |phactory| phactory.call(request, now_ms()))
                .await;
        };
        drop(phactory);
        tokio::time::sleep(delay).await;
        let tasks = self.tasks.clone();
        join(tasks.spawn_blocking(move || {
            let result = copy.call(request, now_ms());
            // Also a failed dispatch has made progress up to the failing block.
            let mut original = self.phactory.blocking_lock();
            *original = copy;
            self.keep(&mut original)?;
            result
        }))
        .await
    }

    fn dispatch_delay(&self) -> Duration {
        Duration::from_millis(self.faults.dispatch_delay.load(Ordering::Relaxed))
    }

    fn keep(&self, phactory: &mut Phactory) -> Result<(), Refusal> {
        let mut store = self.store();
        for effect in phactory.take_effects() {
            store.keep(effect).map_err(|error| Refusal::application(&error))?;
        }
        Ok(())
    }

    fn store(&self) -> std::sync::MutexGuard<'_, Store> {
        // A store has no state between calls that a panic could have broken.
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refuses(&self) -> bool {
        self.faults
            .refusals
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
            .is_ok()
    }
}

fn resume(settings: &Settings, store: &Store) -> Result<Phactory, ResumeError> {
    let sealed = store.identity()?;
    Ok(match store.newest_checkpoint()? {
        Some(checkpoint) => Phactory::restore(settings.clone(), sealed, &checkpoint)?,
        None => Phactory::new(settings.clone(), sealed),
    })
}

/// A call that panics ends a pRuntime.
async fn join<T>(task: tokio::task::JoinHandle<Result<T, Refusal>>) -> Result<T, Refusal> {
    task.await.unwrap_or_else(|error| Err(Refusal::Abort(error.to_string())))
}

/// Wall clock, ms since 1970.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
