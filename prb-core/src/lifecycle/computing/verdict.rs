//! What a worker lacks.

use subxt::utils::AccountId32;

use crate::lifecycle::inventory::Goal;

/// What comes next for a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The bridge can do something.
    Do(Deed),
    /// Something is on its way.
    Wait(Wait),
    /// Somebody has to provide something.
    Blocked(Blocked),
    /// It earns, or serves.
    Working(Working),
    /// It does not compute, as is wanted.
    AtRest(AtRest),
}

/// What the bridge can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Register it with a fresh report.
    Register(Register),
    /// Add it to its pool.
    AddWorker,
    /// Start it.
    Start {
        /// Planck.
        stake: u128,
    },
    /// Start it again with more.
    Raise {
        /// Planck.
        from: u128,
        /// Planck.
        to: u128,
    },
    /// Free the stake of a worker that has cooled down.
    Reclaim,
    /// Publish where others reach it.
    Publish,
    /// Have it stop computing.
    Stop,
    /// Take it out of its pool.
    LeavePool,
}

impl Deed {
    /// Whether somebody with this goal wants it done.
    pub(crate) fn serves(self, goal: Goal) -> bool {
        match self {
            Self::Register(_)
            | Self::AddWorker
            | Self::Start { .. }
            | Self::Raise { .. }
            | Self::Publish => goal == Goal::Compute,
            Self::Reclaim => true,
            Self::Stop => goal != Goal::Compute,
            Self::LeavePool => goal == Goal::LeavePool,
        }
    }
}

/// Why a worker is to be registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Register {
    /// It is not.
    First,
    /// It is, for another operator or none.
    Operator,
    /// The operator said so.
    Told,
}

/// What is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// The score of its benchmark.
    Score,
    /// The end of its cool-down.
    CoolDown {
        /// From now.
        seconds: u64,
    },
    /// The chain says something that should pass.
    Session,
}

/// What somebody has to provide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Blocked {
    /// No pool has that id.
    UnknownPool(u64),
    /// A vault has no workers.
    NotAStakePool(u64),
    /// The operator may not touch the pool.
    NotOwner {
        /// Pool.
        pid: u64,
        /// Its owner.
        owner: AccountId32,
        /// The account that signs, or the proxied one.
        operator: AccountId32,
    },
    /// It is in another pool.
    InAnotherPool {
        /// Where it should be.
        pid: u64,
        /// Where it is.
        other: u64,
    },
    /// It is bound to a session outside of any pool.
    BoundElsewhere(AccountId32),
    /// It is in its pool, but bound to no session.
    Unbound(u64),
    /// The pool takes no more workers.
    PoolFull(u64),
    /// It is too slow.
    ScoreTooLow {
        /// Its score.
        score: u32,
        /// Smallest one to be started with.
        min: u32,
    },
    /// No stake is configured.
    NoStake,
    /// Less stake than the rule for its score asks for.
    StakeTooLow {
        /// Configured, planck.
        stake: u128,
        /// Smallest one allowed, planck.
        min: u128,
        /// Its score.
        score: u32,
    },
    /// So much stake that its V would be above the highest one allowed.
    StakeTooHigh {
        /// Configured, planck.
        stake: u128,
        /// Largest one allowed, planck.
        max: u128,
    },
    /// The pool has not that much.
    FreeStake {
        /// Pool.
        pid: u64,
        /// Needed, planck.
        needed: u128,
        /// Free, planck.
        free: u128,
    },
}

/// How a worker works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Working {
    /// It is registered, and more is not wanted of it.
    Gatekeeper,
    /// It computes.
    Computing {
        /// Planck.
        stake: u128,
        /// It owes heartbeats.
        unresponsive: bool,
        /// Why its stake is not the one configured.
        stake_kept: Option<StakeKept>,
    },
}

/// Where a worker is that does not compute, as is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AtRest {
    /// Its stake is locked yet.
    CoolingDown {
        /// From now.
        seconds: u64,
    },
    /// In this pool, without stake.
    InPool(u64),
    /// In no pool.
    OutOfPool,
}

/// Why a stake is not changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StakeKept {
    /// It can only be raised.
    Lower,
    /// Not while somebody waits for their stake.
    Withdrawing,
    /// It may not be so.
    Blocked(Box<Blocked>),
}
