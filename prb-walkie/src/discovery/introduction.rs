//! What a peer says of itself, held against what its connection proves.

use libp2p::PeerId;
use prost::Message;
use thiserror::Error;

use crate::proto::{WalkieRoles, WalkieSystemInfo};

/// A name or an identity is not longer, in bytes: what is kept of strangers must be small.
pub const LONGEST: usize = 256;

/// Why an introduction is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It is no `WalkieSystemInfo`.
    #[error("That is no introduction: {0}.")]
    Malformed(#[from] prost::DecodeError),
    /// A service calls itself something else than its connection proves.
    #[error("That peer id is not yours.")]
    NotYours,
    /// One of its texts has more than [`LONGEST`] bytes.
    #[error("That is too long for a name.")]
    TooLong,
}

/// The introduction of the peer whose connection brought these bytes.
pub fn read(peer: &PeerId, bytes: &[u8]) -> Result<WalkieSystemInfo, Refusal> {
    let info = WalkieSystemInfo::decode(bytes)?;
    check(peer, &info)?;
    Ok(info)
}

/// Whether this introduction is taken from this peer.
pub(crate) fn check(peer: &PeerId, info: &WalkieSystemInfo) -> Result<(), Refusal> {
    // A client's Hello may come from a script; a service has no reason to call itself anything
    // but what its connection proves.
    if info.role() != WalkieRoles::WrClient && info.peer_id != peer.to_base58() {
        return Err(Refusal::NotYours);
    }
    let texts = [&info.hostname, &info.peer_id, &info.chain_identity, &info.bridge_identity];
    if texts.iter().any(|text| text.len() > LONGEST) {
        return Err(Refusal::TooLong);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn liars_and_the_long_winded_are_refused() {
        let peer = PeerId::random();
        let said = |role: WalkieRoles, peer_id: String, hostname: String| {
            let role = role.into();
            let info = WalkieSystemInfo { role, peer_id, hostname, ..Default::default() };
            read(&peer, &info.encode_to_vec()).map(drop)
        };
        let (own, other) = (peer.to_base58(), PeerId::random().to_base58());
        assert_eq!(said(WalkieRoles::WrTrader, own.clone(), "host".into()), Ok(()));
        assert_eq!(said(WalkieRoles::WrClient, "p".into(), "host".into()), Ok(()));
        assert_eq!(said(WalkieRoles::WrTrader, other, "host".into()), Err(Refusal::NotYours));
        assert_eq!(said(WalkieRoles::WrTrader, own, "h".repeat(257)), Err(Refusal::TooLong));
        assert!(matches!(read(&peer, b"\xff"), Err(Refusal::Malformed(_))));
    }
}
