//! What a peer says of itself, held against what its connection proves.

use libp2p::PeerId;

use crate::proto::{WalkieRoles, WalkieSystemInfo};

/// A name or an identity is not longer, in bytes: what is kept of strangers must be small.
const LONGEST: usize = 256;

/// Why this introduction is not taken from this peer.
pub(crate) fn refusal(peer: &PeerId, info: &WalkieSystemInfo) -> Option<&'static str> {
    // A client's Hello may come from a script; a service has no reason to call itself anything
    // but what its connection proves.
    if info.role() != WalkieRoles::WrClient && info.peer_id != peer.to_base58() {
        return Some("That peer id is not yours.");
    }
    let texts = [&info.hostname, &info.peer_id, &info.chain_identity, &info.bridge_identity];
    texts.iter().any(|text| text.len() > LONGEST).then_some("That is too long for a name.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn liars_and_the_long_winded_are_refused() {
        let peer = PeerId::random();
        let said = |role: WalkieRoles, peer_id: String, hostname: String| {
            let role = role.into();
            refusal(&peer, &WalkieSystemInfo { role, peer_id, hostname, ..Default::default() })
        };
        let (own, other) = (peer.to_base58(), PeerId::random().to_base58());
        assert_eq!(said(WalkieRoles::WrTrader, own.clone(), "host".into()), None);
        assert_eq!(said(WalkieRoles::WrClient, "p".into(), "host".into()), None);
        assert!(said(WalkieRoles::WrTrader, other, "host".into()).is_some());
        assert!(said(WalkieRoles::WrTrader, own, "h".repeat(257)).is_some());
    }
}
