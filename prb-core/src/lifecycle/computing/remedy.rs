//! What an operator can do about what stands in the way.

use super::Blocked;
use super::amount::Amount;

impl Blocked {
    /// What to do for the worker called `name`.
    pub(crate) fn remedy(&self, name: &str) -> String {
        let edit = format!("prb worker edit {name:?}");
        match self {
            Self::UnknownPool(_) | Self::NotAStakePool(_) => {
                format!("put it into a stake pool that there is: {edit} --pool POOL")
            }
            Self::NotOwner { pid, .. } => format!(
                "give the pool's owner, or a proxy of it: prb pool edit {pid} --owner FILE \
                 [--proxied SS58]"
            ),
            Self::InAnotherPool { pid, other } => format!(
                "leave it there: {edit} --pool {other}; or, from there, prb worker retire {name:?}, \
                 and once it is in no pool {edit} --pool {pid} and prb worker start {name:?}"
            ),
            Self::BoundElsewhere(_) => "unbind that session on chain".to_owned(),
            Self::Unbound(pid) => format!("remove it from pool {pid} on chain"),
            Self::PoolFull(_) => format!("put it into another pool: {edit} --pool POOL"),
            Self::ScoreTooLow { .. } => {
                "use a faster machine, or fewer workers on it, and register it anew: prb worker \
                 register"
                    .to_owned()
            }
            Self::NoStake => format!("{edit} --stake AMOUNT"),
            Self::StakeTooLow { min, .. } => format!("{edit} --stake {min}"),
            Self::StakeTooHigh { max, .. } => format!("{edit} --stake {max}"),
            Self::FreeStake { pid, needed, free } => format!(
                "delegate another {} to pool {pid}, or take a smaller stake: {edit} --stake AMOUNT",
                Amount(needed.saturating_sub(*free))
            ),
        }
    }
}
