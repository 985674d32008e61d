//! CRC-32C (Castagnoli), by the processor's own instructions where it has them.

/// The CRC-32C of `data`.
///
/// ```
/// assert_eq!(prb_core::blob::crc32c(b"123456789"), 0xe306_9283);
/// ```
pub fn crc32c(data: &[u8]) -> u32 {
    crc_fast::crc32_iscsi(data)
}
