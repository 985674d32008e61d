//! What decides what a worker lacks.

use subxt::utils::AccountId32;

use crate::lifecycle::inventory::Goal;
use crate::scale::on_chain::{SessionInfo, TokenomicParameters, WorkerInfo};

/// What an operator wants of a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Its pool.
    pub(crate) pid: u64,
    /// Planck.
    pub(crate) stake: u128,
    /// It serves the chain instead of a pool.
    pub(crate) gatekeeper: bool,
    /// The account in whose name the pool's calls are made: the proxied one if there is one.
    pub(crate) operator: AccountId32,
    /// Smallest score to be started with, if larger than the chain's.
    pub(crate) min_score: u32,
    /// Where others reach it; none leaves what is published.
    pub(crate) public_endpoints: Vec<String>,
    /// Register, whatever the chain says.
    pub(crate) register_anew: bool,
    /// Whether it is to compute at all.
    pub(crate) goal: Goal,
}

/// What the chain says of a worker and its pool, at one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Its registration.
    pub(crate) registration: Option<WorkerInfo>,
    /// The pool it is in.
    pub(crate) assignment: Option<u64>,
    /// The session it is bound to.
    pub(crate) binding: Option<AccountId32>,
    /// What that session does.
    pub(crate) session: Option<SessionInfo>,
    /// The stake of that session, planck.
    pub(crate) session_stake: Option<u128>,
    /// Where others reach it.
    pub(crate) endpoints: Vec<String>,
    /// The pool it should be in.
    pub(crate) pool: Option<SeenPool>,
    /// The rules for stakes; without them the chain alone decides.
    pub(crate) tokenomics: Option<TokenomicParameters>,
    /// Seconds from a stop until the stake can be reclaimed.
    pub(crate) cool_down_period: u64,
    /// Unix seconds.
    pub(crate) now: u64,
}

/// What the chain says of a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SeenPool {
    /// Who may add, start and stop its workers.
    pub(crate) owner: AccountId32,
    /// Pools of the other kind have no workers.
    pub(crate) takes_workers: bool,
    /// How many it has.
    pub(crate) workers: usize,
    /// Stake that no worker uses, planck.
    pub(crate) free_stake: u128,
    /// Somebody waits for their stake, so none can be raised.
    pub(crate) withdrawing: bool,
}
