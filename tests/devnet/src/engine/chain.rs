//! Blocks, their states and what is final.

use std::collections::HashMap;
use std::sync::Arc;

use parity_scale_codec::Decode;
use parking_lot::RwLock;
use sp_core::storage::Storage;
use sp_runtime::generic::Digest;
use sp_runtime::traits::{BlakeTwo256, Hash as _, Header as _};

use super::archive::{Archive, State};
use super::changes::{EncodedChanges, StorageChanges};
use super::execution::{Execution, ExecutionError, Written};
use super::{BlockNumber, Extrinsic, Hash, Header, NativeRuntime};

/// A block as the chain keeps it.
#[derive(Debug)]
pub struct StoredBlock {
    /// Hash of the header.
    pub hash: Hash,
    /// The sealed header.
    pub header: Header,
    /// Inherents first.
    pub extrinsics: Vec<Extrinsic>,
    /// What the block wrote.
    pub changes: EncodedChanges,
}

impl StoredBlock {
    /// Height of the block.
    pub fn number(&self) -> BlockNumber {
        self.header.number
    }
}

/// Why a block or its state cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// No block has this hash.
    #[error("UnknownBlock: Header was not found in the database: {0:?}")]
    UnknownBlock(Hash),
    /// The block is known, its state is not kept any more.
    #[error("UnknownBlock: State already discarded for {0:?}")]
    StateDiscarded(Hash),
    /// A trie could not be read.
    #[error("{0}")]
    State(String),
    /// The runtime gave no answer.
    #[error(transparent)]
    Execution(#[from] ExecutionError),
    /// The runtime's answer does not decode.
    #[error("{method} answered bytes that do not decode: {source}")]
    Answer {
        /// The runtime API method.
        method: String,
        /// What is wrong with them.
        source: parity_scale_codec::Error,
    },
}

/// One chain: blocks by hash and height, the archive of their states, the height that is final.
///
/// Readers never wait for a block being built: a block becomes visible as a whole.
#[derive(Debug)]
pub struct Chain {
    runtime: NativeRuntime,
    archive: Archive,
    index: RwLock<Index>,
}

#[derive(Debug)]
struct Index {
    by_hash: HashMap<Hash, Arc<StoredBlock>>,
    canonical: Vec<Arc<StoredBlock>>,
    finalized: BlockNumber,
}

impl Chain {
    /// A chain holding its genesis block alone, which is final.
    pub fn new(runtime: NativeRuntime, genesis: &Storage) -> Self {
        let archive = Archive::new();
        let version = runtime.version.state_version();
        let state_root = archive.commit_genesis(genesis, version);
        let no_extrinsics = BlakeTwo256::trie_root(Vec::new(), version);
        let header = Header::new(0, no_extrinsics, state_root, Hash::default(), Digest::default());
        let block = Arc::new(StoredBlock {
            hash: header.hash(),
            header,
            extrinsics: Vec::new(),
            changes: (&StorageChanges::of_genesis(genesis)).into(),
        });
        let index = Index {
            by_hash: HashMap::from([(block.hash, Arc::clone(&block))]),
            canonical: vec![block],
            finalized: 0,
        };
        Self { runtime, archive, index: RwLock::new(index) }
    }

    /// The runtime that executes the next block.
    pub fn runtime(&self) -> &NativeRuntime {
        &self.runtime
    }

    /// The highest block.
    pub fn best(&self) -> Arc<StoredBlock> {
        let index = self.index.read();
        Arc::clone(&index.canonical[index.canonical.len() - 1])
    }

    /// The highest final block.
    pub fn finalized(&self) -> Arc<StoredBlock> {
        let index = self.index.read();
        Arc::clone(&index.canonical[index.finalized as usize])
    }

    /// The block with this hash.
    pub fn block(&self, hash: Hash) -> Result<Arc<StoredBlock>, ChainError> {
        let index = self.index.read();
        index.by_hash.get(&hash).cloned().ok_or(ChainError::UnknownBlock(hash))
    }

    /// The canonical block at this height, if there is one yet.
    pub fn block_at(&self, number: BlockNumber) -> Option<Arc<StoredBlock>> {
        self.index.read().canonical.get(number as usize).cloned()
    }

    /// The genesis block.
    pub fn genesis(&self) -> Arc<StoredBlock> {
        Arc::clone(&self.index.read().canonical[0])
    }

    /// The state after the block with this hash.
    pub fn state(&self, hash: Hash) -> Result<State, ChainError> {
        Ok(self.state_of(&*self.block(hash)?))
    }

    /// The state after a block of this chain.
    pub fn state_of(&self, block: &StoredBlock) -> State {
        self.archive.state(block.header.state_root)
    }

    /// One storage value after the block with this hash.
    pub fn storage(&self, hash: Hash, key: &[u8]) -> Result<Option<Vec<u8>>, ChainError> {
        use sp_state_machine::Backend as _;
        self.state(hash)?.storage(key).map_err(ChainError::State)
    }

    /// A runtime API call on the state after the block with this hash; its writes are thrown away.
    pub fn call(&self, hash: Hash, method: &str, arguments: &[u8]) -> Result<Vec<u8>, ChainError> {
        let state = self.state(hash)?;
        Ok(Execution::new(&self.runtime, state).call(method, arguments)?)
    }

    /// Like [`Chain::call`], with the answer decoded.
    pub fn call_decoded<T: Decode>(
        &self,
        hash: Hash,
        method: &str,
        arguments: &[u8],
    ) -> Result<T, ChainError> {
        let answer = self.call(hash, method, arguments)?;
        T::decode(&mut &answer[..])
            .map_err(|source| ChainError::Answer { method: method.to_owned(), source })
    }

    /// Adds an executed block on top of the best one and makes it best.
    pub fn import(
        &self,
        header: Header,
        extrinsics: Vec<Extrinsic>,
        written: Written,
    ) -> Arc<StoredBlock> {
        debug_assert_eq!(header.state_root, written.root, "the header commits to its execution");
        self.archive.commit(written.transaction);
        let changes = EncodedChanges::from(&written.changes);
        let block = Arc::new(StoredBlock { hash: header.hash(), header, extrinsics, changes });
        let mut index = self.index.write();
        debug_assert_eq!(index.canonical.len(), block.number() as usize, "built on the best block");
        index.by_hash.insert(block.hash, Arc::clone(&block));
        index.canonical.push(Arc::clone(&block));
        block
    }

    /// Takes the best block off the canonical chain and returns it, unless it is final: another is
    /// built in its place. It stays known by its hash.
    pub fn revert_best(&self) -> Option<Arc<StoredBlock>> {
        let mut index = self.index.write();
        let best = index.canonical.len() as BlockNumber - 1;
        if best > index.finalized { index.canonical.pop() } else { None }
    }

    /// Makes the canonical chain final up to `number` and returns the newly final blocks, oldest
    /// first. A height that is final already changes nothing.
    pub fn finalize(&self, number: BlockNumber) -> Vec<Arc<StoredBlock>> {
        let mut index = self.index.write();
        let to = number.min(index.canonical.len() as BlockNumber - 1);
        let from = index.finalized + 1;
        index.finalized = index.finalized.max(to);
        (from..=to).map(|height| Arc::clone(&index.canonical[height as usize])).collect()
    }
}
