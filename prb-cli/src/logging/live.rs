//! What is logged, changed while the process runs.

use std::sync::{Mutex, OnceLock, PoisonError};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::reload::Handle;

use crate::Failure;

/// Puts another filter in place of the one there is.
type Set = dyn Fn(EnvFilter) -> Result<(), String> + Send + Sync;

struct Live {
    /// As it was given.
    level: Mutex<String>,
    set: Box<Set>,
}

static LIVE: OnceLock<Live> = OnceLock::new();

/// Logging has begun with `level`, which is changed by `handle`.
pub(super) fn begin<S: Send + Sync + 'static>(level: &str, handle: Handle<EnvFilter, S>) {
    let set = move |filter| handle.reload(filter).map_err(|error| error.to_string());
    // A second beginning is refused elsewhere.
    let _ = LIVE.set(Live { level: Mutex::new(level.to_owned()), set: Box::new(set) });
}

/// Logs this level, or by these directives, from now on; else says why not.
pub(crate) fn change(level: &str) -> Result<(), String> {
    let filter = super::filter(level).map_err(|failure| match failure {
        Failure::Usage(reason) => reason,
        _ => "it is no level".to_owned(),
    })?;
    let live = LIVE.get().ok_or("nothing is logged")?;
    (live.set)(filter)?;
    level.clone_into(&mut live.level.lock().unwrap_or_else(PoisonError::into_inner));
    tracing::info!(level, "the log was changed");
    Ok(())
}

/// What is logged, as it was given; empty before logging begins.
pub(crate) fn level() -> String {
    let level = LIVE.get().map(|live| live.level.lock().unwrap_or_else(PoisonError::into_inner));
    level.map_or_else(String::new, |level| level.clone())
}
