//! The ledger against a model of a chain that forks, loses and delays.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const PERIOD: u32 = 16;

#[derive(Clone, Debug)]
struct Tx {
    hash: H256,
    nonce: u32,
    birth: u32,
    death: u32,
    spec: u32,
    /// Which intent it carries; none for another user's.
    intent: Option<u32>,
}

#[derive(Clone, Debug, Default)]
struct Block {
    txs: Vec<Tx>,
    /// After the block.
    nonce: u32,
    spec: u32,
}

#[derive(Debug)]
struct Chain {
    blocks: Vec<Block>,
    finalized: usize,
    pool: BTreeMap<u32, Tx>,
    hashes: u64,
}

impl Chain {
    fn new() -> Self {
        let genesis = Block { spec: 1, ..Block::default() };
        Self { blocks: vec![genesis], finalized: 0, pool: BTreeMap::new(), hashes: 0 }
    }

    fn best(&self) -> &Block {
        self.blocks.last().unwrap()
    }

    fn number(&self) -> u32 {
        self.blocks.len() as u32 - 1
    }

    fn new_hash(&mut self) -> H256 {
        self.hashes += 1;
        H256::from_low_u64_be(self.hashes)
    }

    fn valid(&self, tx: &Tx, nonce: u32) -> bool {
        let next = self.number() + 1;
        let best = self.best();
        tx.nonce == nonce && next > tx.birth && next < tx.death && tx.spec == best.spec
    }

    /// A pool takes a later nonce too; of two with the same nonce it keeps the first.
    fn submit(&mut self, tx: Tx) {
        let next = self.number() + 1;
        let alive = tx.nonce >= self.best().nonce && next < tx.death;
        if alive && tx.spec == self.best().spec {
            self.pool.entry(tx.nonce).or_insert(tx);
        }
    }

    fn pool_nonce(&self) -> u32 {
        let mut nonce = self.best().nonce;
        while self.pool.get(&nonce).is_some_and(|tx| self.valid(tx, nonce)) {
            nonce += 1;
        }
        nonce
    }

    fn build(&mut self, most: usize, upgrade: bool) {
        let (mut nonce, mut txs) = (self.best().nonce, Vec::new());
        while txs.len() < most
            && let Some(tx) = self.pool.get(&nonce).filter(|tx| self.valid(tx, nonce)).cloned()
        {
            self.pool.remove(&nonce);
            txs.push(tx);
            nonce += 1;
        }
        let spec = self.best().spec + u32::from(upgrade);
        self.blocks.push(Block { txs, nonce, spec });
    }

    /// Reverts unfinalized blocks; their extrinsics go back to the pool, or are forgotten.
    fn revert(&mut self, depth: usize, forget: bool) {
        let keep = self.blocks.len().saturating_sub(depth).max(self.finalized + 1);
        for block in self.blocks.split_off(keep) {
            block.txs.into_iter().filter(|_| !forget).for_each(|tx| self.submit(tx));
        }
    }
}

/// A trader of one account: the ledger, driven as the account drives it.
struct Trader {
    ledger: Ledger<u32>,
    /// Sent by an earlier trader.
    recovered: Vec<Tx>,
    searched: usize,
    view: Option<FinalView>,
    included: BTreeSet<u32>,
    gone: BTreeSet<u32>,
}

impl Trader {
    fn new() -> Self {
        Self {
            ledger: Ledger::new(PERIOD),
            recovered: Vec::new(),
            searched: 0,
            view: None,
            included: BTreeSet::new(),
            gone: BTreeSet::new(),
        }
    }

    fn send(&mut self, chain: &mut Chain, intent: u32, arrives: bool, told: bool) -> bool {
        let (Some(nonce), Some(view)) = (self.ledger.next_nonce(), self.view) else {
            return false;
        };
        let era = Era::new(view.number, H256::zero(), PERIOD);
        let hash = chain.new_hash();
        let extrinsic = SignedExtrinsic { bytes: Vec::new(), hash };
        let spec_version = chain.best().spec;
        self.ledger.hold(Held { nonce, extrinsic, era, spec_version, load: intent });
        if arrives {
            let tx = self.held_as_tx(nonce);
            chain.submit(tx);
        }
        if !told {
            self.ledger.doubt("no answer");
        }
        true
    }

    fn held_as_tx(&self, nonce: u32) -> Tx {
        as_tx(self.ledger.held().find(|held| held.nonce == nonce).unwrap())
    }

    fn search(&mut self, chain: &Chain) {
        for number in self.searched + 1..=chain.finalized {
            for tx in &chain.blocks[number].txs {
                if let Some(held) = self.ledger.included(tx.hash) {
                    assert!(self.included.insert(held.load), "told twice");
                }
            }
        }
        self.searched = self.searched.max(chain.finalized);
        let all = &chain.blocks[..=chain.finalized];
        let found = |tx: &Tx| all.iter().any(|block| block.txs.iter().any(|o| o.hash == tx.hash));
        let view = FinalView {
            number: chain.finalized as u32,
            nonce: chain.blocks[chain.finalized].nonce,
            spec_version: chain.blocks[chain.finalized].spec,
        };
        self.view = Some(view);
        for (held, _) in self.ledger.gone(&view) {
            assert!(self.gone.insert(held.load), "told twice");
        }
        let (mut included, mut gone) = (Vec::new(), Vec::new());
        self.recovered.retain(|tx| {
            let intent = tx.intent.unwrap();
            if found(tx) {
                included.push(intent);
                return false;
            }
            let dead = why_gone(tx.nonce, tx.death, &view).is_some();
            if dead {
                gone.push(intent);
            }
            !dead
        });
        assert!(included.into_iter().all(|intent| self.included.insert(intent)), "told twice");
        assert!(gone.into_iter().all(|intent| self.gone.insert(intent)), "told twice");
    }

    fn settle(&mut self, chain: &mut Chain) {
        let Some(view) = self.view else { return };
        if self.ledger.in_doubt().is_none() {
            return;
        }
        let held: Vec<_> = self.ledger.held().map(as_tx).collect();
        held.into_iter().for_each(|tx| chain.submit(tx));
        self.ledger.settle(&view, &[chain.pool_nonce()]);
    }

    /// The process dies: what it sent is known from the queue, nothing else.
    fn restart(&mut self, chain: &Chain) {
        self.recovered.extend(self.ledger.held().map(as_tx));
        self.ledger = Ledger::new(PERIOD);
        self.view = None;
        self.searched = chain.finalized;
    }
}

fn as_tx(held: &Held<u32>) -> Tx {
    Tx {
        hash: held.extrinsic.hash,
        nonce: held.nonce,
        birth: held.era.birth(),
        death: held.era.death(),
        spec: held.spec_version,
        intent: Some(held.load),
    }
}

#[derive(Clone, Debug)]
enum Step {
    Send { arrives: bool, told: bool },
    Foreign,
    Drop { at: usize, told: bool },
    Build { most: usize, upgrade: bool },
    Revert { depth: usize, forget: bool },
    Finalize(usize),
    Search,
    Settle,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let mostly = prop::bool::weighted(0.8);
    prop_oneof![
        8 => (mostly, mostly).prop_map(|(arrives, told)| Step::Send { arrives, told }),
        1 => Just(Step::Foreign),
        1 => (any::<usize>(), any::<bool>()).prop_map(|(at, told)| Step::Drop { at, told }),
        6 => (0_usize..4, prop::bool::weighted(0.05))
            .prop_map(|(most, upgrade)| Step::Build { most, upgrade }),
        1 => (1_usize..4, any::<bool>())
            .prop_map(|(depth, forget)| Step::Revert { depth, forget }),
        4 => (1_usize..4).prop_map(Step::Finalize),
        6 => Just(Step::Search),
        6 => Just(Step::Settle),
        1 => Just(Step::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_extrinsic_is_told_once_and_truly(steps in vec(step(), 0..200)) {
        let (mut chain, mut trader, mut intents) = (Chain::new(), Trader::new(), 0);
        let steps = steps.into_iter().chain(quiet());
        for step in steps {
            match step {
                Step::Send { arrives, told } => {
                    if trader.send(&mut chain, intents, arrives, told) {
                        intents += 1;
                    }
                }
                Step::Foreign => {
                    let nonce = chain.pool_nonce();
                    let (hash, birth) = (chain.new_hash(), chain.finalized as u32);
                    let spec = chain.best().spec;
                    let tx = Tx { hash, nonce, birth, death: u32::MAX, spec, intent: None };
                    chain.submit(tx);
                }
                Step::Drop { at, told } => {
                    let nonces: Vec<_> = chain.pool.keys().copied().collect();
                    if let Some(nonce) = nonces.get(at % nonces.len().max(1)) {
                        chain.pool.remove(nonce);
                        if told {
                            trader.ledger.doubt("dropped");
                        }
                    }
                }
                Step::Build { most, upgrade } => chain.build(most, upgrade),
                Step::Revert { depth, forget } => chain.revert(depth, forget),
                Step::Finalize(count) => {
                    chain.finalized = (chain.finalized + count).min(chain.blocks.len() - 1);
                }
                Step::Search => trader.search(&chain),
                Step::Settle => trader.settle(&mut chain),
                Step::Restart => trader.restart(&chain),
            }
        }
        let on_chain: Vec<_> =
            chain.blocks.iter().flat_map(|block| &block.txs).filter_map(|tx| tx.intent).collect();
        let once: BTreeSet<_> = on_chain.iter().copied().collect();
        prop_assert_eq!(once.len(), on_chain.len(), "an intent is on chain twice");
        prop_assert_eq!(&trader.included, &once);
        prop_assert_eq!(trader.included.len() + trader.gone.len(), intents as usize);
        prop_assert!(trader.included.is_disjoint(&trader.gone));
        prop_assert!(trader.ledger.in_doubt().is_none(), "the account trades again");
    }
}

/// Long enough for everything to be resolved: blocks, finality, and an attentive trader.
fn quiet() -> impl Iterator<Item = Step> {
    let round =
        [Step::Build { most: 9, upgrade: false }, Step::Finalize(9), Step::Search, Step::Settle];
    std::iter::repeat_n(round, 2 * PERIOD as usize + 4).flatten()
}

#[test]
fn a_gap_is_filled_before_anything_else() {
    let mut ledger = Ledger::new(PERIOD);
    let view = FinalView { number: 10, nonce: 5, spec_version: 1 };
    assert!(ledger.next_nonce().is_none() && ledger.settle(&view, &[5]));
    for nonce in 5..8 {
        assert_eq!(ledger.next_nonce(), Some(nonce));
        let extrinsic =
            SignedExtrinsic { bytes: Vec::new(), hash: H256::from_low_u64_be(nonce.into()) };
        let era = Era::new(10, H256::zero(), PERIOD);
        ledger.hold(Held { nonce, extrinsic, era, spec_version: 1, load: () });
    }
    ledger.take_back(6);
    assert_eq!(ledger.next_nonce(), Some(6));
}

#[test]
fn another_users_pending_extrinsic_is_waited_for_but_not_for_ever() {
    let mut ledger = Ledger::<()>::new(PERIOD);
    let view = |number| FinalView { number, nonce: 5, spec_version: 1 };
    assert!(!ledger.settle(&view(10), &[6]));
    assert!(!ledger.settle(&view(25), &[6]));
    assert!(ledger.settle(&view(26), &[6]));
    assert_eq!(ledger.next_nonce(), Some(6));
}

#[test]
fn an_extrinsic_lives_until_the_last_block_of_its_era_is_final() {
    let era = Era::new(10, H256::zero(), PERIOD);
    let view = |number| FinalView { number, nonce: 5, spec_version: 1 };
    assert_eq!(why_gone(5, era.death(), &view(24)), None);
    assert_eq!(why_gone(5, era.death(), &view(25)), Some(Gone::Expired));
    assert_eq!(why_gone(4, era.death(), &view(11)), Some(Gone::Replaced));
}
