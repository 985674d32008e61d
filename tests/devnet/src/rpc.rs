//! The JSON-RPC of a Substrate node, over WebSocket and HTTP on one port.
//!
//! Methods, shapes, error codes and limits are a real node's. The new `chainHead_v1_*` and
//! `archive_v1_*` families are not listed, so that clients take the older methods that live nodes
//! of these chains serve as well.

mod author;
mod chain;
mod connection;
mod error;
mod faults;
mod grandpa;
mod node_faults;
mod payment;
mod phala;
mod server;
mod state;
mod subscription;
mod system;

use std::sync::Arc;

use jsonrpsee::RpcModule;
use jsonrpsee::server::RegisterMethodError;
use parking_lot::RwLock;
use tokio::sync::broadcast;

pub use error::RpcError;
pub use faults::{MethodFault, RpcFaults};
pub use node_faults::{NodeFaults, ProofFault};
pub use server::{Server, ServerLimits};

use crate::engine::Hash;
use crate::engine::node::Node;
use crate::grandpa::Finality;

/// What the methods of one chain answer from.
#[derive(Debug)]
pub struct Context {
    /// The chain.
    pub node: Arc<Node>,
    /// What the node says of itself.
    pub identity: Identity,
    /// Finality of the relay chain; the parachain has none of its own.
    pub finality: Option<RelayFinality>,
    /// Whether methods that a public node refuses are served.
    pub allow_unsafe: bool,
    /// What the node lacks and gets wrong.
    pub faults: RpcFaults,
}

/// The relay chain's finality as its methods need it.
#[derive(Clone, Debug)]
pub struct RelayFinality {
    /// What is kept and proved.
    pub finality: Arc<RwLock<Finality>>,
    /// SCALE justifications as rounds end.
    pub justifications: broadcast::Sender<Arc<[u8]>>,
}

/// Names and units of a chain.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Name of the chain.
    pub chain: &'static str,
    /// Prefix of its addresses.
    pub ss58_prefix: u16,
    /// Symbol of its token.
    pub token: &'static str,
    /// Decimals of its token.
    pub decimals: u8,
}

impl Context {
    /// The given block, or the best one the node knows.
    fn block_or_best(&self, block: Option<Hash>) -> Hash {
        block.unwrap_or_else(|| self.best().hash)
    }
}

/// All methods of a chain.
pub fn module(context: Context) -> Result<RpcModule<Context>, RegisterMethodError> {
    let is_relay = context.finality.is_some();
    let mut module = RpcModule::new(context);
    system::register(&mut module)?;
    chain::register(&mut module)?;
    state::register(&mut module)?;
    author::register(&mut module)?;
    payment::register(&mut module)?;
    if is_relay {
        grandpa::register(&mut module)?;
    } else {
        phala::register(&mut module)?;
    }
    let mut methods: Vec<_> = module.method_names().chain(["rpc_methods"]).collect();
    methods.sort_unstable();
    let listing = serde_json::json!({ "methods": methods });
    module.register_method("rpc_methods", move |_, _, _| listing.clone())?;
    Ok(module)
}
