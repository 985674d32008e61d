//! Block headers of both chains, and what their digests say about the authority set.

use bytes::Bytes;
use parity_scale_codec::{Decode, DecodeAll, Encode};
use sp_crypto_hashing::blake2_256;
use subxt::utils::H256;

/// Names a consensus engine in digests and justifications.
pub type EngineId = [u8; 4];

/// GRANDPA.
pub const GRANDPA: EngineId = *b"FRNK";

/// A block header of the relay chain or the parachain.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Header {
    /// Hash of the block before.
    pub parent_hash: H256,
    /// Height.
    #[codec(compact)]
    pub number: u32,
    /// Root of the state trie after the block.
    pub state_root: H256,
    /// Root of the trie of the block's extrinsics.
    pub extrinsics_root: H256,
    /// Messages of the consensus engines.
    pub digest: Vec<DigestItem>,
}

/// One item of a header's digest.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum DigestItem {
    /// Opaque.
    #[codec(index = 0)]
    Other(Vec<u8>),
    /// From the runtime to a consensus engine.
    #[codec(index = 4)]
    Consensus(EngineId, Vec<u8>),
    /// Of the author, over the rest of the header.
    #[codec(index = 5)]
    Seal(EngineId, Vec<u8>),
    /// From a consensus engine to the runtime.
    #[codec(index = 6)]
    PreRuntime(EngineId, Vec<u8>),
    /// The runtime's code or environment changed.
    #[codec(index = 8)]
    RuntimeEnvironmentUpdated,
}

impl Header {
    /// The block's hash.
    pub fn hash(&self) -> H256 {
        H256(blake2_256(&self.encode()))
    }
}

/// A header with the bytes it came in, which alone define its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedHeader {
    hash: H256,
    bytes: Bytes,
    header: Header,
}

impl EncodedHeader {
    /// Decodes a header; trailing bytes are an error.
    pub fn decode(bytes: Bytes) -> Result<Self, parity_scale_codec::Error> {
        let header = Header::decode_all(&mut &bytes[..])?;
        Ok(Self { hash: H256(blake2_256(&bytes)), bytes, header })
    }

    /// Its hash.
    pub fn hash(&self) -> H256 {
        self.hash
    }

    /// Its height.
    pub fn number(&self) -> u32 {
        self.header.number
    }

    /// SCALE.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Decoded.
    pub fn header(&self) -> &Header {
        &self.header
    }
}

impl From<Header> for EncodedHeader {
    fn from(header: Header) -> Self {
        let bytes = Bytes::from(header.encode());
        Self { hash: H256(blake2_256(&bytes)), bytes, header }
    }
}
