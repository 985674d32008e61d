//! The economic rules of starting to compute, as plain arithmetic.
//!
//! Numbers are U64F64: 64 bits before and 64 bits after the binary point.

use sp_core::U256;

use crate::{chain::TOKEN, types::TokenomicParameters};

/// `numerator / denominator` as U64F64 bits.
pub const fn ratio(numerator: u64, denominator: u64) -> u128 {
    ((numerator as u128) << 64) / denominator as u128
}

/// `a · b` of U64F64 bits; saturates.
fn multiply(a: u128, b: u128) -> u128 {
    let product = (U256::from(a) * U256::from(b)) >> 64;
    product.try_into().unwrap_or(u128::MAX)
}

/// Planck as PHA in U64F64 bits; saturates.
fn pha(planck: u128) -> u128 {
    let amount = (U256::from(planck) << 64) / U256::from(TOKEN);
    amount.try_into().unwrap_or(u128::MAX)
}

/// The square root of a score in U64F64 bits.
fn square_root(score: u32) -> u128 {
    (U256::from(score) << 128).integer_sqrt().as_u128()
}

/// How much of the multiplier `re` a confidence level earns. Levels outside 1 to 5 (128: no
/// attestation) earn all of it.
fn confidence_factor(confidence_level: u8) -> u128 {
    match confidence_level {
        4 => ratio(8, 10),
        5 => ratio(7, 10),
        _ => ratio(1, 1),
    }
}

/// The least stake for a score, in planck: `k · √score` PHA, rounded down.
pub fn minimal_stake(parameters: &TokenomicParameters, score: u32) -> u128 {
    let pha = multiply(parameters.k, square_root(score));
    let planck = (U256::from(pha) * U256::from(TOKEN)) >> 64;
    planck.try_into().unwrap_or(u128::MAX)
}

/// The value a worker starts with, U64F64 bits:
/// `((re − 1) · c + 1) · (stake + rig_k · score + rig_b)`.
///
/// `c` depends on the confidence level.
pub fn initial_value(
    parameters: &TokenomicParameters,
    stake: u128,
    score: u32,
    confidence_level: u8,
) -> u128 {
    let one = ratio(1, 1);
    let earned = multiply(parameters.re.saturating_sub(one), confidence_factor(confidence_level));
    let machine =
        multiply(parameters.rig_k, ratio(u64::from(score), 1)).saturating_add(parameters.rig_b);
    multiply(earned.saturating_add(one), pha(stake).saturating_add(machine))
}

/// The numbers of the embedded network: those that rule a start as on Khala (`k` 100, `v_max`
/// 30,000, a heartbeat window of 10 blocks).
pub fn development_parameters() -> TokenomicParameters {
    TokenomicParameters {
        pha_rate: ratio(1, 1),
        rho: ratio(1_000_000_666_600_231, 1_000_000_000_000_000),
        budget_per_block: ratio(720_000, 7_200),
        v_max: ratio(30_000, 1),
        cost_k: ratio(375_675, 10_000_000_000_000),
        cost_b: ratio(5_625, 1_000_000_000),
        slash_rate: ratio(1, 100_000),
        treasury_ratio: ratio(2, 10),
        heartbeat_window: 10,
        rig_k: ratio(3, 10),
        rig_b: 0,
        re: ratio(15, 10),
        k: ratio(100, 1),
        kappa: ratio(1, 1),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_least_stake_is_k_times_the_root_of_the_score() {
        let parameters = development_parameters();
        assert_eq!(minimal_stake(&parameters, 100), 1_000 * TOKEN);
        assert_eq!(minimal_stake(&parameters, 0), 0);
        let two = minimal_stake(&parameters, 2);
        assert_eq!(two, 141_421_356_237_309);
    }

    #[test]
    fn the_initial_value_is_that_of_the_formula() {
        let parameters = development_parameters();
        let value = initial_value(&parameters, 1_000 * TOKEN, 100, 1);
        assert_eq!(value >> 64, 1_545 - 1, "1.5 · (1000 + 30) with 0.3 rounded down");
        let low = initial_value(&parameters, 1_000 * TOKEN, 100, 5);
        assert_eq!(low >> 64, 1_390, "1.35 · 1030 = 1390.5");
    }

    #[test]
    fn unknown_confidence_levels_count_in_full() {
        let parameters = development_parameters();
        let value = |level| initial_value(&parameters, TOKEN, 50, level);
        assert_eq!(value(128), value(1));
        assert_eq!(value(3), value(1));
        assert!(value(5) < value(4) && value(4) < value(3));
    }

    proptest! {
        #[test]
        fn nothing_overflows(stake in any::<u128>(), score in any::<u32>(), level in any::<u8>()) {
            let parameters = development_parameters();
            initial_value(&parameters, stake, score, level);
            minimal_stake(&parameters, score);
        }

        #[test]
        fn more_stake_is_worth_more(stake in 0..1u128 << 80, score in 0..6_000u32) {
            let parameters = development_parameters();
            let less = initial_value(&parameters, stake, score, 1);
            prop_assert!(initial_value(&parameters, stake + TOKEN, score, 1) > less);
        }

        #[test]
        fn the_root_is_the_largest_whose_square_fits(score in any::<u32>()) {
            let root = U256::from(square_root(score));
            let square = U256::from(score) << 128;
            prop_assert!(root * root <= square);
            prop_assert!((root + 1) * (root + 1) > square);
        }
    }
}
