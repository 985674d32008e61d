//! Names of blobs, as text on the wire.

use std::fmt;
use std::str::FromStr;

/// The name of one blob.
///
/// ```
/// use prb_core::blob::BlobKey;
///
/// assert_eq!(BlobKey::Relay(42).to_string(), "relay:42");
/// assert_eq!("state:7:0".parse(), Ok(BlobKey::StatePart { number: 7, part: 0 }));
/// assert!("relay:x".parse::<BlobKey>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BlobKey {
    /// `genesis:{para id}:pb`, answered by `db.Genesis`.
    Genesis(u32),
    /// `relay:{n}`: the largest segment holding relay block n, `RelaySegment`.
    Relay(u32),
    /// `headers:{chunk}`: parachain headers, `ParaHeaders`.
    Headers(u32),
    /// `blocks:{chunk}`: parachain blocks with their storage changes, `ParaBlocks`.
    Blocks(u32),
    /// `state`: which full states are kept, `States`.
    States,
    /// `state:{n}:{part}`: a part of the full state at parachain block n, `StatePart`.
    StatePart {
        /// Parachain block.
        number: u32,
        /// Counted from 0.
        part: u32,
    },
}

impl fmt::Display for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Genesis(para_id) => write!(f, "genesis:{para_id}:pb"),
            Self::Relay(number) => write!(f, "relay:{number}"),
            Self::Headers(chunk) => write!(f, "headers:{chunk}"),
            Self::Blocks(chunk) => write!(f, "blocks:{chunk}"),
            Self::States => f.write_str("state"),
            Self::StatePart { number, part } => write!(f, "state:{number}:{part}"),
        }
    }
}

/// The text is not the name of a blob.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a blob key")]
pub struct ParseBlobKeyError(pub(super) String);

impl FromStr for BlobKey {
    type Err = ParseBlobKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split(':');
        let name = parts.next().unwrap_or_default();
        let arguments: Vec<&str> = parts.collect();
        let number = |digits: &str| digits.parse::<u32>().ok();
        let key = match (name, arguments.as_slice()) {
            ("genesis", [para_id, "pb"]) => number(para_id).map(Self::Genesis),
            ("relay", [n]) => number(n).map(Self::Relay),
            ("headers", [chunk]) => number(chunk).map(Self::Headers),
            ("blocks", [chunk]) => number(chunk).map(Self::Blocks),
            ("state", []) => Some(Self::States),
            ("state", [n, part]) => {
                number(n).zip(number(part)).map(|(number, part)| Self::StatePart { number, part })
            }
            _ => None,
        };
        key.ok_or_else(|| ParseBlobKeyError(text.to_owned()))
    }
}
