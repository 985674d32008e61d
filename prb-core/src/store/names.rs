//! Names of objects: they are the index.

use std::fmt;
use std::str::FromStr;

use object_store::path::Path;

/// What a chunk holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum ChunkKind {
    /// One closed period of the relay chain.
    Relay,
    /// Parachain headers.
    Headers,
    /// Parachain blocks with their storage changes.
    Blocks,
    /// What workers start from.
    Genesis,
    /// The parachain's full state after one block.
    State,
}

impl ChunkKind {
    pub(crate) const ALL: [Self; 5] =
        [Self::Relay, Self::Headers, Self::Blocks, Self::Genesis, Self::State];

    /// The folder of such chunks, and what they are called in messages.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Relay => "relay",
            Self::Headers => "headers",
            Self::Blocks => "blocks",
            Self::Genesis => "genesis",
            Self::State => "state",
        }
    }

    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Relay => 1,
            Self::Headers => 2,
            Self::Blocks => 3,
            Self::Genesis => 4,
            Self::State => 5,
        }
    }

    pub(crate) fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// The name of one chunk: `relay/0000000601-0000001200`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ChunkName {
    pub(crate) kind: ChunkKind,
    /// First block in it.
    pub(crate) from: u32,
    /// Last block in it.
    pub(crate) to: u32,
}

impl ChunkName {
    pub(crate) fn path(&self) -> Path {
        Path::from(self.to_string())
    }

    /// Where a damaged chunk is put aside, for whoever wants to know what happened to it.
    pub(crate) fn quarantine(&self) -> Path {
        Path::from(format!("quarantine/{self}"))
    }
}

impl fmt::Display for ChunkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{:010}-{:010}", self.kind.name(), self.from, self.to)
    }
}

/// The text names no chunk.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotAChunk;

impl FromStr for ChunkName {
    type Err = NotAChunk;

    fn from_str(text: &str) -> Result<Self, NotAChunk> {
        let (folder, range) = text.split_once('/').ok_or(NotAChunk)?;
        let kind = ChunkKind::ALL.into_iter().find(|kind| kind.name() == folder);
        let kind = kind.ok_or(NotAChunk)?;
        let (from, to) = range.split_once('-').ok_or(NotAChunk)?;
        let number = |digits: &str| digits.parse::<u32>().map_err(|_| NotAChunk);
        let name = Self { kind, from: number(from)?, to: number(to)? };
        // Only the one spelling names an object, or two names could stand for one range.
        if name.from <= name.to && name.to_string() == text { Ok(name) } else { Err(NotAChunk) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(from: u32, to: u32) -> ChunkName {
        ChunkName { kind: ChunkKind::Blocks, from, to }
    }

    #[test]
    fn only_the_one_spelling_is_a_name() {
        assert_eq!("blocks/0000000001-0000000063".parse(), Ok(name(1, 63)));
        for text in [
            "blocks/1-63",
            "blocks/0000000063-0000000001",
            "other/0000000001-0000000002",
            "blocks",
            "",
            "blocks/0000000001-0000000063#1",
        ] {
            assert_eq!(text.parse::<ChunkName>(), Err(NotAChunk), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_name_parses_to_itself(from in any::<u32>(), length in any::<u16>()) {
            let name = name(from, from.saturating_add(u32::from(length)));
            prop_assert_eq!(name.to_string().parse(), Ok(name));
        }
    }
}
