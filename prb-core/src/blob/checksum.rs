//! CRC-32C (Castagnoli), by the processor's own instructions where it has them.

/// The CRC-32C of `data`.
///
/// ```
/// assert_eq!(prb_core::blob::crc32c(b"123456789"), 0xe306_9283);
/// ```
pub fn crc32c(data: &[u8]) -> u32 {
    crc_fast::crc32_iscsi(data)
}

/// The CRC-32C of data that comes in parts.
pub(super) struct Crc32c(crc_fast::Digest);

impl Crc32c {
    pub(super) fn new() -> Self {
        Self(crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc32Iscsi))
    }

    pub(super) fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    pub(super) fn value(&self) -> u32 {
        self.0.finalize() as u32
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn parts_have_the_checksum_of_the_whole(
            parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..2000), 0..10),
        ) {
            let mut checksum = Crc32c::new();
            for part in &parts {
                checksum.update(part);
            }
            prop_assert_eq!(checksum.value(), crc32c(&parts.concat()));
        }
    }
}
