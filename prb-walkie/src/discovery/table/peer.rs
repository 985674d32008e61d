//! A peer as others see it.

use std::time::Instant;

use libp2p::{Multiaddr, PeerId};

use crate::proto::WalkieRoles;

/// How things are with a peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It answers.
    Live,
    /// It answered once and does not now; it is tried again.
    Lost,
    /// It is none of ours, and why.
    Ignored(String),
}

/// A peer that said who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// What its connection proved.
    pub id: PeerId,
    /// The name of its host, as it says.
    pub hostname: String,
    /// What it does.
    pub role: WalkieRoles,
    /// The chain it serves: 0x hex of the hash of parachain block 1.
    pub chain_identity: String,
    /// Its namespace.
    pub bridge_identity: String,
    /// Where it can be dialled, the likeliest first.
    pub addresses: Vec<Multiaddr>,
    /// Whether there is a connection now; peers of the field close theirs after each call.
    pub connected: bool,
    /// How things are with it.
    pub standing: Standing,
    /// When it last said who it is.
    pub last_seen: Instant,
}
