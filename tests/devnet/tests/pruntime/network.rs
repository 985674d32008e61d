//! The embedded network feeding a double: the chains are read where they are made.

use std::sync::Arc;

use parity_scale_codec::{Decode, Encode};
use prb_devnet::engine::archive::{pairs, read_proof};
use prb_devnet::engine::chain::StoredBlock;
use prb_devnet::network::Chains;
use prb_devnet::pruntime::proto;
use prb_devnet::pruntime::scale::{AuthoritySet, GenesisBlockInfo, HeaderToSync};
use prb_devnet_runtime::types::PersistedValidationData;
use sp_consensus_grandpa::AuthorityList;

use super::client::Peer;
use super::follow::accept;
use super::small_chain::key;

/// Blocks sent in one dispatch.
const DISPATCH: u32 = 16;

/// The relay block a pRuntime starts from: the one before the relay parent of para block 1.
pub(crate) fn start_block(chains: &Chains) -> Arc<StoredBlock> {
    let para = chains.para.chain();
    let first = para.block_at(1).expect("a para block");
    let data = para.storage(first.hash, &key("ParachainSystem", "ValidationData", None));
    let data = data.expect("a state").expect("validation data");
    let data = PersistedValidationData::decode(&mut &data[..]).expect("SCALE");
    chains.relay.chain().block_at(data.relay_parent_number - 1).expect("a relay block")
}

pub(crate) fn init(chains: &Chains) -> proto::InitRuntimeRequest {
    let relay = chains.relay.chain();
    let start = start_block(chains);
    let list_key = key("Grandpa", "Authorities", None);
    let id_key = key("Grandpa", "CurrentSetId", None);
    let read = |key: &[u8]| relay.storage(start.hash, key).expect("a state").expect("a value");
    let list = AuthorityList::decode(&mut &read(&list_key)[..]).expect("SCALE");
    let id = u64::decode(&mut &read(&id_key)[..]).expect("SCALE");
    let keys = [list_key, id_key, b":grandpa_authorities".to_vec()];
    let proof = read_proof(&relay.state_of(&start), keys).expect("a whole state");
    let genesis = GenesisBlockInfo {
        block_header: start.header.clone(),
        authority_set: AuthoritySet { list, id },
        proof,
    };
    let para = chains.para.chain();
    let state = para.state_of(&para.genesis());
    let pairs = pairs(&state, &[]).expect("a whole state");
    let pairs: Vec<_> = pairs.map(|pair| pair.expect("a whole state")).collect();
    proto::InitRuntimeRequest {
        encoded_genesis_info: genesis.encode(),
        encoded_genesis_state: pairs.encode(),
        is_parachain: true,
        ..proto::InitRuntimeRequest::default()
    }
}

/// Feeds a pRuntime all that is final and it does not have yet.
pub(crate) async fn feed(chains: &Chains, peer: &Peer) {
    while step(chains, peer).await {}
}

/// Sends what the counters want; whether there was anything.
async fn step(chains: &Chains, peer: &Peer) -> bool {
    let info = peer.info().await;
    if info.blocknum < info.para_headernum {
        let last = (info.blocknum + DISPATCH).min(info.para_headernum);
        accept(peer, "DispatchBlocks", &blocks(chains, info.blocknum..last)).await;
        return true;
    }
    if info.waiting_for_paraheaders {
        let relay = chains.relay.chain().block_at(info.headernum - 1).expect("a synced block");
        let head = chains.para_head_at(&relay).expect("a head").number;
        if head >= info.para_headernum {
            let request = para_headers(chains, &relay, info.para_headernum..=head);
            accept(peer, "SyncParaHeader", &request).await;
            return true;
        }
    }
    match relay_headers(chains, info.headernum) {
        Some(request) => {
            accept(peer, "SyncHeader", &request).await;
            true
        }
        None => false,
    }
}

fn blocks(chains: &Chains, numbers: std::ops::Range<u32>) -> proto::Blocks {
    let mut encoded_blocks = parity_scale_codec::Compact(numbers.len() as u32).encode();
    for number in numbers {
        let block = chains.para.chain().block_at(number).expect("a final block");
        block.header.encode_to(&mut encoded_blocks);
        encoded_blocks.extend_from_slice(block.changes.bytes());
    }
    proto::Blocks { encoded_blocks }
}

fn para_headers(
    chains: &Chains,
    relay: &StoredBlock,
    numbers: std::ops::RangeInclusive<u32>,
) -> proto::ParaHeadersToSync {
    let header = |number| chains.para.chain().block_at(number).expect("a block").header.clone();
    let headers: Vec<_> = numbers.map(header).collect();
    let state = chains.relay.chain().state_of(relay);
    let proof = read_proof(&state, [chains.para_head_key()]).expect("a whole state");
    proto::ParaHeadersToSync { encoded_headers: headers.encode(), proof }
}

/// The run from a header to the last one its finality proof covers.
fn relay_headers(chains: &Chains, from: u32) -> Option<proto::HeadersToSync> {
    let relay = chains.relay.chain();
    let proof = chains.finality.finality.read().prove(relay, from).ok()??;
    let last = relay.block(proof.block).expect("a proven block").number();
    if last < from {
        return None;
    }
    let item = |number| HeaderToSync {
        header: relay.block_at(number).expect("a final block").header.clone(),
        justification: (number == last).then(|| proof.justification.clone()),
    };
    let run: Vec<_> = (from..=last).map(item).collect();
    Some(proto::HeadersToSync { encoded_headers: run.encode(), encoded_authority_set_change: None })
}
