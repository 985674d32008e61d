//! What a parachain block knows of its relay chain.

use parity_scale_codec::{Decode, DecodeWithMemTracking, Encode};
use scale_info::TypeInfo;
use sp_core::H256;

/// The relay chain as a parachain block was built upon it.
#[derive(Encode, Decode, DecodeWithMemTracking, TypeInfo, Clone, PartialEq, Eq, Debug)]
pub struct PersistedValidationData {
    /// The encoded header of the parachain block's parent.
    pub parent_head: Vec<u8>,
    /// The relay block the parachain block builds upon.
    pub relay_parent_number: u32,
    /// That relay block's state root.
    pub relay_parent_storage_root: H256,
    /// The most bytes a proof of validity may have.
    pub max_pov_size: u32,
}
