//! A chain with its pool, its author and those who listen.

use std::sync::Arc;
use std::time::Instant;

use parity_scale_codec::Encode;
use parking_lot::Mutex;
use sp_core::storage::Storage;
use sp_runtime::transaction_validity::{
    InvalidTransaction, TransactionSource, TransactionValidity, TransactionValidityError,
    UnknownTransaction,
};
use tokio::sync::broadcast;

use super::authoring::Author;
use super::builder::{self, BuildError, Proposal, extrinsic_hash};
use super::chain::{Chain, ChainError, StoredBlock};
use super::pool::{Events, Pool, PoolError, PoolLimits, PoolTransaction};
use super::watch::{TransactionStatus, TransactionWatchers};
use super::{BlockNumber, Extrinsic, Hash, NativeRuntime};

/// Blocks a subscriber may be behind before its subscription ends.
const BLOCK_BACKLOG: usize = 1024;
/// Transactions looked at again after each block.
const REVALIDATED_PER_BLOCK: usize = 128;

/// Why a submitted transaction is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// The runtime says it can never be valid now.
    #[error("Invalid Transaction: {0:?}")]
    Invalid(InvalidTransaction),
    /// The runtime cannot tell.
    #[error("Unknown Transaction Validity: {0:?}")]
    Unknown(UnknownTransaction),
    /// It provides no tag, so the pool could not tell it from others.
    #[error("No tags provided")]
    NoTags,
    /// The pool does not take it.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// The runtime could not look at it: it does not decode.
    #[error("Verification Error: {0}")]
    Verification(#[from] ChainError),
}

/// One chain's node.
#[derive(Debug)]
pub struct Node {
    chain: Chain,
    author: Author,
    pool: Mutex<Pool>,
    watchers: TransactionWatchers,
    imported: broadcast::Sender<Arc<StoredBlock>>,
    finalized: broadcast::Sender<Arc<StoredBlock>>,
}

impl Node {
    /// A node at genesis.
    pub fn new(runtime: NativeRuntime, genesis: &Storage, author: Author) -> Self {
        Self {
            chain: Chain::new(runtime, genesis),
            author,
            pool: Mutex::new(Pool::new(PoolLimits::default())),
            watchers: TransactionWatchers::default(),
            imported: broadcast::channel(BLOCK_BACKLOG).0,
            finalized: broadcast::channel(BLOCK_BACKLOG).0,
        }
    }

    /// The blocks and states.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Blocks as they are imported, from now on.
    pub fn subscribe_imported(&self) -> broadcast::Receiver<Arc<StoredBlock>> {
        self.imported.subscribe()
    }

    /// Blocks as they become final, from now on and without gaps.
    pub fn subscribe_finalized(&self) -> broadcast::Receiver<Arc<StoredBlock>> {
        self.finalized.subscribe()
    }

    /// Puts a transaction into the pool.
    pub fn submit(&self, extrinsic: Extrinsic) -> Result<Hash, SubmitError> {
        let hash = extrinsic_hash(&extrinsic);
        self.pool.lock().admissible(hash, Instant::now())?;
        let (best, validity) = self.validate(&extrinsic)?;
        let validity = validity.map_err(|error| {
            self.pool.lock().ban([hash], Instant::now());
            SubmitError::from(error)
        })?;
        if validity.provides.is_empty() {
            return Err(SubmitError::NoTags);
        }
        let transaction = PoolTransaction {
            hash,
            extrinsic,
            priority: validity.priority,
            requires: validity.requires,
            provides: validity.provides,
            valid_till: u64::from(best).saturating_add(validity.longevity),
        };
        let mut events = Events::new();
        let imported = self.pool.lock().import(transaction, &mut events);
        self.publish(events);
        Ok(imported.map(|()| hash)?)
    }

    /// Puts a transaction into the pool and follows it.
    pub fn submit_and_watch(
        &self,
        extrinsic: Extrinsic,
    ) -> Result<broadcast::Receiver<TransactionStatus>, SubmitError> {
        let hash = extrinsic_hash(&extrinsic);
        let updates = self.watchers.watch(hash);
        match self.submit(extrinsic) {
            Ok(_) => Ok(updates),
            Err(error) => {
                drop(updates);
                self.watchers.forget_unheard(hash);
                Err(error)
            }
        }
    }

    /// Transactions that can go into the next block, in their order.
    pub fn pending(&self) -> Vec<Arc<PoolTransaction>> {
        self.pool.lock().ready()
    }

    /// How many of `tags`, one after the other, ready transactions provide.
    pub fn provided_in_pool(&self, tags: impl IntoIterator<Item = Vec<u8>>) -> u64 {
        let pool = self.pool.lock();
        tags.into_iter().take_while(|tag| pool.provides(tag)).count() as u64
    }

    /// Builds a block on the best one from these inherents and the pool, and imports it.
    ///
    /// With `check` the block is executed a second time the way an importing node does it.
    pub fn make_block(
        &self,
        slot: u64,
        inherents: &[u8],
        check: bool,
    ) -> Result<Arc<StoredBlock>, BuildError> {
        self.make_block_of(&self.pending(), slot, inherents, check)
    }

    /// The same with only some of the pool's transactions, or none.
    pub fn make_block_of(
        &self,
        candidates: &[Arc<PoolTransaction>],
        slot: u64,
        inherents: &[u8],
        check: bool,
    ) -> Result<Arc<StoredBlock>, BuildError> {
        let parent = self.chain.best();
        let state = || self.chain.state_of(&parent);
        let proposal =
            Proposal { parent: &parent.header, digest: self.author.digest(slot), inherents };
        let built = builder::build(
            self.chain.runtime(),
            state(),
            proposal,
            candidates.iter().map(|transaction| (transaction.hash, &transaction.extrinsic)),
        )?;
        let mut header = built.header;
        self.author.seal(&mut header);
        if check {
            builder::execute(self.chain.runtime(), state(), &header, &built.extrinsics)?;
        }
        let included: Vec<Hash> = built.extrinsics.iter().map(extrinsic_hash).collect();
        let block = self.chain.import(header, built.extrinsics, built.written);
        // The block can be read from here on: a client asks for it as soon as it hears of it.
        let _ = self.imported.send(Arc::clone(&block));
        self.update_pool(&block, &included, built.refused.into_iter().map(|refused| refused.0));
        Ok(block)
    }

    /// Reverts the best block, unless it is final; its transactions go back into the pool.
    pub fn revert_best(&self) {
        let Some(block) = self.chain.revert_best() else { return };
        let transactions: Vec<Hash> = block.extrinsics.iter().map(extrinsic_hash).collect();
        self.watchers.retracted(block.hash, &transactions);
        for extrinsic in &block.extrinsics {
            // Inherents and what has become invalid meanwhile are not taken.
            let _ = self.submit(extrinsic.clone());
        }
    }

    /// Makes all blocks up to `number` final.
    pub fn finalize(&self, number: BlockNumber) {
        for block in self.chain.finalize(number) {
            let _ = self.finalized.send(block);
        }
        self.watchers.finalized(number);
    }

    fn validate(
        &self,
        extrinsic: &Extrinsic,
    ) -> Result<(BlockNumber, TransactionValidity), ChainError> {
        let best = self.chain.best();
        let arguments = (TransactionSource::External, extrinsic, best.hash).encode();
        let method = "TaggedTransactionQueue_validate_transaction";
        Ok((best.number(), self.chain.call_decoded(best.hash, method, &arguments)?))
    }

    fn update_pool(
        &self,
        block: &StoredBlock,
        included: &[Hash],
        refused: impl Iterator<Item = Hash>,
    ) {
        let now = Instant::now();
        let mut events = Events::new();
        let (ready, future) = {
            let mut pool = self.pool.lock();
            events.extend(pool.prune(included));
            events.extend(pool.remove_invalid(refused, now));
            events.extend(pool.remove_stale(block.number(), now));
            (pool.ready(), pool.future())
        };
        self.watchers.included(block.number(), block.hash, included);
        self.publish(events);
        for transaction in ready.iter().chain(&future).take(REVALIDATED_PER_BLOCK) {
            let events = match self.validate(&transaction.extrinsic) {
                Ok((_, Ok(valid))) => {
                    self.pool.lock().set_requirements(transaction.hash, valid.requires)
                }
                Ok((_, Err(TransactionValidityError::Invalid(_)))) => {
                    self.pool.lock().remove_invalid([transaction.hash], now)
                }
                Ok((_, Err(TransactionValidityError::Unknown(_)))) | Err(_) => continue,
            };
            self.publish(events);
        }
    }

    fn publish(&self, events: Events) {
        for (transaction, status) in events {
            self.watchers.notify(transaction, status);
        }
    }
}

impl From<TransactionValidityError> for SubmitError {
    fn from(error: TransactionValidityError) -> Self {
        match error {
            TransactionValidityError::Invalid(invalid) => Self::Invalid(invalid),
            TransactionValidityError::Unknown(unknown) => Self::Unknown(unknown),
        }
    }
}
