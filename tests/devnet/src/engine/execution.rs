//! Calling a native runtime against a state.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use sp_externalities::set_and_run_with_externalities;
use sp_runtime::traits::BlakeTwo256;
use sp_state_machine::backend::BackendTransaction;
use sp_state_machine::{Ext, OverlayedChanges};

use super::archive::State;
use super::changes::StorageChanges;
use super::{Hash, NativeRuntime};

/// Why a runtime call gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExecutionError {
    /// The runtime has no such API method.
    #[error("Exported method {0} is not found")]
    UnknownMethod(String),
    /// The runtime panicked: undecodable arguments, or a block that breaks a rule.
    #[error("Execution aborted: {method} panicked: {message}")]
    Panicked {
        /// The runtime API method called.
        method: String,
        /// What the runtime said.
        message: String,
    },
    /// The written state could not be hashed.
    #[error("State could not be written: {0}")]
    State(String),
}

/// A sequence of calls that see each other's writes.
///
/// Externalities live in a thread-local, so an execution belongs on one blocking thread.
pub struct Execution<'a> {
    runtime: &'a NativeRuntime,
    state: State,
    overlay: OverlayedChanges<BlakeTwo256>,
}

/// What an execution wrote.
pub struct Written {
    /// The changes in the field's layout.
    pub changes: StorageChanges,
    /// New trie nodes for the archive.
    pub transaction: BackendTransaction<BlakeTwo256>,
    /// Root of the state with the changes applied.
    pub root: Hash,
}

impl<'a> Execution<'a> {
    /// Starts on top of `state`, which is never changed itself.
    pub fn new(runtime: &'a NativeRuntime, state: State) -> Self {
        Self { runtime, state, overlay: OverlayedChanges::default() }
    }

    /// Calls one runtime API method with SCALE arguments and returns its SCALE answer.
    pub fn call(&mut self, method: &str, arguments: &[u8]) -> Result<Vec<u8>, ExecutionError> {
        let depth = self.overlay.transaction_depth();
        let mut externalities = Ext::new(&mut self.overlay, &self.state, None);
        let dispatch = self.runtime.dispatch;
        let answer = catch_unwind(AssertUnwindSafe(|| {
            set_and_run_with_externalities(&mut externalities, || dispatch(method, arguments))
        }));
        match answer {
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => Err(ExecutionError::UnknownMethod(method.to_owned())),
            Err(panic) => {
                // Storage layers the panic left open would swallow all later writes.
                while self.overlay.transaction_depth() > depth {
                    let _ = self.overlay.rollback_transaction();
                }
                let message = panic_message(&*panic);
                Err(ExecutionError::Panicked { method: method.to_owned(), message })
            }
        }
    }

    /// Runs `body` and keeps its writes only when `keep` says so of its result.
    pub fn transactional<T>(
        &mut self,
        body: impl FnOnce(&mut Self) -> T,
        keep: impl FnOnce(&T) -> bool,
    ) -> T {
        self.overlay.start_transaction();
        let result = body(self);
        let closed = if keep(&result) {
            self.overlay.commit_transaction()
        } else {
            self.overlay.rollback_transaction()
        };
        debug_assert!(closed.is_ok(), "the transaction was opened above");
        result
    }

    /// Ends the execution and returns what it wrote.
    pub fn finish(mut self) -> Result<Written, ExecutionError> {
        let version = self.runtime.version.state_version();
        let drained = self
            .overlay
            .drain_storage_changes(&self.state, version)
            .map_err(ExecutionError::State)?;
        Ok(Written {
            changes: StorageChanges {
                main_storage_changes: drained.main_storage_changes,
                child_storage_changes: drained.child_storage_changes,
            },
            transaction: drained.transaction,
            root: drained.transaction_storage_root,
        })
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}
