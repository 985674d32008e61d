//! What a peer sends on a `/pb` stream, Hello among it: always answered.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use prb_walkie::PeerId;
use prb_walkie::access::Caller;
use prb_walkie::node::{Config, Introduction, LocalService};
use prb_walkie::proto::WalkieRoles;
use prb_walkie::proto::walkie_rpc_server::WalkieRpc;
use tokio::runtime::{Builder, Runtime};

/// A role that answers nothing: what is tried is all that comes before.
struct Nothing;

impl WalkieRpc for Nothing {}

static NODE: LazyLock<(Runtime, LocalService, Caller)> = LazyLock::new(|| {
    let config = Config::new(Introduction {
        hostname: "fuzz".into(),
        role: WalkieRoles::WrLifecycleManager,
        chain_identity: "0xabc".into(),
        bridge_identity: "default".into(),
    });
    let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
    let service = LocalService::new(PeerId::random(), &config, Nothing);
    (runtime, service, Caller::Peer { id: PeerId::random(), host: None })
});

fuzz_target!(|bytes: &[u8]| {
    let (runtime, service, caller) = &*NODE;
    let answer = runtime.block_on(service.answer(caller.clone(), bytes.to_vec().into()));
    assert!(!answer.is_empty());
});
