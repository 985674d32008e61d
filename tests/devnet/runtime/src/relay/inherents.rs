//! What an engine puts into a relay block.

use parity_scale_codec::Encode;
use sp_consensus_grandpa::AuthorityList;
use sp_inherents::InherentData;

use super::{grandpa, paras, paras::ParaHeads};
use crate::chain::put_inherent;

/// The inherent data of one relay block.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Inherents {
    /// The block's time, ms since 1970. It is moved to 1 ms after the parent's where not later.
    pub timestamp: u64,
    /// The heads the block includes: parachain ids with SCALE-encoded headers.
    pub heads: ParaHeads,
    /// If given, the block hands over to this authority set.
    pub next_authorities: Option<AuthorityList>,
}

impl Inherents {
    /// The argument of `BlockBuilder_inherent_extrinsics`.
    pub fn encode(&self) -> Vec<u8> {
        let mut data = InherentData::new();
        put_inherent(&mut data, crate::chain::TIMESTAMP_INHERENT, &self.timestamp);
        put_inherent(&mut data, paras::INHERENT_IDENTIFIER, &self.heads);
        if let Some(authorities) = &self.next_authorities {
            put_inherent(&mut data, grandpa::INHERENT_IDENTIFIER, authorities);
        }
        Encode::encode(&data)
    }
}
