//! How nodes write values in JSON.

use std::fmt;

use bytes::Bytes;
use parity_scale_codec::{DecodeAll, Error as CodecError};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};
use subxt::utils::H256;

use crate::scale::header::{DigestItem, EncodedHeader, Header};

/// Bytes as 0x hex.
pub(super) struct HexBytes(pub(super) Vec<u8>);

impl<'de> Deserialize<'de> for HexBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Hex;
        impl Visitor<'_> for Hex {
            type Value = HexBytes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("0x and hex digits")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<HexBytes, E> {
                const_hex::decode(text).map(HexBytes).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Hex)
    }
}

impl From<HexBytes> for Bytes {
    fn from(bytes: HexBytes) -> Self {
        bytes.0.into()
    }
}

/// A hash as 0x hex.
#[derive(Clone, Copy)]
pub(super) struct HexHash(pub(super) H256);

impl<'de> Deserialize<'de> for HexHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Hash;
        impl Visitor<'_> for Hash {
            type Value = HexHash;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("0x and 64 hex digits")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<HexHash, E> {
                const_hex::decode_to_array(text).map(|hash| HexHash(H256(hash))).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Hash)
    }
}

/// 0x hex of bytes.
pub(super) fn hex(bytes: impl AsRef<[u8]>) -> String {
    const_hex::encode_prefixed(bytes)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct JsonHeader {
    parent_hash: HexHash,
    number: JsonNumber,
    state_root: HexHash,
    extrinsics_root: HexHash,
    digest: JsonDigest,
}

#[derive(Deserialize)]
struct JsonDigest {
    logs: Vec<HexBytes>,
}

/// Nodes write hex, some proxies numbers.
struct JsonNumber(u32);

impl<'de> Deserialize<'de> for JsonNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;
        impl Visitor<'_> for Number {
            type Value = JsonNumber;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a block number")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<JsonNumber, E> {
                u32::try_from(number).map(JsonNumber).map_err(E::custom)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<JsonNumber, E> {
                let digits = text.strip_prefix("0x").unwrap_or(text);
                u32::from_str_radix(digits, 16).map(JsonNumber).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Number)
    }
}

impl JsonHeader {
    /// The header with its SCALE bytes.
    pub(super) fn encode(self) -> Result<EncodedHeader, CodecError> {
        let logs = self.digest.logs;
        let digest: Result<_, _> =
            logs.iter().map(|HexBytes(item)| DigestItem::decode_all(&mut &item[..])).collect();
        Ok(EncodedHeader::from(Header {
            parent_hash: self.parent_hash.0,
            number: self.number.0,
            state_root: self.state_root.0,
            extrinsics_root: self.extrinsics_root.0,
            digest: digest?,
        }))
    }
}

#[derive(Deserialize)]
pub(super) struct JsonSignedBlock {
    pub(super) block: JsonBlock,
    pub(super) justifications: Option<Vec<([u8; 4], Vec<u8>)>>,
}

#[derive(Deserialize)]
pub(super) struct JsonBlock {
    pub(super) header: JsonHeader,
    pub(super) extrinsics: Vec<HexBytes>,
}

#[derive(Deserialize)]
pub(super) struct JsonReadProof {
    pub(super) proof: Vec<HexBytes>,
}

#[derive(Deserialize)]
pub(super) struct JsonChangeSet {
    pub(super) changes: Vec<(HexBytes, Option<HexBytes>)>,
}
