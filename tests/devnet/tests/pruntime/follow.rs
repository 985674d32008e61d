//! A double that follows a small chain, as the tests of its manners need it.

use std::time::{SystemTime, UNIX_EPOCH};

use prb_devnet::pruntime::{DoubleConfig, proto};
use prost::Message;

use super::client::{Peer, Reply};
use super::small_chain::{SmallChain, Step};

/// A chain and a pRuntime that is at its tip.
pub(crate) struct Follower {
    pub(crate) peer: Peer,
    pub(crate) chain: SmallChain,
}

/// The wall clock, ms since 1970.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    since.as_millis() as u64
}

impl Follower {
    /// A fresh pRuntime on a fresh chain of today.
    pub(crate) async fn start(config: DoubleConfig) -> Self {
        Self::start_with(config, |_| {}).await
    }

    /// The same with changes to the init request.
    pub(crate) async fn start_with(
        config: DoubleConfig,
        change: impl FnOnce(&mut proto::InitRuntimeRequest),
    ) -> Self {
        let peer = Peer::start(config).await;
        let mut chain = SmallChain::begin(now_ms());
        let mut init = chain.init();
        change(&mut init);
        accept(&peer, "InitRuntime", &init).await;
        let (relay, para) = chain.include_genesis();
        accept(&peer, "SyncHeader", &relay).await;
        accept(&peer, "SyncParaHeader", &para).await;
        Self { peer, chain }
    }

    /// Makes a block with these changes and feeds all of it.
    pub(crate) async fn step(&mut self, changes: Vec<(Vec<u8>, Option<Vec<u8>>)>) -> Step {
        let step = self.headers(changes).await;
        accept(&self.peer, "DispatchBlocks", &step.block).await;
        step
    }

    /// The same without dispatching.
    pub(crate) async fn headers(&mut self, changes: Vec<(Vec<u8>, Option<Vec<u8>>)>) -> Step {
        let step = self.chain.step(changes);
        accept(&self.peer, "SyncHeader", &step.relay).await;
        accept(&self.peer, "SyncParaHeader", &step.para).await;
        step
    }
}

/// A call that must be answered.
pub(crate) async fn accept(peer: &Peer, method: &str, request: &impl Message) -> Reply {
    let reply = peer.call(method, request).await;
    assert!(matches!(reply, Reply::Ok(_)), "{method}: {reply:?}");
    reply
}
