//! The start of a worker, checked before any worker sees it.
//!
//! A worker seals its key together with the start block and the parachain's id *before* it checks
//! their proof, and ends itself if the proof fails. So a wrong start costs the worker its identity.

use bytes::Bytes;
use parity_scale_codec::{Decode, DecodeAll, Encode};
use prb_walkie::proto::db::Genesis;
use subxt::utils::H256;

use crate::chain::keys;
use crate::chain::verify::authorities::{ChangeError, proven_authorities};
use crate::chain::verify::storage_proof::Proof;
use crate::pruntime::proto::InitRuntimeRequest;
use crate::scale::bridge::GenesisBlockInfo;
use crate::scale::registration::AttestationProvider;
use crate::scale::storage::StorageState;

/// The id of a parachain whose state tells none.
const DEFAULT_PARA_ID: u32 = 100;

/// A start that proves itself.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    genesis: Genesis,
    hash: H256,
}

/// Why no worker may be started with it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GenesisError {
    /// It does not decode.
    #[error("the start block does not decode: {0}")]
    Undecodable(#[from] parity_scale_codec::Error),
    /// It is of another block than it says.
    #[error("the start is said to be relay block {said}, and its header is of block {found}")]
    Number {
        /// As announced.
        said: u32,
        /// In the header.
        found: u32,
    },
    /// The authorities are not those of the block.
    #[error("the start block does not prove its authorities: {0}")]
    Unproven(#[from] ChangeError),
    /// The proven authorities are others.
    #[error("the start block's authorities are not those that its state proves")]
    Authorities,
    /// The state is of another parachain.
    #[error("the start state is of parachain {found}, not {expected}")]
    ParaId {
        /// Configured, or told by the chain.
        expected: u32,
        /// In the state.
        found: u32,
    },
    /// The chain accepts no worker that started there.
    #[error("relay block {hash:?} is not among the start blocks that the chain allows")]
    NotAllowed {
        /// The start block's hash.
        hash: H256,
    },
}

impl Start {
    /// Checks the start block of a worker of parachain `para_id`.
    ///
    /// `allowed` are the start blocks that the chain accepts workers from, if it says so.
    pub(crate) fn check(
        genesis: Genesis,
        para_id: u32,
        allowed: Option<&[H256]>,
    ) -> Result<Self, GenesisError> {
        let info = GenesisBlockInfo::decode_all(&mut &genesis.bridge_genesis_info[..])?;
        let found = info.block_header.number;
        if found != genesis.parent_number {
            return Err(GenesisError::Number { said: genesis.parent_number, found });
        }
        let proof = Proof::new(info.block_header.state_root, info.proof);
        if proven_authorities(&proof)?.encode() != info.authority_set.list.encode() {
            return Err(GenesisError::Authorities);
        }
        let state = StorageState::decode_all(&mut &genesis.genesis_state[..])?;
        let key = keys::para_id();
        let found = match state.iter().find(|(known, _)| *known == key) {
            Some((_, value)) => u32::decode(&mut &value[..])?,
            None => DEFAULT_PARA_ID,
        };
        if found != para_id || genesis.para_id != para_id {
            return Err(GenesisError::ParaId { expected: para_id, found });
        }
        let hash = info.block_header.hash();
        if allowed.is_some_and(|allowed| !allowed.contains(&hash)) {
            return Err(GenesisError::NotAllowed { hash });
        }
        Ok(Self { genesis, hash })
    }

    /// Hash of the relay chain block that workers start after.
    pub(crate) fn hash(&self) -> H256 {
        self.hash
    }

    /// The request that starts a worker; the same for all workers that attest alike.
    ///
    /// The operator is not part of it: that is told when the worker registers.
    pub(crate) fn request(&self, attestation: Option<AttestationProvider>) -> Bytes {
        let request = InitRuntimeRequest {
            skip_ra: attestation.is_none(),
            encoded_genesis_info: self.genesis.bridge_genesis_info.clone(),
            debug_set_key: None,
            encoded_genesis_state: self.genesis.genesis_state.clone(),
            encoded_operator: None,
            is_parachain: true,
            attestation_provider: attestation.map(|provider| provider.encode().into()),
        };
        prost::Message::encode_to_vec(&request).into()
    }
}

/// How a worker is to attest itself, by what it offers.
///
/// Those that offer nothing are older and know one way. Who offers no real one can only be used
/// where the chain does not ask for any.
pub(crate) fn attestation(
    offered: &[String],
    skip: bool,
) -> Result<Option<AttestationProvider>, NoAttestation> {
    let offers = |method: &str| offered.iter().any(|offer| offer == method);
    if skip {
        Ok(None)
    } else if offered.is_empty() || offers("epid") {
        Ok(Some(AttestationProvider::Ias))
    } else if offers("dcap") {
        Ok(Some(AttestationProvider::Dcap))
    } else {
        Err(NoAttestation(offered.join(", ")))
    }
}

/// A worker does not run in an enclave.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the worker can attest itself by none of epid and dcap; it offers: {0}")]
pub(crate) struct NoAttestation(String);

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;
    use crate::test_vectors::Vectors;

    fn genesis() -> Genesis {
        let vectors = Vectors::load();
        Genesis {
            para_id: vectors.para_id,
            para_number: 0,
            parent_number: vectors.relay_genesis,
            bridge_genesis_info: vectors.genesis_info.clone().into(),
            genesis_state: vectors.genesis_state.clone().into(),
        }
    }

    fn altered(change: impl FnOnce(&mut GenesisBlockInfo)) -> Genesis {
        let mut genesis = genesis();
        let mut info = GenesisBlockInfo::decode_all(&mut &genesis.bridge_genesis_info[..]).unwrap();
        change(&mut info);
        genesis.bridge_genesis_info = info.encode().into();
        genesis
    }

    #[test]
    fn a_true_start_is_accepted() {
        let vectors = Vectors::load();
        let hash = vectors.relay[vectors.relay_genesis as usize].hash;
        let start = Start::check(genesis(), vectors.para_id, Some(&[hash])).unwrap();
        assert_eq!(start.hash(), hash);
        let request = InitRuntimeRequest::decode(start.request(None)).unwrap();
        assert!(request.is_parachain && request.skip_ra && request.attestation_provider.is_none());
        let dcap = start.request(Some(AttestationProvider::Dcap));
        let request = InitRuntimeRequest::decode(dcap).unwrap();
        assert_eq!(request.attestation_provider.unwrap()[..], [2]);
    }

    #[test]
    fn a_wrong_start_never_reaches_a_worker() {
        let id = Vectors::load().para_id;
        let wrong = [
            Start::check(Genesis { parent_number: 4, ..genesis() }, id, None),
            Start::check(genesis(), id + 1, None),
            Start::check(Genesis { para_id: 1, ..genesis() }, id, None),
            Start::check(genesis(), id, Some(&[H256::zero()])),
            Start::check(altered(|info| info.proof.clear()), id, None),
            Start::check(altered(|info| info.block_header.state_root = H256::zero()), id, None),
            Start::check(altered(|info| info.authority_set.list.swap(0, 1)), id, None),
            Start::check(altered(|info| info.authority_set.list[0].1 += 1), id, None),
            Start::check(Genesis { genesis_state: Bytes::new(), ..genesis() }, id, None),
        ];
        for (case, result) in wrong.into_iter().enumerate() {
            assert!(result.is_err(), "case {case}");
        }
    }

    #[test]
    fn the_way_to_attest_follows_from_what_is_offered() {
        let choose = |offered: &[&str], skip| {
            let offered: Vec<String> = offered.iter().map(ToString::to_string).collect();
            attestation(&offered, skip)
        };
        assert_eq!(choose(&[], false), Ok(Some(AttestationProvider::Ias)));
        assert_eq!(choose(&["none", "epid"], false), Ok(Some(AttestationProvider::Ias)));
        assert_eq!(choose(&["none", "dcap"], false), Ok(Some(AttestationProvider::Dcap)));
        assert_eq!(choose(&["none", "dcap"], true), Ok(None));
        assert!(choose(&["none"], false).unwrap_err().to_string().contains("none"));
    }
}
