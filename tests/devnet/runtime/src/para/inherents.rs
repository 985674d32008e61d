//! What an engine puts into a parachain block.

use parity_scale_codec::Encode;
use sp_inherents::InherentData;

use super::parachain_system;
use crate::{chain::put_inherent, types::PersistedValidationData};

/// The inherent data of one parachain block.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Inherents {
    /// The block's time, ms since 1970. It is moved to 1 ms after the parent's where not later.
    pub timestamp: u64,
    /// What the block is built upon.
    pub validation_data: PersistedValidationData,
    /// What it brings besides.
    pub extra: Option<parachain_system::Extra>,
}

impl Inherents {
    /// The argument of `BlockBuilder_inherent_extrinsics`.
    pub fn encode(&self) -> Vec<u8> {
        let mut data = InherentData::new();
        put_inherent(&mut data, crate::chain::TIMESTAMP_INHERENT, &self.timestamp);
        put_inherent(&mut data, parachain_system::INHERENT_IDENTIFIER, &self.validation_data);
        if let Some(extra) = &self.extra {
            put_inherent(&mut data, parachain_system::EXTRA_IDENTIFIER, extra);
        }
        Encode::encode(&data)
    }
}
