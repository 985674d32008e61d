//! What was tried for one get.

use std::sync::Arc;

use tokio::time::Instant;

use super::failure::Failure;
use super::provider::Provider;
use crate::blob::{BlobKey, BlobRequest};

/// What a get came to so far.
pub(super) struct Tries {
    pub(super) key: BlobKey,
    /// Until then what does not exist yet is waited for.
    pub(super) until: Instant,
    pub(super) asked: Vec<Arc<Provider>>,
    /// Somebody said that there is nothing.
    pub(super) missing: bool,
    pub(super) failure: Option<(Arc<Provider>, Failure)>,
}

impl Tries {
    pub(super) fn new(key: BlobKey, until: Instant) -> Self {
        Self { key, until, asked: Vec::new(), missing: false, failure: None }
    }

    pub(super) fn was_asked(&self, provider: &Arc<Provider>) -> bool {
        self.asked.iter().any(|asked| Arc::ptr_eq(asked, provider))
    }

    /// For the rest of the time to wait.
    pub(super) fn request(&self) -> BlobRequest {
        let wait = self.until.saturating_duration_since(Instant::now());
        BlobRequest::Get { key: self.key, wait }
    }
}
