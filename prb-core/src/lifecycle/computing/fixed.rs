//! U64F64: the chain's fixed-point numbers, 64 bits before and 64 after the point.

/// One U64F64, as its bits. Operations round down and give `None` on overflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fixed(u128);

const PLANCK_PER_PHA: u128 = 1_000_000_000_000;
const LOW: u128 = u64::MAX as u128;

impl Fixed {
    pub(super) const ONE: Self = Self(1 << 64);

    pub(super) const fn from_bits(bits: u128) -> Self {
        Self(bits)
    }

    pub(super) const fn from_integer(number: u64) -> Self {
        Self((number as u128) << 64)
    }

    /// `tenths / 10`
    pub(super) const fn from_tenths(tenths: u64) -> Self {
        Self(((tenths as u128) << 64) / 10)
    }

    /// Planck of an amount in PHA.
    pub(super) fn to_planck(self) -> u128 {
        (self.0 >> 64) * PLANCK_PER_PHA + (((self.0 & LOW) * PLANCK_PER_PHA) >> 64)
    }

    /// Square root of a score, which has at most 13 bits.
    pub(super) fn sqrt(score: u16) -> Self {
        // 56 bits after the point are exact to less than a planck.
        Self((u128::from(score) << 112).isqrt() << 8)
    }

    pub(super) fn add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    pub(super) fn sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    pub(super) fn mul(self, other: Self) -> Option<Self> {
        let (a, b) = ((self.0 >> 64, self.0 & LOW), (other.0 >> 64, other.0 & LOW));
        let whole = (a.0 * b.0).checked_mul(1 << 64)?;
        whole
            .checked_add(a.0 * b.1)?
            .checked_add(a.1 * b.0)?
            .checked_add((a.1 * b.1) >> 64)
            .map(Self)
    }

    pub(super) fn div(self, other: Self) -> Option<Self> {
        // Bit by bit, as the numerator has 192 bits.
        let (mut rest, mut quotient) = (0_u128, 0_u128);
        for bit in (0..192).rev() {
            let next = if bit >= 64 { (self.0 >> (bit - 64)) & 1 } else { 0 };
            let carry = rest >> 127;
            rest = (rest << 1) | next;
            if bit < 128 {
                quotient <<= 1;
            }
            if carry == 1 || rest >= other.0 {
                if other.0 == 0 || bit >= 128 {
                    return None;
                }
                rest = rest.wrapping_sub(other.0);
                quotient |= 1;
            }
        }
        Some(Self(quotient))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn arithmetic_agrees_with_floats(a in 0.001..60_000.0_f64, b in 0.001..60_000.0_f64) {
            let fixed = |x: f64| Fixed::from_bits((x * 18_446_744_073_709_551_616.0) as u128);
            let float = |x: Fixed| x.0 as f64 / 18_446_744_073_709_551_616.0;
            let near = |x: Fixed, y: f64| (float(x) - y).abs() <= y.abs() * 1e-9 + 1e-9;
            prop_assert!(near(fixed(a).mul(fixed(b)).unwrap(), a * b));
            prop_assert!(near(fixed(a).div(fixed(b)).unwrap(), a / b));
        }

        #[test]
        fn nothing_overflows_silently(a in any::<u128>(), b in any::<u128>()) {
            let (a, b) = (Fixed::from_bits(a), Fixed::from_bits(b));
            if let Some(product) = a.mul(b) {
                prop_assert!(product.0 >> 64 >= (a.0 >> 64) * (b.0 >> 64));
            }
            if let Some(back) = a.div(b).and_then(|quotient| quotient.mul(b)) {
                prop_assert!(back <= a);
            }
        }
    }

    #[test]
    fn roots() {
        assert_eq!(Fixed::sqrt(100).to_planck(), 10 * PLANCK_PER_PHA);
        assert_eq!(Fixed::sqrt(2).to_planck(), 1_414_213_562_373);
        assert_eq!(Fixed::sqrt(u16::MAX).to_planck(), 255_998_046_867_549);
        assert_eq!(Fixed::ONE.div(Fixed::from_bits(0)), None);
    }
}
