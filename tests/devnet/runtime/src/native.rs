//! A runtime as an engine sees it.

use sp_version::RuntimeVersion;

/// A runtime compiled into this binary: its version, and its entry points by name.
///
/// A value, so that an engine can hold one per chain and exchange it at a block for an upgrade.
#[derive(Clone)]
pub struct NativeRuntime {
    /// What `Core_version` answers.
    pub version: RuntimeVersion,
    /// Calls the entry point `method` (for example `Core_initialize_block`) with SCALE-encoded
    /// arguments and gives its SCALE-encoded answer; `None` if there is no such method.
    ///
    /// Must run within externalities (`sp_externalities::set_and_run_with_externalities`). Panics
    /// where a wasm runtime would trap, undecodable arguments included.
    pub dispatch: fn(method: &str, arguments: &[u8]) -> Option<Vec<u8>>,
}

impl std::fmt::Debug for NativeRuntime {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("NativeRuntime")
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}
