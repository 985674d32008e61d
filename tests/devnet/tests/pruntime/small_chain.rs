//! A relay chain and a parachain made for a test, one relay block and one para block at a time.

use finality_grandpa::{Commit, Message, Precommit, SignedPrecommit};
use parity_scale_codec::{Decode, Encode};
use prb_devnet::pruntime::proto;
use prb_devnet::pruntime::scale::{
    AuthoritySet, BlockHeaderWithChanges, GenesisBlockInfo, Header, HeaderToSync, StorageChanges,
};
use sp_consensus_grandpa::{AuthorityList, GrandpaJustification, localized_payload};
use sp_core::storage::StateVersion;
use sp_core::{Blake2Hasher, H256, Pair, ed25519};
use sp_io::hashing::{twox_64, twox_128};
use sp_runtime::Digest;
use sp_runtime::traits::Header as _;
use sp_state_machine::{Backend, InMemoryBackend, IterArgs, prove_read};

const PARA_ID: u32 = 2004;
const SET_ID: u64 = 5;

/// A storage key by its names, and by its map key where there is one.
pub(crate) fn key(pallet: &str, item: &str, map_key: Option<&[u8]>) -> Vec<u8> {
    let mut key = [twox_128(pallet.as_bytes()), twox_128(item.as_bytes())].concat();
    if let Some(map_key) = map_key {
        key.extend(twox_64(map_key));
        key.extend(map_key);
    }
    key
}

type State = InMemoryBackend<Blake2Hasher>;

fn insert(state: &mut State, pairs: &[(Vec<u8>, Option<Vec<u8>>)], version: StateVersion) {
    state.insert([(None, pairs.to_vec())], version);
}

/// Both chains at their tips.
pub(crate) struct SmallChain {
    genesis: GenesisBlockInfo,
    genesis_state: Vec<(Vec<u8>, Vec<u8>)>,
    relay: Header,
    relay_state: State,
    para: Header,
    para_state: State,
    now_ms: u64,
}

/// What one step of both chains feeds a pRuntime with.
pub(crate) struct Step {
    pub(crate) relay: proto::HeadersToSync,
    pub(crate) para: proto::ParaHeadersToSync,
    pub(crate) block: proto::Blocks,
    pub(crate) state_root: H256,
}

fn pair() -> ed25519::Pair {
    ed25519::Pair::from_seed(&[11; 32])
}

fn authorities() -> AuthorityList {
    vec![(pair().public().into(), 1)]
}

fn next(parent: &Header, state_root: H256) -> Header {
    Header::new(parent.number + 1, H256::zero(), state_root, parent.hash(), Digest::default())
}

impl SmallChain {
    /// Chains whose para blocks begin at this time, ms since 1970, a second apart.
    pub(crate) fn begin(now_ms: u64) -> Self {
        let mut para_state = State::default();
        let genesis_state = vec![(key("ParachainInfo", "ParachainId", None), PARA_ID.encode())];
        let pairs: Vec<_> = genesis_state.iter().cloned().map(|(k, v)| (k, Some(v))).collect();
        insert(&mut para_state, &pairs, StateVersion::V0);
        let para =
            Header::new(0, H256::zero(), *para_state.root(), H256::zero(), Digest::default());

        let mut relay_state = State::default();
        let list_key = key("Grandpa", "Authorities", None);
        insert(
            &mut relay_state,
            &[(list_key.clone(), Some(authorities().encode()))],
            StateVersion::V1,
        );
        let relay =
            Header::new(100, H256::zero(), *relay_state.root(), H256::zero(), Digest::default());
        let proof = prove_read(relay_state.clone(), [&list_key]).expect("a state with this key");
        let genesis = GenesisBlockInfo {
            block_header: relay.clone(),
            authority_set: AuthoritySet { list: authorities(), id: SET_ID },
            proof: proof.into_iter_nodes().collect(),
        };
        Self { genesis, genesis_state, relay, relay_state, para, para_state, now_ms }
    }

    pub(crate) fn init(&self) -> proto::InitRuntimeRequest {
        proto::InitRuntimeRequest {
            encoded_genesis_info: self.genesis.encode(),
            encoded_genesis_state: self.genesis_state.encode(),
            is_parachain: true,
            ..proto::InitRuntimeRequest::default()
        }
    }

    /// The relay block that includes para block 0.
    pub(crate) fn include_genesis(&mut self) -> (proto::HeadersToSync, proto::ParaHeadersToSync) {
        self.include()
    }

    /// A para block with these changes, and the relay block that includes it.
    pub(crate) fn step(&mut self, changes: Vec<(Vec<u8>, Option<Vec<u8>>)>) -> Step {
        self.now_ms += 1000;
        let mut changes = changes;
        changes.push((key("Timestamp", "Now", None), Some(self.now_ms.encode())));
        insert(&mut self.para_state, &changes, StateVersion::V0);
        let state_root = *self.para_state.root();
        self.para = next(&self.para, state_root);
        let block = BlockHeaderWithChanges {
            block_header: self.para.clone(),
            storage_changes: StorageChanges {
                main_storage_changes: changes,
                child_storage_changes: Vec::new(),
            },
        };
        let block = proto::Blocks { encoded_blocks: vec![block].encode() };
        let (relay, para) = self.include();
        Step { relay, para, block, state_root }
    }

    /// All pairs of the para state, as a fast sync loads them.
    pub(crate) fn state(&self) -> proto::ChainState {
        let pairs = self.para_state.pairs(IterArgs::default()).expect("a whole state");
        let pairs: Vec<_> = pairs.map(|pair| pair.expect("a whole state")).collect();
        proto::ChainState { block_number: self.para.number, encoded_state: pairs.encode() }
    }

    fn include(&mut self) -> (proto::HeadersToSync, proto::ParaHeadersToSync) {
        let head_key = key("Paras", "Heads", Some(&PARA_ID.encode()));
        let head = self.para.encode().encode();
        insert(&mut self.relay_state, &[(head_key.clone(), Some(head))], StateVersion::V1);
        self.relay = next(&self.relay, *self.relay_state.root());
        let item = HeaderToSync {
            header: self.relay.clone(),
            justification: Some(justification(&self.relay).encode()),
        };
        let relay = proto::HeadersToSync {
            encoded_headers: vec![item].encode(),
            encoded_authority_set_change: None,
        };
        let proof = prove_read(self.relay_state.clone(), [&head_key]).expect("a whole state");
        let para = proto::ParaHeadersToSync {
            encoded_headers: vec![self.para.clone()].encode(),
            proof: proof.into_iter_nodes().collect(),
        };
        (relay, para)
    }
}

fn justification(target: &Header) -> GrandpaJustification<Header> {
    let precommit = Precommit { target_hash: target.hash(), target_number: target.number };
    let message = Message::Precommit(precommit.clone());
    let signature = pair().sign(&localized_payload(1, SET_ID, &message)).into();
    let signed = SignedPrecommit { precommit, signature, id: pair().public().into() };
    let commit = Commit {
        target_hash: target.hash(),
        target_number: target.number,
        precommits: vec![signed],
    };
    GrandpaJustification { round: 1, commit, votes_ancestries: Vec::new() }
}

/// The number of the only block in a request.
pub(crate) fn number_of(block: &proto::Blocks) -> u32 {
    let blocks: Vec<BlockHeaderWithChanges> =
        Decode::decode(&mut &block.encoded_blocks[..]).expect("own encoding");
    blocks[0].block_header.number
}
