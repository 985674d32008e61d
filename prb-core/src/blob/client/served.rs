//! Who served what, so that it can be blamed.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use super::provider::Provider;
use crate::blob::BlobKey;

/// As many are remembered as a manager's cache may hold, about.
const REMEMBERED: usize = 4096;

#[derive(Default)]
pub(super) struct Served(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    by_key: HashMap<BlobKey, Arc<Provider>>,
    order: VecDeque<BlobKey>,
}

impl Served {
    pub(super) fn remember(&self, key: BlobKey, provider: &Arc<Provider>) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.by_key.insert(key, provider.clone()).is_none() {
            inner.order.push_back(key);
        }
        if inner.order.len() > REMEMBERED
            && let Some(oldest) = inner.order.pop_front()
        {
            inner.by_key.remove(&oldest);
        }
    }

    /// Who is to blame, once: many may complain of the same.
    pub(super) fn take(&self, key: BlobKey) -> Option<Arc<Provider>> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let provider = inner.by_key.remove(&key)?;
        inner.order.retain(|known| *known != key);
        Some(provider)
    }
}
