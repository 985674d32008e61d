//! What a runtime's metadata says about calls and extrinsics.

use std::fmt;

use subxt::Metadata;
use subxt::ext::scale_decode::visitor::{IgnoreVisitor, decode_with_visitor};
use subxt::utils::H256;

use crate::error::{Classify, ErrorClass};

/// A chain's runtime at one version.
pub struct Runtime {
    /// Hash of the chain's block 0.
    pub genesis_hash: H256,
    /// `spec_version` of the runtime.
    pub spec_version: u32,
    /// `transaction_version` of the runtime.
    pub transaction_version: u32,
    /// Its metadata.
    pub metadata: Metadata,
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Runtime {{ spec_version: {} }}", self.spec_version)
    }
}

/// The metadata cannot be used, or does not have what a trader needs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuntimeError {
    /// Not the metadata of a runtime, or of an unknown version.
    #[error("the runtime's metadata does not decode: {reason}")]
    Metadata {
        /// What does not decode.
        reason: String,
    },
    /// No such pallet or call.
    #[error("the chain's runtime {spec_version} has no call {pallet}.{call}: was it renamed?")]
    UnknownCall {
        /// Pallet's name.
        pallet: &'static str,
        /// Call's name.
        call: &'static str,
        /// Of the runtime.
        spec_version: u32,
    },
    /// The arguments are not what the runtime's call takes.
    #[error(
        "the arguments do not fit {pallet}.{call} of the chain's runtime {spec_version}: {reason}"
    )]
    ReshapedCall {
        /// Pallet's name.
        pallet: &'static str,
        /// Call's name.
        call: &'static str,
        /// Of the runtime.
        spec_version: u32,
        /// What does not fit.
        reason: String,
    },
}

impl Classify for RuntimeError {
    fn class(&self) -> ErrorClass {
        ErrorClass::Permanent
    }
}

impl Runtime {
    /// A runtime from SCALE RuntimeMetadataPrefixed.
    pub fn decode(
        metadata: &[u8],
        genesis_hash: H256,
        spec_version: u32,
        transaction_version: u32,
    ) -> Result<Self, RuntimeError> {
        let metadata = Metadata::decode_from(metadata)
            .map_err(|error| RuntimeError::Metadata { reason: error.to_string() })?;
        Ok(Self { genesis_hash, spec_version, transaction_version, metadata })
    }

    /// Pallet and call index followed by the arguments, once these are known to fit.
    pub fn encode_call(
        &self,
        pallet: &'static str,
        call: &'static str,
        arguments: &[u8],
    ) -> Result<Vec<u8>, RuntimeError> {
        let spec_version = self.spec_version;
        let (pallet_index, index, types) = self.call(pallet, call)?;
        self.check_fit(types, arguments).map_err(|reason| RuntimeError::ReshapedCall {
            pallet,
            call,
            spec_version,
            reason,
        })?;
        Ok([&[pallet_index, index], arguments].concat())
    }

    /// Index of the pallet, index of the call, and the types of its parameters.
    pub(super) fn call(
        &self,
        pallet: &'static str,
        call: &'static str,
    ) -> Result<(u8, u8, Vec<u32>), RuntimeError> {
        let of = self.metadata.pallet_by_name(pallet);
        let found = of.and_then(|of| Some((of.call_index(), of.call_variant_by_name(call)?)));
        let spec_version = self.spec_version;
        let (pallet_index, variant) =
            found.ok_or(RuntimeError::UnknownCall { pallet, call, spec_version })?;
        let types = variant.fields.iter().map(|field| field.ty.id).collect();
        Ok((pallet_index, variant.index, types))
    }

    /// Whether `bytes` are values of exactly these types, one after the other.
    pub(super) fn check_fit(
        &self,
        types: impl IntoIterator<Item = u32>,
        bytes: &[u8],
    ) -> Result<(), String> {
        let rest = &mut &*bytes;
        for id in types {
            self.skip(id, rest)?;
        }
        match rest.len() {
            0 => Ok(()),
            left => Err(format!("{left} of {} bytes are left over", bytes.len())),
        }
    }

    /// Goes past one value of a type.
    pub(super) fn skip(&self, id: u32, bytes: &mut &[u8]) -> Result<(), String> {
        decode_with_visitor(bytes, id, self.metadata.types(), IgnoreVisitor::new())
            .map_err(|error| error.to_string())
    }

    /// Most bytes of ordinary extrinsics in one block.
    pub fn max_normal_block_bytes(&self) -> u32 {
        /// What chains with a block of 5 MiB allow, of which ordinary extrinsics get 3/4.
        const USUAL: u32 = 5 * 1024 * 1024 / 4 * 3;
        // `BlockLength { max: PerDispatchClass { normal, operational, mandatory } }`, each u32.
        let system = self.metadata.pallet_by_name("System");
        let limits = system.and_then(|system| system.constant_by_name("BlockLength"));
        let normal = limits.and_then(|limits| limits.value().first_chunk::<4>());
        normal.map_or(USUAL, |normal| u32::from_le_bytes(*normal))
    }
}
