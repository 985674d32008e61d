//! Good material made bad in one way at a time: refused with the right words, nothing changed, and
//! the good call works afterwards.

mod blocks;
mod para;
mod relay;

use prb_devnet::pruntime::proto::PhactoryInfo;
use prost::Message;

use crate::pruntime::client::{Peer, Reply};
use crate::pruntime::material::Material;

/// One way to spoil a call.
struct Corruption {
    name: &'static str,
    /// The encoded bad request.
    bad: Vec<u8>,
    /// Part of the error; an undecodable request begins with `DecodeError(`.
    error: &'static str,
}

impl Corruption {
    fn new(name: &'static str, bad: &impl Message, error: &'static str) -> Self {
        Self { name, bad: bad.encode_to_vec(), error }
    }
}

/// Sends each bad request to a pRuntime in the same good state, and then the good one twice.
async fn check(peer: &Peer, method: &str, corruptions: Vec<Corruption>, good: &impl Message) {
    let before = peer.info().await;
    for Corruption { name, bad, error } in corruptions {
        let reply = peer.call_raw(method, bad).await;
        let wanted = if error.starts_with("DecodeError(") { 400 } else { 500 };
        match reply {
            Reply::Refused { status, text } => {
                assert_eq!(status, wanted, "{name}: {text}");
                assert!(text.contains(error), "{name}: {text}");
            }
            other => panic!("{name}: {other:?}"),
        }
        assert_eq!(peer.info().await, before, "{name} changed something");
    }
    let _: Vec<u8> = accepted(peer.call(method, good).await);
    let after = peer.info().await;
    assert_ne!(after, before, "the good {method} did nothing");
    let _: Vec<u8> = accepted(peer.call(method, good).await);
    assert_eq!(peer.info().await, after, "repeating {method} changed something");
}

fn accepted(reply: Reply) -> Vec<u8> {
    match reply {
        Reply::Ok(body) => body,
        other => panic!("expected an answer, got {other:?}"),
    }
}

/// A pRuntime that has followed the relay chain up to a block.
async fn synced_to(material: &Material, relay: u32) -> Peer {
    let peer = Peer::fresh().await;
    accepted(peer.call("InitRuntime", &material.init()).await);
    let first = crate::pruntime::material::GENESIS + 1;
    let run = crate::pruntime::material::sync_header(&material.relay_run(first..=relay));
    accepted(peer.call("SyncHeader", &run).await);
    peer
}

/// The same with the para headers as of that relay block.
async fn para_synced_to(material: &Material, relay: u32, para: u32) -> Peer {
    let peer = synced_to(material, relay).await;
    let run = material.para_run(0..=para);
    let request = crate::pruntime::material::sync_para_header(&run, material.proof(relay));
    accepted(peer.call("SyncParaHeader", &request).await);
    let info: PhactoryInfo = peer.info().await;
    assert_eq!(info.para_headernum, para + 1);
    peer
}
