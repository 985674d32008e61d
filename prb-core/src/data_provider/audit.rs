//! A whole store verified again, from what workers start from to its last block, as if every byte
//! came from a stranger.

use std::fmt::Display;

use parity_scale_codec::DecodeAll;
use prb_walkie::proto::data_provider::RelaySegment;
use prb_walkie::proto::db;
use prost::Message;
use subxt::utils::H256;

use super::genesis::Genesis;
use super::ingest::{check_block, segment_message};
use super::state;
use crate::chain::verify::authorities::proven_authorities;
use crate::chain::verify::headers::continue_chain;
use crate::chain::verify::para_state::{ChildStates, ParaState};
use crate::chain::verify::segment::{self, SegmentCandidate};
use crate::chain::verify::storage_proof::Proof;
use crate::scale::bridge::{AuthoritySetChange, GenesisBlockInfo, HeaderToSync};
use crate::scale::header::EncodedHeader;
use crate::scale::storage::StorageState;
use crate::store::Store;

/// How far a store is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// The parachain's id.
    pub para_id: u32,
    /// The relay chain block that workers start from.
    pub start: (u32, H256),
    /// Whether that is where the workers of a production network start.
    pub known_start: bool,
    /// The last relay chain block.
    pub relay: u32,
    /// The parachain's head in the relay chain's state there. A copy may lack the last headers.
    pub para_head: u32,
    /// The last parachain header that leads to such a head.
    pub headers: u32,
    /// The last parachain block that replays to its state root.
    pub blocks: u32,
}

/// The first thing in a store that does not verify.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {reason}")]
pub struct Unverified {
    /// Which block or object.
    pub what: String,
    /// What does not fit.
    pub reason: String,
}

fn wrong(what: &dyn Display, reason: &dyn Display) -> Unverified {
    Unverified { what: what.to_string(), reason: reason.to_string() }
}

/// Verifies everything in a store.
pub(super) async fn audit(store: &Store) -> Result<Verified, Unverified> {
    let unreadable = |error: &dyn Display| wrong(&"the genesis", error);
    let body = store.genesis().await.map_err(|error| unreadable(&error))?;
    let body = body.ok_or_else(|| unreadable(&"there is none"))?;
    let message = db::Genesis::decode(body).map_err(|error| unreadable(&error))?;
    let genesis = Genesis::read(&message).map_err(|error| unreadable(&error))?;
    let info = GenesisBlockInfo::decode_all(&mut &message.bridge_genesis_info[..]);
    let info = info.map_err(|error| unreadable(&error))?;
    let proof = Proof::new(info.block_header.state_root, info.proof.clone());
    match proven_authorities(&proof) {
        Ok(list) if list == info.authority_set.list => {}
        Ok(_) => return Err(unreadable(&"its authorities are not those of its block")),
        Err(error) => return Err(unreadable(&error)),
    }
    let (relay, heads) = relay(store, &genesis).await?;
    let para_head = heads.last().map_or(0, |(number, _)| *number);
    let headers = headers(store, &heads).await?;
    let (number, state) = if store.para_start().await == 0 {
        let state = StorageState::decode_all(&mut &message.genesis_state[..]);
        let state = ParaState::new(state.map_err(|error| unreadable(&error))?, ChildStates::new());
        (0, state.map_err(|error| unreadable(&error))?)
    } else {
        oldest_state(store).await?
    };
    let blocks = blocks(store, number, state, headers).await?;
    let start = (genesis.position.number, genesis.position.hash);
    let known_start = genesis.is_known_start();
    Ok(Verified { para_id: genesis.para_id, start, known_start, relay, para_head, headers, blocks })
}

/// Verifies the relay chain; gives its last block and the parachain's heads it proves.
async fn relay(store: &Store, genesis: &Genesis) -> Result<(u32, Vec<(u32, H256)>), Unverified> {
    let mut position = genesis.position.clone();
    let mut heads = Vec::new();
    let opened = store.open_relay(position.next()).await;
    let segments = opened.map_err(|error| wrong(&"the relay chain", &error))?;
    while position.next() < segments.next() {
        let what = format!("relay block {}", position.next());
        let body = segments.segment(position.next()).await.map_err(|error| wrong(&what, &error))?;
        let body = body.ok_or_else(|| wrong(&what, &"it is missing"))?;
        let stored = RelaySegment::decode(body).map_err(|error| wrong(&what, &error))?;
        let candidate = candidate(&stored).map_err(|error| wrong(&what, &error))?;
        let para_id = genesis.para_id;
        let checked =
            tokio::task::spawn_blocking(move || segment::verify(&position, para_id, candidate));
        let checked = checked.await.map_err(|error| wrong(&what, &error))?;
        let (segment, next) = checked.map_err(|error| wrong(&what, &error))?;
        heads.extend(segment.para_head.as_ref().map(|head| (head.number(), head.hash())));
        if segment_message(segment) != stored {
            return Err(wrong(&what, &"more, or something else, is stored than is proven"));
        }
        position = next;
    }
    Ok((position.number, heads))
}

/// A stored segment as if a node had given it.
fn candidate(stored: &RelaySegment) -> Result<SegmentCandidate, parity_scale_codec::Error> {
    let mut headers = Vec::with_capacity(stored.items.len());
    let mut justification = Vec::new();
    for item in &stored.items {
        let item = HeaderToSync::decode_all(&mut &item[..])?;
        justification = item.justification.unwrap_or_default();
        headers.push(EncodedHeader::from(item.header));
    }
    let mut proof: Vec<Vec<u8>> = stored.para_proof.iter().map(|node| node.to_vec()).collect();
    if let Some(change) = &stored.authority_set_change {
        proof.extend(AuthoritySetChange::decode_all(&mut &change[..])?.authority_proof);
    }
    Ok(SegmentCandidate { headers, justification: justification.into(), proof })
}

/// Verifies the parachain's headers; gives the last one that a head proves.
async fn headers(store: &Store, heads: &[(u32, H256)]) -> Result<u32, Unverified> {
    let Some(proven) = heads.iter().map(|(number, _)| *number).max() else { return Ok(0) };
    let start = store.para_start().await;
    let mut next = start;
    let mut heads = heads.iter().skip_while(|(number, _)| *number < start).peekable();
    let mut parent = H256::zero();
    let mut last = 0;
    while next <= proven && next < store.headers.next() {
        let what = format!("parachain header {next}");
        let items = store.headers.items(next, proven - next + 1).await;
        let items = items.map_err(|error| wrong(&what, &error))?;
        let decoded: Result<Vec<_>, _> = items.into_iter().map(EncodedHeader::decode).collect();
        let decoded = decoded.map_err(|error| wrong(&what, &error))?;
        let end = decoded.last().ok_or_else(|| wrong(&what, &"it is missing"))?.hash();
        if next == start && start > 0 {
            // Whatever came before, the first one is proven by those that descend from it.
            parent = decoded.first().map_or(parent, |header| header.header().parent_hash);
        }
        continue_chain(parent, next, &decoded).map_err(|error| wrong(&what, &error))?;
        for header in &decoded {
            while let Some((_, hash)) = heads.next_if(|(number, _)| *number == header.number()) {
                if *hash != header.hash() {
                    let what = format!("parachain header {}", header.number());
                    return Err(wrong(&what, &"it is not the one the relay chain's state proves"));
                }
                last = header.number();
            }
        }
        parent = end;
        next += decoded.len() as u32;
    }
    Ok(last)
}

/// The oldest full state of a store whose parachain begins later: the blocks before it can no more
/// be replayed.
async fn oldest_state(store: &Store) -> Result<(u32, ParaState), Unverified> {
    let states = store.states().await.map_err(|error| wrong(&"the full states", &error))?;
    let number = states.first().ok_or_else(|| wrong(&"the full states", &"there is none"))?;
    let state = state::stored(store, *number).await;
    let state = state.map_err(|error| wrong(&format!("the full state {number}"), &error))?;
    Ok((*number, state))
}

/// Replays the parachain's blocks after `number`, of which this is the state, up to header
/// `proven`; gives the last one.
async fn blocks(
    store: &Store,
    number: u32,
    mut state: ParaState,
    proven: u32,
) -> Result<u32, Unverified> {
    let mut next = number + 1;
    let what = format!("parachain header {number}");
    let header = store.headers.item(number).await.map_err(|error| wrong(&what, &error))?;
    let header = header.ok_or_else(|| wrong(&what, &"it is missing"))?;
    let header = EncodedHeader::decode(header).ok();
    if header.is_none_or(|header| header.header().state_root != state.root()) {
        let state = format!("the state of parachain block {number}");
        return Err(wrong(&state, &format!("its root is not that of {what}")));
    }
    while next <= proven && next < store.blocks.next() {
        let what = |number| format!("parachain block {number}");
        let items = store.blocks.items(next, proven - next + 1).await;
        let items = items.map_err(|error| wrong(&what(next), &error))?;
        let headers = store.headers.items(next, items.len() as u32).await;
        let headers = headers.map_err(|error| wrong(&what(next), &error))?;
        let count = headers.len().min(items.len()) as u32;
        if count == 0 {
            return Err(wrong(&what(next), &"it is missing"));
        }
        let replay = tokio::task::spawn_blocking(move || {
            for (number, (item, header)) in (next..).zip(items.iter().zip(headers)) {
                let checked = match item.strip_prefix(&header[..]) {
                    Some(changes) => EncodedHeader::decode(header)
                        .map_err(|error| error.to_string())
                        .and_then(|header| check_block(&header, changes, Some(&mut state))),
                    None => Err("its header is another".to_owned()),
                };
                checked.map_err(|reason| wrong(&what(number), &reason))?;
            }
            Ok(state)
        });
        state = replay.await.map_err(|error| wrong(&what(next), &error))??;
        next += count;
    }
    Ok(next - 1)
}
