//! How much stake a worker may be started with.

use super::Blocked;
use super::fixed::Fixed;
use crate::scale::on_chain::TokenomicParameters;

/// Whether the chain would accept `stake` (planck) for a worker of that score.
///
/// At least `k · √score`, and `V = re' · (stake + rig_k · score + rig_b)` at most `v_max`, where
/// `re' = (re − 1) · c + 1` and `c` goes down with the level of confidence.
pub(super) fn check(
    stake: u128,
    score: u32,
    confidence_level: u8,
    rules: Option<&TokenomicParameters>,
) -> Result<(), Blocked> {
    if stake == 0 {
        return Err(Blocked::NoStake);
    }
    let Some(rules) = rules else { return Ok(()) };
    if let Some(min) = smallest(score, rules).filter(|min| stake < *min) {
        return Err(Blocked::StakeTooLow { stake, min, score });
    }
    match largest(score, confidence_level, rules).filter(|max| stake > *max) {
        Some(max) => Err(Blocked::StakeTooHigh { stake, max }),
        None => Ok(()),
    }
}

fn smallest(score: u32, rules: &TokenomicParameters) -> Option<u128> {
    let score = u16::try_from(score).ok()?;
    Some(Fixed::from_bits(rules.k).mul(Fixed::sqrt(score))?.to_planck())
}

/// `None` where the parameters make no sense; then the chain alone decides.
fn largest(score: u32, confidence_level: u8, rules: &TokenomicParameters) -> Option<u128> {
    let confidence = match confidence_level {
        4 => Fixed::from_tenths(8),
        5 => Fixed::from_tenths(7),
        _ => Fixed::ONE,
    };
    let over_one = Fixed::from_bits(rules.re).sub(Fixed::ONE)?;
    let re = over_one.mul(confidence)?.add(Fixed::ONE)?;
    let rig = Fixed::from_bits(rules.rig_k)
        .mul(Fixed::from_integer(score.into()))?
        .add(Fixed::from_bits(rules.rig_b))?;
    let most = Fixed::from_bits(rules.v_max).div(re)?;
    Some(most.sub(rig).map_or(0, Fixed::to_planck))
}
