//! The heads of the parachains.
//!
//! The live pallet takes a head when a candidate is included. Here the engine includes: its
//! inherent data ([`INHERENT_IDENTIFIER`]) lists the heads a block brings.

use frame_support::inherent::InherentIdentifier;

pub use pallet::*;

/// Inherent data under this key is the SCALE encoding of [`ParaHeads`]. A block without it moves
/// no head.
pub const INHERENT_IDENTIFIER: InherentIdentifier = *b"paraheds";

/// Parachain ids with the SCALE-encoded header of each.
pub type ParaHeads = Vec<(u32, Vec<u8>)>;

#[allow(
    missing_docs,
    clippy::expect_used,
    clippy::if_not_else,
    reason = "FRAME's macro makes such code"
)]
#[frame_support::pallet]
pub mod pallet {
    use frame_support::{
        inherent::{InherentData, IsFatalError, ProvideInherent},
        pallet_prelude::*,
    };
    use frame_system::pallet_prelude::*;

    use super::{INHERENT_IDENTIFIER, InherentIdentifier, ParaHeads};

    /// The pallet.
    #[pallet::pallet]
    #[pallet::without_storage_info]
    pub struct Pallet<T>(_);

    /// The pallet needs nothing of its runtime.
    #[pallet::config]
    pub trait Config: frame_system::Config {}

    /// The SCALE-encoded header of each parachain's newest included block.
    #[pallet::storage]
    pub type Heads<T> = StorageMap<_, Twox64Concat, u32, Vec<u8>>;

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Includes parachain blocks. An inherent.
        #[pallet::call_index(0)]
        #[pallet::weight((Weight::zero(), DispatchClass::Mandatory))]
        pub fn include_heads(origin: OriginFor<T>, heads: ParaHeads) -> DispatchResult {
            ensure_none(origin)?;
            for (para_id, head) in heads {
                Heads::<T>::insert(para_id, head);
            }
            Ok(())
        }
    }

    /// The inherent is never checked against other data, so no error can arise.
    #[derive(Encode)]
    pub enum InherentError {}

    impl IsFatalError for InherentError {
        fn is_fatal_error(&self) -> bool {
            match *self {}
        }
    }

    #[pallet::inherent]
    impl<T: Config> ProvideInherent for Pallet<T> {
        type Call = Call<T>;
        type Error = InherentError;
        const INHERENT_IDENTIFIER: InherentIdentifier = INHERENT_IDENTIFIER;

        fn create_inherent(data: &InherentData) -> Option<Self::Call> {
            let heads: ParaHeads = data.get_data(&INHERENT_IDENTIFIER).ok().flatten()?;
            (!heads.is_empty()).then_some(Call::include_heads { heads })
        }

        fn is_inherent(call: &Self::Call) -> bool {
            matches!(call, Call::include_heads { .. })
        }
    }
}
