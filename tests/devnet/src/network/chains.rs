//! The two chains and what ties them together.

use std::sync::Arc;

use parity_scale_codec::{Decode, Encode};
use parking_lot::RwLock;
use prb_devnet_runtime::chain::{Balance, TOKEN};
use prb_devnet_runtime::{para, relay};
use sp_io::hashing::{twox_64, twox_128};
use tokio::sync::broadcast;

use super::{NetworkConfig, traffic};
use crate::engine::authoring::{Author, Engine};
use crate::engine::chain::StoredBlock;
use crate::engine::node::Node;
use crate::engine::{BlockNumber, Header};
use crate::grandpa::{AuthoritySets, Finality};
use crate::rpc::{Context, Identity, RelayFinality, RpcFaults};

/// What the traffic's operator begins with, in planck: enough for any history's fees.
const TRAFFIC_BALANCE: Balance = 1_000_000_000 * TOKEN;
/// Justifications a subscriber may be behind before its subscription ends.
const JUSTIFICATION_BACKLOG: usize = 256;

/// A relay chain with its finality and one parachain.
#[derive(Clone, Debug)]
pub struct Chains {
    /// The relay chain.
    pub relay: Arc<Node>,
    /// The parachain.
    pub para: Arc<Node>,
    /// The relay chain's finality.
    pub finality: RelayFinality,
    /// The parachain's id on the relay chain.
    pub para_id: u32,
}

/// How far both chains are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heights {
    /// Best relay block.
    pub relay_best: BlockNumber,
    /// Finalized relay block.
    pub relay_finalized: BlockNumber,
    /// Best parachain block.
    pub para_best: BlockNumber,
    /// Finalized parachain block: the head in the finalized relay state.
    pub para_finalized: BlockNumber,
}

impl Chains {
    /// Both chains at genesis; the relay chain already knows the parachain's genesis head.
    pub fn new(config: &NetworkConfig) -> Self {
        let para_id = config.genesis.para_id;
        let author = Author::new(Engine::Aura, config.seed);
        let para = Node::new(para::native(), &para::genesis(&para_genesis(config)), author);
        let finality = Finality::new(AuthoritySets::new(config.seed, config.authorities));
        let genesis = relay::GenesisConfig {
            authority_keys: config.authority_keys,
            heads: vec![(para_id, para.chain().genesis().header.encode())],
            ..relay::GenesisConfig::new(finality.running_set().list())
        };
        let author = Author::new(Engine::Babe, config.seed);
        Self {
            relay: Arc::new(Node::new(relay::native(), &relay::genesis(&genesis), author)),
            para: Arc::new(para),
            finality: RelayFinality {
                finality: Arc::new(RwLock::new(finality)),
                justifications: broadcast::channel(JUSTIFICATION_BACKLOG).0,
            },
            para_id,
        }
    }

    /// How far they are.
    pub fn heights(&self) -> Heights {
        Heights {
            relay_best: self.relay.chain().best().number(),
            relay_finalized: self.relay.chain().finalized().number(),
            para_best: self.para.chain().best().number(),
            para_finalized: self.para.chain().finalized().number(),
        }
    }

    /// The parachain's head as the state of a relay block has it.
    pub fn para_head_at(&self, relay_block: &StoredBlock) -> Option<Header> {
        let stored = self.relay.chain().storage(relay_block.hash, &self.para_head_key()).ok()??;
        let head = Vec::<u8>::decode(&mut &stored[..]).ok()?;
        Header::decode(&mut &head[..]).ok()
    }

    /// Key of the parachain's head in the relay state: `Paras.Heads`, twox64-concat of the id.
    pub fn para_head_key(&self) -> Vec<u8> {
        let id = self.para_id.encode();
        [&twox_128(b"Paras")[..], &twox_128(b"Heads"), &twox_64(&id), &id].concat()
    }

    /// What the relay chain's node answers from.
    pub(super) fn relay_context(&self, allow_unsafe: bool, faults: RpcFaults) -> Context {
        Context {
            node: Arc::clone(&self.relay),
            identity: Identity {
                chain: "prb-dev-relay",
                ss58_prefix: 2,
                token: "KSM",
                decimals: 12,
            },
            finality: Some(self.finality.clone()),
            allow_unsafe,
            faults,
        }
    }

    /// What the parachain's node answers from.
    pub(super) fn para_context(&self, allow_unsafe: bool, faults: RpcFaults) -> Context {
        Context {
            node: Arc::clone(&self.para),
            identity: Identity {
                chain: "prb-dev-para",
                ss58_prefix: 30,
                token: "PHA",
                decimals: 12,
            },
            finality: None,
            allow_unsafe,
            faults,
        }
    }
}

/// The parachain's first state, with whoever signs the history's traffic endowed.
fn para_genesis(config: &NetworkConfig) -> para::GenesisConfig {
    let mut genesis = config.genesis.clone();
    if config.traffic.is_some() {
        genesis.balances.push((traffic::operator(config.seed), TRAFFIC_BALANCE));
    }
    genesis
}
