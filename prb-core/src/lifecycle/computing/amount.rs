//! Amounts for people.

use std::fmt;

/// Planck, shown in PHA.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Amount(pub(crate) u128);

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const PLANCK_PER_PHA: u128 = 1_000_000_000_000;
        let (whole, rest) = (self.0 / PLANCK_PER_PHA, self.0 % PLANCK_PER_PHA);
        if rest == 0 {
            return write!(f, "{whole} PHA");
        }
        let digits = format!("{rest:012}");
        write!(f, "{whole}.{} PHA", digits.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::Amount;

    #[test]
    fn shown_exactly() {
        assert_eq!(Amount(1_000_000_000_000).to_string(), "1 PHA");
        assert_eq!(Amount(1_500_000_000_001).to_string(), "1.500000000001 PHA");
        assert_eq!(Amount(20).to_string(), "0.00000000002 PHA");
    }
}
