//! One manager for each worker's key, among those that share a queue.
//!
//! Without its lease a worker is fed, and nothing is sent for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::queue::WorkerKey;

mod book;
mod keeper;

pub(crate) use book::TTL;
pub(crate) use keeper::Keeper;
pub use keeper::NoLeases;

use book::Book;

/// The leases of a manager.
pub(crate) struct Leases {
    book: Mutex<Book>,
    origin: Instant,
    /// There is something to ask for.
    asked: Notify,
}

impl Leases {
    pub(crate) fn new() -> Arc<Self> {
        let (book, origin, asked) = (Mutex::default(), Instant::now(), Notify::new());
        Arc::new(Self { book, origin, asked })
    }

    /// Asks for a lease, until it is [given back](Leases::give_back).
    pub(crate) fn want(&self, key: WorkerKey) {
        self.book().want(key);
        self.asked.notify_one();
    }

    pub(crate) fn give_back(&self, key: WorkerKey) {
        self.book().give_back(key);
    }

    /// Whether something may be sent for the worker now; else why not, for a person.
    pub(crate) fn check(&self, key: &WorkerKey) -> Result<(), String> {
        self.book().check(key, self.now())
    }

    fn now(&self) -> u64 {
        self.origin.elapsed().as_millis() as u64
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
