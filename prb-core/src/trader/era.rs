//! For which blocks a signature holds.

use subxt::utils::H256;

/// A mortal era: the extrinsic can be included in the blocks `birth .. birth + period`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Era {
    birth: u32,
    birth_hash: H256,
    period: u32,
}

/// Shorter ones die while finality is awaited; of longer ones the chain forgets the birth block.
pub(super) const PERIODS: std::ops::RangeInclusive<u32> = 16..=1024;

impl Era {
    /// Begins at a finalized block, so that no fork can change its hash. The period is rounded up
    /// to a power of two between 16 and 1024 blocks.
    pub fn new(birth: u32, birth_hash: H256, period: u32) -> Self {
        let period = period.clamp(*PERIODS.start(), *PERIODS.end()).next_power_of_two();
        Self { birth, birth_hash, period }
    }

    /// The first block that can hold the extrinsic.
    pub fn birth(&self) -> u32 {
        self.birth
    }

    /// The hash that is signed over.
    pub fn birth_hash(&self) -> H256 {
        self.birth_hash
    }

    /// The first block that can no longer hold the extrinsic.
    pub fn death(&self) -> u32 {
        self.birth.saturating_add(self.period)
    }

    /// SCALE of the runtime's `Era`: the low bits give the period, the others the birth block's
    /// place within it.
    pub fn encode(&self) -> [u8; 2] {
        let phase = self.birth % self.period;
        let encoded = (self.period.trailing_zeros() - 1) | (phase << 4);
        (encoded as u16).to_le_bytes()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use subxt::utils::Era as SubxtEra;

    use super::*;

    proptest! {
        #[test]
        fn it_is_encoded_as_other_libraries_do(birth in any::<u32>(), period in 0_u32..3000) {
            use parity_scale_codec::Encode;
            let era = Era::new(birth, H256::zero(), period);
            let rounded = u64::from(era.period);
            let theirs = SubxtEra::mortal(rounded, u64::from(birth)).encode();
            prop_assert_eq!(&era.encode()[..], &theirs[..]);
            prop_assert!(rounded.is_power_of_two() && (16..=1024).contains(&rounded));
        }
    }

    #[test]
    fn a_known_era() {
        // 64 blocks from block 42: the example of the format's specification.
        let era = Era::new(42, H256::zero(), 64);
        assert_eq!(era.encode(), [0xa5, 0x02]);
        assert_eq!((era.birth(), era.death()), (42, 106));
    }
}
