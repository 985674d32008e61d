//! What workers start from: the relay chain block before the parachain's first, and the
//! parachain's state at block 0.

use std::sync::Arc;

use parity_scale_codec::{Decode, DecodeAll, Encode};
use prb_walkie::proto::db;
use subxt::utils::H256;

use super::ingest::error::{IngestError, Refused};
use crate::chain::ChainSource;
use crate::chain::client::Pair;
use crate::chain::keys;
use crate::chain::verify::authorities::{authority_keys, proven_authorities};
use crate::chain::verify::para_state::ParaState;
use crate::chain::verify::segment::RelayPosition;
use crate::chain::verify::storage_proof::Proof;
use crate::scale::bridge::GenesisBlockInfo;
use crate::scale::grandpa::AuthoritySet;
use crate::scale::header::EncodedHeader;
use crate::scale::storage::StorageState;

/// What an absent ParachainInfo.ParachainId means.
const DEFAULT_PARA_ID: u32 = 100;

/// Where production workers start: relay chain by its genesis hash, block, its hash, set id.
/// pRuntime seals its identity to that block, and the chain registers no worker with another.
const KNOWN_STARTS: [(&str, u32, &str, u64); 2] = [
    (
        "b0a8d493285c2df73290dfb7e61f870f17b41801197a149ca93654499ea3dafe",
        8_325_311,
        "ff93a4a903207ad45af110a3e15f8b66c903a0045f886c528c23fe7064532b08",
        3228,
    ),
    (
        "91b171bb158e2d3848fa23a9f1c25182fb8e20313b2c1eb49219da7a70ce90c3",
        9_688_654,
        "5fdbc952b059d7c26b8b7e6432bb2b40981c602ded8cf2be7d629a4ead96f156",
        891,
    ),
];

/// What is known once the genesis is.
#[derive(Clone, Debug)]
pub(super) struct Genesis {
    pub(super) para_id: u32,
    /// The relay chain's block before the first segment.
    pub(super) position: RelayPosition,
}

impl Genesis {
    /// Reads the stored form.
    pub(super) fn read(message: &db::Genesis) -> Result<Self, parity_scale_codec::Error> {
        let info = GenesisBlockInfo::decode_all(&mut &message.bridge_genesis_info[..])?;
        let position = RelayPosition {
            number: info.block_header.number,
            hash: info.block_header.hash(),
            set: Arc::new(info.authority_set),
        };
        Ok(Self { para_id: message.para_id, position })
    }

    /// Whether workers of a production network start here.
    pub(super) fn is_known_start(&self) -> bool {
        let hash = hex::encode(self.position.hash.0);
        KNOWN_STARTS.iter().any(|(_, number, known, id)| {
            (*number, *known, *id) == (self.position.number, &hash, self.position.set.id)
        })
    }
}

/// Fetches and verifies it all; also gives the parachain's header 0.
pub(super) async fn fetch(
    relay: &dyn ChainSource,
    para: &dyn ChainSource,
    expected_para_id: Option<u32>,
) -> Result<(db::Genesis, EncodedHeader), IngestError> {
    if para.finalized_head().await?.number() == 0 {
        return Err(IngestError::NotYet("the parachain has no final block yet".to_owned()));
    }
    let start = relay_start(para).await?;
    let (info, set_id) = bridge_info(relay, start).await?;
    check_known_start(relay.genesis_hash().await?, &info, set_id)
        .map_err(|reason| refused(relay, format!("relay block {start}"), &reason))?;

    let hash = para.genesis_hash().await?;
    let header = para.header(hash).await?;
    let pairs = para.pairs(hash).await?;
    let checked = tokio::task::spawn_blocking({
        let root = header.header().state_root;
        move || check_state(pairs, root)
    });
    let checked = checked.await.map_err(|error| IngestError::NotYet(error.to_string()))?;
    let (state, para_id) =
        checked.map_err(|reason| refused(para, "parachain block 0".to_owned(), &reason))?;
    if let Some(expected) = expected_para_id.filter(|expected| *expected != para_id) {
        let reason = format!("it has id {para_id}, configured is {expected}");
        return Err(refused(para, "parachain block 0".to_owned(), &reason));
    }
    let message = db::Genesis {
        para_id,
        para_number: 0,
        parent_number: start,
        bridge_genesis_info: info.encode().into(),
        genesis_state: state.into(),
    };
    Ok((message, header))
}

fn refused(chain: &dyn ChainSource, block: String, reason: &str) -> IngestError {
    Refused::by(chain, block, &reason).into()
}

/// The relay chain block workers start from: the one before the parent of the parachain's first
/// block.
async fn relay_start(para: &dyn ChainSource) -> Result<u32, IngestError> {
    let first = para.block_hash(1).await?;
    let first = first
        .ok_or_else(|| IngestError::NotYet("the parachain has no first block yet".to_owned()))?;
    let header = para.header(first).await?;
    let key = keys::validation_data();
    let nodes = para.read_proof(vec![key.clone()], first).await?;
    let wrong = |reason: String| refused(para, "parachain block 1".to_owned(), &reason);
    let proof = Proof::new(header.header().state_root, nodes);
    let value = proof.value(&key).map_err(|error| wrong(error.to_string()))?;
    let value = value.ok_or_else(|| wrong("its state has no validation data".to_owned()))?;
    let (_, relay_parent) = <(Vec<u8>, u32)>::decode(&mut &value[..])
        .map_err(|error| wrong(format!("its validation data does not decode: {error}")))?;
    relay_parent
        .checked_sub(1)
        .ok_or_else(|| wrong("it was made on relay block 0, before which there is none".to_owned()))
}

async fn bridge_info(
    relay: &dyn ChainSource,
    number: u32,
) -> Result<(GenesisBlockInfo, u64), IngestError> {
    let hash = relay.block_hash(number).await?;
    let hash = hash.ok_or_else(|| {
        IngestError::NotYet(format!("the relay chain's node has no block {number} yet"))
    })?;
    let header = relay.header(hash).await?;
    let wrong = |reason: String| refused(relay, format!("relay block {number}"), &reason);
    if header.number() != number {
        return Err(wrong(format!("its header has number {}", header.number())));
    }
    let [newer, older] = authority_keys();
    let set_id_key = keys::grandpa_current_set_id();
    let wanted = vec![older.clone(), set_id_key.clone(), newer.clone()];
    let nodes = relay.read_proof(wanted, hash).await?;
    let proof = Proof::new(header.header().state_root, nodes);
    let list = proven_authorities(&proof).map_err(|error| wrong(error.to_string()))?;
    if list.iter().all(|(_, weight)| *weight == 0) {
        return Err(wrong("no authority has weight".to_owned()));
    }
    let id = proof.value(&set_id_key).map_err(|error| wrong(error.to_string()))?;
    let id = match id {
        Some(value) => u64::decode(&mut &value[..])
            .map_err(|error| wrong(format!("its set id does not decode: {error}")))?,
        None => 0,
    };
    let proof = proof
        .nodes_for(&[&newer, &older, &set_id_key])
        .map_err(|error| wrong(error.to_string()))?;
    let info = GenesisBlockInfo {
        block_header: header.header().clone(),
        authority_set: AuthoritySet { list, id },
        proof,
    };
    Ok((info, id))
}

fn check_known_start(relay: H256, info: &GenesisBlockInfo, set_id: u64) -> Result<(), String> {
    let relay = hex::encode(relay.0);
    let known = KNOWN_STARTS.iter().find(|(genesis, ..)| *genesis == relay);
    let Some((_, number, hash, id)) = known else { return Ok(()) };
    let header = &info.block_header;
    let found = (header.number, hex::encode(header.hash().0), set_id);
    if found == (*number, (*hash).to_owned(), *id) {
        return Ok(());
    }
    Err(format!(
        "workers of this network start at block {number} (0x{hash}, set {id}), not at block {} \
         (0x{}, set {})",
        found.0, found.1, found.2
    ))
}

/// SCALE StorageState of the pairs, if they give that root, and the parachain's id in them.
fn check_state(pairs: Vec<Pair>, root: H256) -> Result<(Vec<u8>, u32), String> {
    let key = keys::para_id();
    let para_id = match pairs.iter().find(|(found, _)| *found == key) {
        None => DEFAULT_PARA_ID,
        Some((_, value)) => u32::decode(&mut &value[..])
            .map_err(|error| format!("the parachain's id does not decode: {error}"))?,
    };
    let pairs: StorageState = pairs;
    let encoded = pairs.encode();
    ParaState::with_root(pairs, root)?;
    Ok((encoded, para_id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_vectors::Vectors;

    #[test]
    fn the_recorded_genesis_state_is_accepted_and_a_changed_one_is_not() {
        let vectors = Vectors::load();
        let pairs = StorageState::decode_all(&mut &vectors.genesis_state[..]).unwrap();
        let root = vectors.para[0].state_root;
        let (encoded, para_id) = check_state(pairs.clone(), root).unwrap();
        assert_eq!((encoded, para_id), (vectors.genesis_state.clone(), vectors.para_id));
        check_state(pairs[1..].to_vec(), root).unwrap_err();
    }

    #[test]
    fn production_networks_start_where_their_workers_do() {
        let info = GenesisBlockInfo::decode_all(&mut &Vectors::load().genesis_info[..]).unwrap();
        assert_eq!(check_known_start(H256::zero(), &info, 0), Ok(()));
        let kusama = H256(hex::decode(KNOWN_STARTS[0].0).unwrap().try_into().unwrap());
        let refusal = check_known_start(kusama, &info, 3228).unwrap_err();
        assert!(refusal.contains("8325311"), "{refusal}");
    }
}
