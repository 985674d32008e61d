//! What both chains have in common.

use frame_support::{
    dispatch::DispatchClass,
    parameter_types,
    weights::{Weight, constants::WEIGHT_REF_TIME_PER_SECOND},
};
use frame_system::limits::{BlockLength, BlockWeights};
use parity_scale_codec::Encode;
use sp_core::H256;
use sp_inherents::{InherentData, InherentIdentifier};
use sp_runtime::{
    MultiAddress, MultiSignature, OpaqueExtrinsic, Perbill, generic, traits::BlakeTwo256,
};

pub use crate::types::AccountId;

/// An amount of the chain's token in planck; 10^12 planck are one token.
pub type Balance = u128;

/// A block's height.
pub type BlockNumber = u32;

/// A block hash, or a state root.
pub type Hash = H256;

/// How many transactions an account has made.
pub type Nonce = u32;

/// How an extrinsic names an account.
pub type Address = MultiAddress<AccountId, ()>;

/// A transaction's signature.
pub type Signature = MultiSignature;

/// A block's header.
pub type Header = generic::Header<BlockNumber, BlakeTwo256>;

/// A block of either chain with its extrinsics as plain bytes: what an engine handles.
pub type OpaqueBlock = generic::Block<Header, OpaqueExtrinsic>;

/// One token (PHA, KSM) in planck.
pub const TOKEN: Balance = 1_000_000_000_000;

/// The most bytes the extrinsics of a block may have.
pub const MAX_BLOCK_LENGTH: u32 = 5 * 1024 * 1024;

/// The share of a block's length and weight that transactions may take; the rest is for inherents
/// and operational calls.
pub const NORMAL_DISPATCH_RATIO: Perbill = Perbill::from_percent(75);

/// How many blocks back a block's hash is known to the runtime, and so how far back the birth of a
/// mortal transaction may lie.
pub const BLOCK_HASH_COUNT: BlockNumber = 1200;

/// The execution time assumed of a call of a mirrored pallet: 50 µs, so that a batch of many fits
/// into a block.
pub const CALL_WEIGHT: Weight = Weight::from_parts(50_000_000, 0);

/// Inherent data under this key is the block's time: a `u64`, ms since 1970.
pub const TIMESTAMP_INHERENT: InherentIdentifier = *b"timstap0";

/// Adds `value` to inherent data in which `identifier` is new.
#[expect(clippy::expect_used, reason = "the message says why it holds")]
pub(crate) fn put_inherent(
    data: &mut InherentData,
    identifier: InherentIdentifier,
    value: &impl Encode,
) {
    data.put_data(identifier, value)
        .expect("each inherent of a chain is put once, under its own identifier");
}

parameter_types! {
    /// Limits on the length of a block.
    pub RuntimeBlockLength: BlockLength = BlockLength::builder()
        .max_length(MAX_BLOCK_LENGTH)
        .modify_max_length_for_class(DispatchClass::Normal, |max| {
            *max = NORMAL_DISPATCH_RATIO * *max;
        })
        .build();
    /// Limits on the execution time of a block: two seconds, with no limit on proof size.
    pub RuntimeBlockWeights: BlockWeights = BlockWeights::with_sensible_defaults(
        Weight::from_parts(2 * WEIGHT_REF_TIME_PER_SECOND, u64::MAX),
        NORMAL_DISPATCH_RATIO,
    );
}
