//! Good material of a recorded chain, and the means to make bad from it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use finality_grandpa::{Commit, Message, Precommit, SignedPrecommit};
use parity_scale_codec::{Decode, Encode};
use prb_devnet::pruntime::proto;
use prb_devnet::pruntime::scale::{BlockHeaderWithChanges, Header, HeaderToSync, StorageChanges};
use serde_json::Value;
use sp_consensus_grandpa::{GrandpaJustification, localized_payload};
use sp_core::{Pair, ed25519};

/// The relay block the recorded chain begins after.
pub(crate) const GENESIS: u32 = 3;

/// The authority set that signs relay blocks 3 to 20.
pub(crate) const SET_ID: u64 = 1;
pub(crate) const VOTERS: [&str; 4] = ["Bob", "Charlie", "Dave", "Eve"];

/// The recorded chain.
pub(crate) struct Material {
    genesis_info: Vec<u8>,
    genesis_state: Vec<u8>,
    relay: Vec<HeaderToSync>,
    para: Vec<BlockHeaderWithChanges>,
    /// Proofs of the para head, by relay block.
    proofs: BTreeMap<u32, Vec<Vec<u8>>>,
}

fn read(name: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/vectors/pruntime");
    let text = std::fs::read_to_string(PathBuf::from(folder).join(name)).expect("the vectors");
    serde_json::from_str(&text).expect("JSON")
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().expect("hex")).expect("hex")
}

fn decoded<T: Decode>(value: &Value) -> T {
    T::decode(&mut &bytes(value)[..]).expect("SCALE")
}

impl Material {
    pub(crate) fn load() -> Self {
        let chain = read("chain.json");
        let list = |name: &str| chain[name].as_array().expect("a list").clone();
        let relay = list("relay").into_iter().map(|block| HeaderToSync {
            header: decoded(&block["header"]),
            justification: Some(bytes(&block["justification"])),
        });
        let para = list("para").into_iter().map(|block| {
            match bytes(&block["block_header_with_changes"]) {
                changes if changes.is_empty() => BlockHeaderWithChanges {
                    block_header: decoded(&block["header"]),
                    storage_changes: StorageChanges::default(),
                },
                changes => BlockHeaderWithChanges::decode(&mut &changes[..]).expect("SCALE"),
            }
        });
        Self {
            genesis_info: bytes(&chain["encoded_genesis_info"]),
            genesis_state: bytes(&chain["encoded_genesis_state"]),
            relay: relay.collect(),
            para: para.collect(),
            proofs: recorded_proofs(),
        }
    }

    pub(crate) fn init(&self) -> proto::InitRuntimeRequest {
        proto::InitRuntimeRequest {
            encoded_genesis_info: self.genesis_info.clone(),
            encoded_genesis_state: self.genesis_state.clone(),
            is_parachain: true,
            ..proto::InitRuntimeRequest::default()
        }
    }

    pub(crate) fn relay_header(&self, number: u32) -> Header {
        self.relay[number as usize].header.clone()
    }

    pub(crate) fn para_header(&self, number: u32) -> Header {
        self.para[number as usize].block_header.clone()
    }

    /// Relay headers with the justification on the last.
    pub(crate) fn relay_run(&self, numbers: std::ops::RangeInclusive<u32>) -> Vec<HeaderToSync> {
        let last = *numbers.end();
        let item = |number: u32| {
            let mut item = self.relay[number as usize].clone();
            item.justification.take_if(|_| number != last);
            item
        };
        numbers.map(item).collect()
    }

    pub(crate) fn para_run(&self, numbers: std::ops::RangeInclusive<u32>) -> Vec<Header> {
        numbers.map(|number| self.para_header(number)).collect()
    }

    pub(crate) fn blocks(
        &self,
        numbers: std::ops::RangeInclusive<u32>,
    ) -> Vec<BlockHeaderWithChanges> {
        numbers.map(|number| self.para[number as usize].clone()).collect()
    }

    /// The recorded proof of the para head in the state of a relay block.
    pub(crate) fn proof(&self, relay: u32) -> Vec<Vec<u8>> {
        self.proofs[&relay].clone()
    }
}

/// The proofs of the sequence that feeds each relay header alone.
fn recorded_proofs() -> BTreeMap<u32, Vec<Vec<u8>>> {
    let scenario = read("happy_01_one_by_one.json");
    let mut proofs = BTreeMap::new();
    let mut relay = None;
    for op in scenario["ops"].as_array().expect("ops") {
        if op["op"] == "sync_header" {
            relay = op["expect"]["ok"]["synced_to"].as_u64();
        }
        if let (true, Some(relay)) = (op["op"] == "sync_para_header", relay) {
            let nodes = op["request"]["proof"].as_array().expect("a proof");
            proofs.insert(relay as u32, nodes.iter().map(bytes).collect());
        }
    }
    proofs
}

pub(crate) fn sync_header(run: &[HeaderToSync]) -> proto::HeadersToSync {
    proto::HeadersToSync { encoded_headers: run.encode(), encoded_authority_set_change: None }
}

pub(crate) fn sync_para_header(run: &[Header], proof: Vec<Vec<u8>>) -> proto::ParaHeadersToSync {
    proto::ParaHeadersToSync { encoded_headers: run.encode(), proof }
}

pub(crate) fn dispatch(blocks: &[BlockHeaderWithChanges]) -> proto::Blocks {
    proto::Blocks { encoded_blocks: blocks.encode() }
}

/// A justification in the making.
pub(crate) struct Votes {
    pub(crate) set_id: u64,
    pub(crate) round: u64,
    /// Voter and the block it votes for.
    pub(crate) cast: Vec<(&'static str, Header)>,
    pub(crate) ancestries: Vec<Header>,
}

impl Votes {
    /// One vote of each for the block itself.
    pub(crate) fn of(voters: &[&'static str], target: &Header) -> Self {
        Self {
            set_id: SET_ID,
            round: 7,
            cast: voters.iter().map(|voter| (*voter, target.clone())).collect(),
            ancestries: Vec::new(),
        }
    }

    /// Signs the votes and commits to `target`.
    pub(crate) fn justify(&self, target: &Header) -> GrandpaJustification<Header> {
        let precommits = self.cast.iter().map(|(voter, header)| {
            let pair = ed25519::Pair::from_string(&format!("//{voter}"), None).expect("a dev key");
            let precommit = Precommit { target_hash: header.hash(), target_number: header.number };
            let message = Message::Precommit(precommit.clone());
            let signature = pair.sign(&localized_payload(self.round, self.set_id, &message));
            SignedPrecommit { precommit, signature: signature.into(), id: pair.public().into() }
        });
        GrandpaJustification {
            round: self.round,
            commit: Commit {
                target_hash: target.hash(),
                target_number: target.number,
                precommits: precommits.collect(),
            },
            votes_ancestries: self.ancestries.clone(),
        }
    }
}

/// A run with another justification on its last header.
pub(crate) fn justified(
    mut run: Vec<HeaderToSync>,
    justification: &impl Encode,
) -> Vec<HeaderToSync> {
    run.last_mut().expect("a header").justification = Some(justification.encode());
    run
}
