//! Who may call what.
//!
//! Some methods are everybody's, some read what operators keep to themselves (endpoints,
//! accounts), and all others change something. By default the latter two need a grant, which
//! belongs to a peer id: it proved the shared key ([`psk`]) or is on the white list. Over gRPC a
//! bearer [`token`] takes the grant's place.

use std::collections::HashSet;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use libp2p::PeerId;
use thiserror::Error;
use tonic::Status;

use crate::proto::{AuthRequest, AuthStatus, AuthType};

mod caller;
mod limiter;
pub mod psk;
mod secret_file;
pub mod token;

pub use caller::Caller;
pub use limiter::Limiter;
use psk::PreSharedKey;
pub use secret_file::{SecretFileError, read as read_secret};

/// Peers that proved the shared key are forgotten, the longest ago first, above this many. They
/// prove it again when they are refused.
const MOST_GRANTS: usize = 4096;

/// What a method gives to its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Nothing worth keeping: who a service is, and public chain data.
    Everybody,
    /// What operators keep to themselves.
    Read,
    /// A change. Any method that is not known to be less is this.
    Write,
}

impl Class {
    /// The class of the method called `name`.
    pub fn of(name: &str) -> Self {
        match name {
            "Hello" | "Auth" | "GetDataProviderInfo" | "GetBlobByKey" => Self::Everybody,
            "ListPool" | "ListWorker" | "ListWorkerMessage" | "GetWorkerStatus"
            | "ExplainWorker" | "WatchWorkerStatus" | "GetTraderStatus" => Self::Read,
            _ => Self::Write,
        }
    }
}

/// What callers without a grant may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Only what is everybody's.
    #[default]
    Closed,
    /// Also read.
    Read,
    /// Everything. For networks where nobody else is.
    Open,
}

/// The text is no access mode.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{0:?} is not one of closed, read, open")]
pub struct UnknownMode(String);

impl FromStr for Mode {
    type Err = UnknownMode;

    fn from_str(text: &str) -> Result<Self, UnknownMode> {
        match text {
            "closed" => Ok(Self::Closed),
            "read" => Ok(Self::Read),
            "open" => Ok(Self::Open),
            other => Err(UnknownMode(other.to_owned())),
        }
    }
}

/// Whether a caller may call a method of this class.
pub fn allows(mode: Mode, class: Class, granted: bool) -> bool {
    granted
        || match class {
            Class::Everybody => true,
            Class::Read => mode != Mode::Closed,
            Class::Write => mode == Mode::Open,
        }
}

/// What the operator decided.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// What callers without a grant may do.
    pub mode: Mode,
    /// Peers that need to prove nothing.
    pub white_list: Vec<PeerId>,
    /// The key that peers prove to know; without one nobody can.
    pub psk: Option<PreSharedKey>,
}

/// The gate every call passes, on either transport.
#[derive(Debug)]
pub(crate) struct Gate {
    own: PeerId,
    mode: Mode,
    white_list: HashSet<PeerId>,
    psk: Option<PreSharedKey>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// In the order they were granted.
    granted: Vec<PeerId>,
    attempts: Limiter,
}

impl Gate {
    pub(crate) fn new(own: PeerId, config: Config) -> Self {
        if config.mode == Mode::Open {
            tracing::warn!("access is open: everybody who reaches this service may change it");
        }
        let Config { mode, white_list, psk } = config;
        let white_list = white_list.into_iter().collect();
        Self { own, mode, white_list, psk, state: Mutex::default() }
    }

    /// Lets the call through or says why not.
    pub(crate) fn check(&self, caller: &Caller, method: &str) -> Result<(), Status> {
        if allows(self.mode, Class::of(method), self.is_granted(caller)) {
            return Ok(());
        }
        tracing::warn!(%caller, method, "refused a call without a grant");
        let needs = match caller {
            Caller::Peer { .. } => "a grant: prove the shared key, or be on the white list",
            Caller::Grpc { .. } => "a grant: send the bearer token",
        };
        Err(Status::permission_denied(format!("{method} needs {needs}.")))
    }

    /// What a peer is told in the answer to its Hello.
    pub(crate) fn status(&self, caller: &Caller) -> AuthStatus {
        if self.is_granted(caller) {
            AuthStatus::AsGranted
        } else if self.mode == Mode::Open {
            AuthStatus::AsNone
        } else {
            AuthStatus::AsNeedAuth
        }
    }

    /// Answers an `Auth` call.
    pub(crate) fn authenticate(
        &self,
        caller: &Caller,
        request: &AuthRequest,
        now: Instant,
    ) -> AuthStatus {
        let Caller::Peer { id, host } = caller else { return AuthStatus::AsRejected };
        if self.is_granted(caller) {
            return AuthStatus::AsGranted;
        }
        let (Some(psk), AuthType::AtPsk) = (&self.psk, request.r#type()) else {
            return AuthStatus::AsRejected;
        };
        let mut state = self.state();
        if !state.attempts.may_try(*host, now) {
            tracing::warn!(%caller, "too many wrong proofs of the shared key");
            return AuthStatus::AsBlocked;
        }
        if psk.verify(id, &self.own, &request.auth_string) {
            if state.granted.len() == MOST_GRANTS {
                state.granted.remove(0);
            }
            state.granted.push(*id);
            tracing::info!(%caller, "granted: it knows the shared key");
            return AuthStatus::AsGranted;
        }
        state.attempts.failed(*host, now);
        tracing::warn!(%caller, "refused a wrong proof of the shared key");
        AuthStatus::AsRejected
    }

    fn is_granted(&self, caller: &Caller) -> bool {
        match caller {
            Caller::Peer { id, .. } => {
                self.white_list.contains(id) || self.state().granted.contains(id)
            }
            Caller::Grpc { token } => *token,
        }
    }

    /// A panic while it was held leaves nothing half-done that matters here.
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
