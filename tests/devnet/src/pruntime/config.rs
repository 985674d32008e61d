//! What a double is told at its start.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::call::Method;
use super::instance::Fault;

/// Which generation of pRuntime the double is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// 2.x: para headers from 0, genesis state proven by the first dispatch, version 2
    /// registration, fast sync, checkpoints.
    #[default]
    V2,
    /// 0.2.x: para headers from 1, genesis state never proven, version 1 registration, attestation
    /// right after init, fewer methods.
    V0_2,
}

impl Mode {
    /// The last version of the generation: major, minor, patch.
    pub fn last_version(self) -> (u32, u32, u32) {
        match self {
            Self::V2 => (2, 2, 1),
            Self::V0_2 => (0, 2, 7),
        }
    }
}

/// Which attestation the double's machine can make.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AttestationMethod {
    /// No enclave: only registration without a provider.
    #[default]
    None,
    /// A report of the shape Intel's attestation service signs.
    Epid,
    /// A quote of the shape data centre attestation makes.
    Dcap,
}

/// The settings of a double.
#[derive(Clone)]
pub struct DoubleConfig {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The generation to be.
    pub mode: Mode,
    /// Acknowledge without verifying nor storing: for tests of scale. Counters move by the numbers
    /// received alone.
    pub light: bool,
    /// How many independent workers answer at this address: worker `n` at the path prefix `/w/n`,
    /// worker 0 also without a prefix.
    pub workers: u32,
    /// What the machine can attest.
    pub attestation: AttestationMethod,
    /// Where the identity and the checkpoints are kept; without a folder they live as long as the
    /// double.
    pub data_dir: Option<PathBuf>,
    /// Makes the generated identity the same at each start; worker `n > 0` derives its own from it.
    pub key_seed: Option<[u8; 32]>,
    /// The key that the gatekeepers share; a registered worker that has it, and finds its public part
    /// on chain, is one of them.
    pub master_key_seed: Option<[u8; 32]>,
    /// A checkpoint each so many dispatched blocks; without it only on request.
    pub checkpoint_interval: Option<u32>,
    /// How long each dispatch takes at least.
    pub dispatch_delay: Duration,
    /// Dispatch near the tip in the background, refusing changes meanwhile.
    pub rcu: bool,
    /// The benchmark score to show, in iterations per six seconds.
    pub score: u32,
    /// What the double says it is: major, minor, patch; without it the last one of its generation.
    pub version: Option<(u32, u32, u32)>,
    /// Whether `POST /kick` ends the double.
    pub kick_api: bool,
    /// What every worker answers calls of these methods with from the start.
    pub faults: Vec<(Method, Fault)>,
}

impl std::fmt::Debug for DoubleConfig {
    /// Leaves the seeds of keys out.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DoubleConfig")
            .field("listen", &self.listen)
            .field("mode", &self.mode)
            .field("light", &self.light)
            .field("workers", &self.workers)
            .field("attestation", &self.attestation)
            .field("data_dir", &self.data_dir)
            .field("checkpoint_interval", &self.checkpoint_interval)
            .field("dispatch_delay", &self.dispatch_delay)
            .field("rcu", &self.rcu)
            .field("score", &self.score)
            .field("version", &self.version)
            .field("kick_api", &self.kick_api)
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}

impl Default for DoubleConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            mode: Mode::V2,
            light: false,
            workers: 1,
            attestation: AttestationMethod::None,
            data_dir: None,
            key_seed: None,
            master_key_seed: None,
            checkpoint_interval: None,
            dispatch_delay: Duration::ZERO,
            rcu: false,
            score: 2000,
            version: None,
            kick_api: false,
            faults: Vec::new(),
        }
    }
}
