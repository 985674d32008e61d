//! Amounts for people.

use std::fmt;
use std::str::FromStr;

const PLANCK_PER_PHA: u128 = 1_000_000_000_000;
/// Decimals of a PHA.
const DECIMALS: usize = 12;

/// Planck. Shown in PHA; read in either, as `4000000000000000` or `4000 PHA`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount(pub u128);

/// Why a text is no amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is neither a whole number of planck nor an amount of PHA, such as 4000PHA")]
pub struct AmountError {
    /// As it was given.
    pub text: String,
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / PLANCK_PER_PHA, self.0 % PLANCK_PER_PHA);
        if rest == 0 {
            return write!(f, "{whole} PHA");
        }
        let digits = format!("{rest:0DECIMALS$}");
        write!(f, "{whole}.{} PHA", digits.trim_end_matches('0'))
    }
}

impl FromStr for Amount {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        let number = text.trim();
        let planck = match number.strip_suffix("PHA").or_else(|| number.strip_suffix("pha")) {
            Some(pha) => from_pha(pha.trim_end()),
            None => digits(number),
        };
        planck.map(Self).ok_or_else(|| AmountError { text: text.to_owned() })
    }
}

fn from_pha(text: &str) -> Option<u128> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, "0"));
    let scale = 10_u128.pow(DECIMALS.checked_sub(rest.len())? as u32);
    digits(whole)?.checked_mul(PLANCK_PER_PHA)?.checked_add(digits(rest)?.checked_mul(scale)?)
}

/// Without a sign.
fn digits(text: &str) -> Option<u128> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_exactly() {
        assert_eq!(Amount(1_000_000_000_000).to_string(), "1 PHA");
        assert_eq!(Amount(1_500_000_000_001).to_string(), "1.500000000001 PHA");
        assert_eq!(Amount(20).to_string(), "0.00000000002 PHA");
    }

    #[test]
    fn read_as_it_is_shown_and_in_planck() {
        for planck in [0, 1, 20, 1_500_000_000_001, 4_000_000_000_000_000, u128::MAX] {
            assert_eq!(Amount(planck).to_string().parse(), Ok(Amount(planck)));
            assert_eq!(planck.to_string().parse(), Ok(Amount(planck)));
        }
        assert_eq!("4000PHA".parse(), Ok(Amount(4_000_000_000_000_000)));
        assert_eq!(" 1.5 pha ".parse(), Ok(Amount(1_500_000_000_000)));
        let too_much = format!("{} PHA", u128::MAX);
        for text in ["", "PHA", ".5PHA", "1.PHA", "1.0000000000001PHA", "-1", "+1", "1.5", "1 KSM"]
            .into_iter()
            .chain([too_much.as_str()])
        {
            assert!(text.parse::<Amount>().is_err(), "{text}");
        }
    }
}
