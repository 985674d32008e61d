//! The part of the parachain's state that concerns our workers, kept for all of them together.
//!
//! It is read once at a finalized block, and from there on follows each block's own storage
//! changes, which are at hand for the workers anyway. So the chain's nodes are asked as much for
//! one worker as for a thousand: only a key that nobody asked for before is read, at the block
//! where the view stands.

use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::{mpsc, oneshot, watch};

use crate::error::{Classify, ErrorClass};

mod follow;
mod keys;
mod subject;
mod values;

pub(crate) use follow::Follower;
pub(crate) use subject::{Subject, first_known, ingress, seen, session_info};
pub(crate) use values::Values;

use self::values::{Key, Unreadable};

/// Rounds of reading keys whose names stand in values read before. A worker takes three.
const MAX_ROUNDS: usize = 6;

/// Most readers that wait for keys.
const MAX_WAITING: usize = 1024;

/// The view, shared by all who read it.
pub(crate) struct ChainView {
    values: RwLock<Option<Values>>,
    /// The block it stands at.
    moved: watch::Sender<Option<u32>>,
    wanted: mpsc::Sender<WantedKeys>,
}

/// Keys to be added to the view, and whom to tell.
struct WantedKeys {
    keys: Vec<Key>,
    done: oneshot::Sender<Result<(), String>>,
}

/// Why the chain's state cannot be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ViewError {
    /// It was not read yet.
    #[error("the parachain's state was not read yet")]
    NotReady,
    /// A node refused, or cannot be reached.
    #[error("the parachain's state cannot be read: {reason}")]
    Chain {
        /// What the chain client said.
        reason: String,
    },
    /// A value is not laid out as it should be.
    #[error("storage value {item} on chain is not understood")]
    Malformed {
        /// `Pallet.Item`.
        item: &'static str,
    },
    /// It is not followed any more.
    #[error("the bridge is stopping")]
    Stopping,
}

impl Classify for ViewError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Malformed { .. } => ErrorClass::Operator,
            _ => ErrorClass::Transient,
        }
    }
}

impl ChainView {
    /// An empty view, and what its follower needs.
    pub(crate) fn new() -> (Arc<Self>, Wants) {
        let (wanted, wants) = mpsc::channel(MAX_WAITING);
        let view = Self { values: RwLock::new(None), moved: watch::Sender::new(None), wanted };
        (Arc::new(view), Wants(wants))
    }

    /// The block it stands at, and when that changes.
    pub(crate) fn moved(&self) -> watch::Receiver<Option<u32>> {
        self.moved.subscribe()
    }

    /// What `read` finds, all of it at one block. Keys that are not in the view yet are read from
    /// the chain first.
    pub(crate) async fn look<T>(
        &self,
        read: impl Fn(&Values) -> Result<T, Unreadable>,
    ) -> Result<T, ViewError> {
        for _ in 0..MAX_ROUNDS {
            match self.peek(&read)? {
                Ok(found) => return Ok(found),
                Err(Unreadable::Malformed(item)) => return Err(ViewError::Malformed { item }),
                Err(Unreadable::Missing(keys)) => self.add(keys).await?,
            }
        }
        Err(ViewError::Chain { reason: "the keys asked for change all the time".to_owned() })
    }

    /// What `read` finds without asking the chain.
    pub(crate) fn peek<T>(
        &self,
        read: impl Fn(&Values) -> Result<T, Unreadable>,
    ) -> Result<Result<T, Unreadable>, ViewError> {
        let values = self.values.read().unwrap_or_else(PoisonError::into_inner);
        values.as_ref().map(read).ok_or(ViewError::NotReady)
    }

    async fn add(&self, keys: Vec<Key>) -> Result<(), ViewError> {
        let (done, answer) = oneshot::channel();
        let wanted = WantedKeys { keys, done };
        self.wanted.send(wanted).await.map_err(|_| ViewError::Stopping)?;
        match answer.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(reason)) => Err(ViewError::Chain { reason }),
            Err(_) => Err(ViewError::Stopping),
        }
    }

    fn replace(&self, values: Values) {
        let number = values.number();
        *self.values.write().unwrap_or_else(PoisonError::into_inner) = Some(values);
        self.moved.send_replace(Some(number));
    }

    fn change<T>(&self, change: impl FnOnce(&mut Values) -> T) -> Option<T> {
        let mut values = self.values.write().unwrap_or_else(PoisonError::into_inner);
        let values = values.as_mut()?;
        let before = values.number();
        let result = change(values);
        if values.number() != before {
            self.moved.send_replace(Some(values.number()));
        }
        Some(result)
    }
}

/// The follower's end of a view.
pub(crate) struct Wants(mpsc::Receiver<WantedKeys>);
