//! Storage keys.

use sp_crypto_hashing::{blake2_128, twox_64, twox_128};

/// Relay chain: the authorities as nodes of older runtimes keep them, behind a version byte.
pub const GRANDPA_AUTHORITIES_WELL_KNOWN: &[u8] = b":grandpa_authorities";

/// Child tries' roots stand in the main trie under this prefix and the child's own key.
pub const CHILD_STORAGE_PREFIX: &[u8] = b":child_storage:default:";

/// Key of a plain value, and prefix of a map.
///
/// ```
/// use prb_core::chain::keys;
///
/// let now = keys::value("Timestamp", "Now");
/// assert_eq!(hex::encode(now), "f0c365c3cf59d671eb72da0e7a4113c49f1f0515f462cdcf84e0f1d6045dfcbb");
/// ```
pub fn value(pallet: &str, item: &str) -> Vec<u8> {
    [twox_128(pallet.as_bytes()), twox_128(item.as_bytes())].concat()
}

/// Key of a map's entry whose key is hashed by `Twox64Concat`.
pub fn twox64_entry(pallet: &str, item: &str, key: &[u8]) -> Vec<u8> {
    [&value(pallet, item)[..], &twox_64(key), key].concat()
}

/// Key of a map's entry whose key is hashed by `Blake2_128Concat`.
pub fn blake2_128_entry(pallet: &str, item: &str, key: &[u8]) -> Vec<u8> {
    [&value(pallet, item)[..], &blake2_128(key), key].concat()
}

/// Relay chain: the authorities, as newer runtimes keep them.
pub fn grandpa_authorities() -> Vec<u8> {
    value("Grandpa", "Authorities")
}

/// Relay chain: the id of the authority set, u64.
pub fn grandpa_current_set_id() -> Vec<u8> {
    value("Grandpa", "CurrentSetId")
}

/// Relay chain: the head of parachain `para_id`, a SCALE byte vector that holds its header.
pub fn paras_head(para_id: u32) -> Vec<u8> {
    twox64_entry("Paras", "Heads", &para_id.to_le_bytes())
}

/// Parachain: its own id, u32.
pub fn para_id() -> Vec<u8> {
    value("ParachainInfo", "ParachainId")
}

/// Parachain: what the relay chain told the block's author.
pub fn validation_data() -> Vec<u8> {
    value("ParachainSystem", "ValidationData")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_keys() {
        for (key, expected) in [
            (
                grandpa_authorities(),
                "5f9cc45b7a00c5899361e1c6099678dc5e0621c4869aa60c02be9adcc98a0d1d",
            ),
            (
                grandpa_current_set_id(),
                "5f9cc45b7a00c5899361e1c6099678dc8a2d09463effcc78a22d75b9cb87dffc",
            ),
            (
                paras_head(2035),
                "cd710b30bd2eab0352ddcc26417aa1941b3c252fcb29d88eff4f3de5de4476c3\
                 160394315fe95b98f3070000",
            ),
            (validation_data(), "45323df7cc47150b3930e2666b0aa313d422e17d2affdce4a912d187a734dd67"),
            (para_id(), "0d715f2646c8f85767b5d2764bb2782604a74d81251e398fd8a0a4d55023bb3f"),
        ] {
            assert_eq!(hex::encode(key), expected);
        }
    }
}
