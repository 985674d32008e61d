//! Signed extrinsics, made from the metadata's list of transaction extensions.

use parity_scale_codec::{Compact, Encode};
use sp_crypto_hashing::blake2_256;
use subxt::utils::{AccountId32, H256};

use super::era::Era;
use super::operator::Operator;
use super::runtime::{Runtime, RuntimeError};
use crate::error::{Classify, ErrorClass};

#[cfg(test)]
mod tests;

/// What is signed beside the call.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Nonce of the signing account.
    pub nonce: u32,
    /// For which blocks the signature holds.
    pub era: Era,
    /// Planck for the block's author, beside the fee.
    pub tip: u128,
}

/// An extrinsic ready to be submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedExtrinsic {
    /// As it stands in a block, with its length prefix.
    pub bytes: Vec<u8>,
    /// By this blocks and pools know it.
    pub hash: H256,
}

/// Why no extrinsic can be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExtrinsicError {
    /// The runtime takes only other versions.
    #[error("the chain's runtime {spec_version} takes extrinsics of version {versions:?}, not 4")]
    Version {
        /// Of the runtime.
        spec_version: u32,
        /// What it takes.
        versions: Vec<u8>,
    },
    /// Something must be signed that prb does not know.
    #[error(
        "the chain's runtime {spec_version} has a transaction extension that this version of prb \
         does not know, so nothing is signed: {extension}"
    )]
    UnknownExtension {
        /// Of the runtime.
        spec_version: u32,
        /// Its name.
        extension: String,
    },
    /// A known extension has another content than it had.
    #[error(
        "the transaction extension {extension} of the chain's runtime {spec_version} is not what \
         this version of prb knows, so nothing is signed: {reason}"
    )]
    ReshapedExtension {
        /// Of the runtime.
        spec_version: u32,
        /// Its name.
        extension: String,
        /// What does not fit.
        reason: String,
    },
    /// A batch or a proxy call cannot be made.
    #[error(transparent)]
    Call(#[from] RuntimeError),
}

impl Classify for ExtrinsicError {
    fn class(&self) -> ErrorClass {
        ErrorClass::Operator
    }
}

/// One call out of encoded ones: a single one as it is, several in `Utility.force_batch`, which
/// goes on after one that fails; in `Proxy.proxy` when made for another account.
pub fn wrap(
    runtime: &Runtime,
    mut calls: Vec<Vec<u8>>,
    proxied: Option<&AccountId32>,
) -> Result<Vec<u8>, RuntimeError> {
    let call = if calls.len() == 1 {
        calls.remove(0)
    } else {
        let mut arguments = Compact(calls.len() as u32).encode();
        for call in &calls {
            arguments.extend_from_slice(call);
        }
        runtime.encode_call("Utility", "force_batch", &arguments)?
    };
    let Some(real) = proxied else { return Ok(call) };
    // real: MultiAddress::Id · force_proxy_type: None · call
    let arguments = [&[0][..], &real.0, &[0], &call].concat();
    runtime.encode_call("Proxy", "proxy", &arguments)
}

/// Most bytes an extrinsic has beside its calls, batched and proxied.
pub(super) const OVERHEAD: usize = 512;

/// Signs an encoded call.
pub fn sign(
    runtime: &Runtime,
    call: &[u8],
    terms: &Terms,
    operator: &Operator,
) -> Result<SignedExtrinsic, ExtrinsicError> {
    const SIGNED_V4: u8 = 0x84;
    let (extra, additional) = extensions(runtime, terms)?;
    let mut payload = [call, &extra, &additional].concat();
    if payload.len() > 256 {
        payload = blake2_256(&payload).to_vec();
    }
    let mut body = vec![SIGNED_V4, 0];
    body.extend_from_slice(&operator.signer().0);
    body.push(1);
    body.extend_from_slice(&operator.sign(&payload));
    body.extend_from_slice(&extra);
    body.extend_from_slice(call);
    let bytes = body.encode();
    let hash = H256(blake2_256(&bytes));
    Ok(SignedExtrinsic { bytes, hash })
}

/// What each extension of the runtime adds to the extrinsic, and to what is signed.
fn extensions(runtime: &Runtime, terms: &Terms) -> Result<(Vec<u8>, Vec<u8>), ExtrinsicError> {
    let spec_version = runtime.spec_version;
    let extrinsic = runtime.metadata.extrinsic();
    let versions = extrinsic.supported_versions();
    if !versions.contains(&4) {
        return Err(ExtrinsicError::Version { spec_version, versions: versions.to_vec() });
    }
    let (mut extra, mut additional) = (Vec::new(), Vec::new());
    // Extrinsics of version 4 have the extensions of set 0.
    for extension in extrinsic.transaction_extensions_by_version(0).into_iter().flatten() {
        let name = extension.identifier();
        let Some((included, implied)) = extension_bytes(name, runtime, terms) else {
            let extension = name.to_owned();
            return Err(ExtrinsicError::UnknownExtension { spec_version, extension });
        };
        for (part, id) in [(&included, extension.extra_ty()), (&implied, extension.additional_ty())]
        {
            runtime.check_fit([id], part).map_err(|reason| ExtrinsicError::ReshapedExtension {
                spec_version,
                extension: name.to_owned(),
                reason,
            })?;
        }
        extra.extend_from_slice(&included);
        additional.extend_from_slice(&implied);
    }
    Ok((extra, additional))
}

/// Bytes in the extrinsic, and bytes only signed, of each known extension.
fn extension_bytes(name: &str, runtime: &Runtime, terms: &Terms) -> Option<(Vec<u8>, Vec<u8>)> {
    let nothing = Vec::new;
    Some(match name {
        "CheckNonZeroSender"
        | "CheckWeight"
        | "CheckMqSequence"
        | "AuthorizeCall"
        | "WeightReclaim"
        | "StorageWeightReclaim" => (nothing(), nothing()),
        "CheckSpecVersion" => (nothing(), runtime.spec_version.encode()),
        "CheckTxVersion" => (nothing(), runtime.transaction_version.encode()),
        "CheckGenesis" => (nothing(), runtime.genesis_hash.0.to_vec()),
        "CheckMortality" => (terms.era.encode().to_vec(), terms.era.birth_hash().0.to_vec()),
        "CheckNonce" => (Compact(terms.nonce).encode(), nothing()),
        "ChargeTransactionPayment" => (Compact(terms.tip).encode(), nothing()),
        // Mode "disabled" and no hash: the metadata was not checked by an offline signer.
        "CheckMetadataHash" => (vec![0], vec![0]),
        _ => return None,
    })
}
