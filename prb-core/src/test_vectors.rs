//! The recorded chain of `tests/fixtures/vectors/pruntime`: made by real runtimes, accepted by
//! real verification code.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use parity_scale_codec::Decode;
use serde_json::Value;
use sp_crypto_hashing::blake2_256;
use subxt::utils::H256;

use crate::scale::bridge::AuthoritySetChange;
use crate::scale::header::Header;
use crate::scale::storage::StorageProof;

pub(crate) struct Vectors {
    pub(crate) para_id: u32,
    pub(crate) relay_genesis: u32,
    pub(crate) genesis_info: Vec<u8>,
    pub(crate) genesis_state: Vec<u8>,
    pub(crate) change_blocks: Vec<u32>,
    pub(crate) relay: Vec<RelayBlock>,
    pub(crate) para: Vec<ParaBlock>,
}

pub(crate) struct RelayBlock {
    pub(crate) number: u32,
    pub(crate) hash: H256,
    pub(crate) header: Vec<u8>,
    pub(crate) set_id: u64,
    pub(crate) para_head: Option<u32>,
    pub(crate) justification: Vec<u8>,
}

pub(crate) struct ParaBlock {
    pub(crate) number: u32,
    pub(crate) hash: H256,
    pub(crate) header: Vec<u8>,
    pub(crate) state_root: H256,
    pub(crate) block_header_with_changes: Vec<u8>,
}

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/vectors/pruntime")
}

impl Vectors {
    pub(crate) fn load() -> &'static Self {
        static LOADED: OnceLock<Vectors> = OnceLock::new();
        LOADED.get_or_init(Self::read)
    }

    fn read() -> Self {
        let text = std::fs::read_to_string(folder().join("chain.json")).unwrap();
        let json: Value = serde_json::from_str(&text).unwrap();
        let relay = |block: &Value| RelayBlock {
            number: number(&block["number"]),
            hash: hash(&block["hash"]),
            header: bytes(&block["header"]),
            set_id: block["set_id"].as_u64().unwrap(),
            para_head: block["para_head"].as_u64().map(|number| number as u32),
            justification: bytes(&block["justification"]),
        };
        let para = |block: &Value| ParaBlock {
            number: number(&block["number"]),
            hash: hash(&block["hash"]),
            header: bytes(&block["header"]),
            state_root: hash(&block["state_root"]),
            block_header_with_changes: bytes(&block["block_header_with_changes"]),
        };
        Self {
            para_id: number(&json["para_id"]),
            relay_genesis: number(&json["relay_genesis"]),
            genesis_info: bytes(&json["encoded_genesis_info"]),
            genesis_state: bytes(&json["encoded_genesis_state"]),
            change_blocks: json["change_blocks"].as_array().unwrap().iter().map(number).collect(),
            relay: json["relay"].as_array().unwrap().iter().map(relay).collect(),
            para: json["para"].as_array().unwrap().iter().map(para).collect(),
        }
    }
}

fn number(value: &Value) -> u32 {
    value.as_u64().unwrap() as u32
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn hash(value: &Value) -> H256 {
    H256(bytes(value).try_into().unwrap())
}

/// Proofs of the parachain's head, and of changed authorities, by relay block, out of the requests that were accepted.
pub(crate) fn proofs() -> &'static HashMap<u32, StorageProof> {
    static LOADED: OnceLock<HashMap<u32, StorageProof>> = OnceLock::new();
    LOADED.get_or_init(|| {
        let mut proofs = HashMap::new();
        for entry in std::fs::read_dir(folder()).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            let Ok(json) = serde_json::from_str::<Value>(&text) else { continue };
            let mut relay = None;
            for op in json["ops"].as_array().into_iter().flatten() {
                let (request, accepted) = (&op["request"], &op["expect"]["ok"]);
                if op["op"] == "sync_header" {
                    relay = accepted["synced_to"].as_u64();
                    if let Some(change) = request["encoded_authority_set_change"].as_str() {
                        let change = hex::decode(change).unwrap();
                        if let Ok(change) = AuthoritySetChange::decode(&mut &change[..]) {
                            add_proof(&mut proofs, relay, change.authority_proof);
                        }
                    }
                } else if op["op"] == "sync_para_header" && !accepted.is_null() {
                    let nodes = request["proof"].as_array().unwrap().iter().map(bytes);
                    add_proof(&mut proofs, relay, nodes.collect());
                }
            }
        }
        proofs
    })
}

/// Adds nodes to what proves the state of a relay block, if they do: a request that was a no-op
/// may hold any proof.
fn add_proof(proofs: &mut HashMap<u32, StorageProof>, relay: Option<u64>, nodes: StorageProof) {
    let Some(relay) = relay else { return };
    let header = &Vectors::load().relay[relay as usize].header;
    let root = Header::decode(&mut &header[..]).unwrap().state_root;
    if nodes.iter().any(|node| blake2_256(node) == root.0) {
        let known = proofs.entry(relay as u32).or_default();
        for node in nodes {
            if !known.contains(&node) {
                known.push(node);
            }
        }
    }
}
