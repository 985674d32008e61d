//! What the targets share: a node without a network, open to everybody, so that requests for all
//! methods are read.

use std::sync::LazyLock;

use prb_walkie::PeerId;
use prb_walkie::access::{Caller, Mode};
use prb_walkie::node::{Config, Introduction, LocalService};
use prb_walkie::proto::walkie_rpc_server::WalkieRpc;
use prb_walkie::proto::{WalkieRoles, WalkieRpcRequestWrapper, WalkieRpcResponseWrapper};
use prost::Message;
use tokio::runtime::{Builder, Runtime};

/// A role that answers nothing: what is tried is all that comes before.
struct Nothing;

impl WalkieRpc for Nothing {}

struct Node {
    runtime: Runtime,
    service: LocalService,
    caller: PeerId,
}

static NODE: LazyLock<Node> = LazyLock::new(|| {
    let mut config = Config::new(Introduction {
        hostname: "fuzz".into(),
        role: WalkieRoles::WrLifecycleManager,
        chain_identity: "0xabc".into(),
        bridge_identity: "default".into(),
    });
    config.access.mode = Mode::Open;
    let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
    let service = LocalService::new(PeerId::random(), &config, Nothing);
    Node { runtime, service, caller: PeerId::random() }
});

/// Who asks.
pub fn caller() -> PeerId {
    NODE.caller
}

/// The answer to whatever is on a peer's stream. There must be one, and it must be its own.
pub fn answer(request: &[u8]) -> WalkieRpcResponseWrapper {
    let caller = Caller::Peer { id: NODE.caller, host: None };
    let asked = WalkieRpcRequestWrapper::decode(request).map(|asked| asked.nonce);
    let answering = NODE.service.answer(caller, request.to_vec().into());
    let answer = WalkieRpcResponseWrapper::decode(NODE.runtime.block_on(answering));
    let answer = answer.expect("a response");
    assert_eq!(answer.request_nonce, asked.unwrap_or_default());
    assert_eq!(answer.has_error, answer.error.is_some());
    answer
}

/// The answer to a call whose message is `data`.
pub fn answer_call(method: &str, data: &[u8]) -> WalkieRpcResponseWrapper {
    let request = WalkieRpcRequestWrapper {
        nonce: "n".into(),
        method: method.into(),
        data: data.to_vec().into(),
        ..WalkieRpcRequestWrapper::default()
    };
    answer(&request.encode_to_vec())
}
