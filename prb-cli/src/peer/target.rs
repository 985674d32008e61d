//! Whom a command is for.

use std::fmt;

use prb_walkie::node::Walkie;
use prb_walkie::{Multiaddr, PeerId};

use crate::Failure;
use crate::services::{DATA_PROVIDER, LIFECYCLE, Role, TRADER};

/// Whom a command is for.
pub(crate) enum Target {
    /// The service of this role: the one on this host, or else the only one among the peers.
    Role(&'static Role),
    /// The peer with this id.
    Id(PeerId),
    /// Whoever answers there.
    Address(Multiaddr),
}

impl Target {
    /// Reads what was given on the command line.
    pub(crate) fn read(text: &str) -> Result<Self, Failure> {
        let role = [&DATA_PROVIDER, &LIFECYCLE, &TRADER].into_iter().find(|it| it.name == text);
        if let Some(role) = role {
            return Ok(Self::Role(role));
        }
        let usage = |error: &dyn fmt::Display| {
            Failure::Usage(format!(
                "{text} is none of data-provider, lifecycle, trader, a peer id, a multiaddress: \
                 {error}"
            ))
        };
        if text.starts_with('/') {
            text.parse().map(Self::Address).map_err(|error| usage(&error))
        } else {
            text.parse().map(Self::Id).map_err(|error| usage(&error))
        }
    }

    /// The peer, if it has been found; an error if several could be meant.
    pub(super) fn among(&self, walkie: &Walkie) -> Result<Option<PeerId>, Failure> {
        let peers = walkie.peers();
        match self {
            Self::Address(_) => Ok(None),
            Self::Id(id) => Ok(peers.iter().any(|peer| peer.id == *id).then_some(*id)),
            Self::Role(role) => {
                let ids: Vec<_> =
                    peers.iter().filter(|peer| peer.role == role.wire).map(|it| it.id).collect();
                match ids.as_slice() {
                    [] => Ok(None),
                    [one] => Ok(Some(*one)),
                    several => {
                        let ids = several.iter().map(ToString::to_string).collect::<Vec<_>>();
                        Err(Failure::Usage(format!(
                            "there are several, name one: {}",
                            ids.join(", ")
                        )))
                    }
                }
            }
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role(role) => write!(f, "a {} service", role.name),
            Self::Id(id) => write!(f, "{id}"),
            Self::Address(address) => write!(f, "{address}"),
        }
    }
}
