//! The storage keys pRuntime reads: by name, as every Substrate chain derives them.

use parity_scale_codec::Encode;
use sp_io::hashing::{twox_64, twox_128};

/// Of the relay chain: the authority list of newer runtimes, `Grandpa.Authorities`.
pub(crate) const GRANDPA_AUTHORITIES: [u8; 32] = [
    0x5f, 0x9c, 0xc4, 0x5b, 0x7a, 0x00, 0xc5, 0x89, 0x93, 0x61, 0xe1, 0xc6, 0x09, 0x96, 0x78, 0xdc,
    0x5e, 0x06, 0x21, 0xc4, 0x86, 0x9a, 0xa6, 0x0c, 0x02, 0xbe, 0x9a, 0xdc, 0xc9, 0x8a, 0x0d, 0x1d,
];

/// Of the relay chain: the versioned authority list of older runtimes.
pub(crate) const OLD_GRANDPA_AUTHORITIES: &[u8] = b":grandpa_authorities";

/// The key of a storage value, and the prefix of a map.
pub(crate) fn value(pallet: &str, item: &str) -> Vec<u8> {
    [twox_128(pallet.as_bytes()), twox_128(item.as_bytes())].concat()
}

/// The key of an entry in a map hashed by twox64 with the key behind it.
pub(crate) fn twox64_map(pallet: &str, item: &str, key: &impl Encode) -> Vec<u8> {
    let key = key.encode();
    let mut storage_key = value(pallet, item);
    storage_key.extend(twox_64(&key));
    storage_key.extend(key);
    storage_key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_the_real_networks() {
        assert_eq!(value("Grandpa", "Authorities"), GRANDPA_AUTHORITIES);
        assert_eq!(
            hex::encode(twox64_map("Paras", "Heads", &2004u32)),
            "cd710b30bd2eab0352ddcc26417aa1941b3c252fcb29d88eff4f3de5de4476c39f434b9dae0bfb8ed4070000"
        );
    }
}
