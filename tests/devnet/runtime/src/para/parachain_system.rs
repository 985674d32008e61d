//! What a parachain block knows of the relay chain.
//!
//! The engine gives the data of each block as inherent data ([`INHERENT_IDENTIFIER`]).

use frame_support::inherent::InherentIdentifier;

pub use pallet::*;

/// Inherent data under this key is the SCALE encoding of
/// [`PersistedValidationData`](crate::types::PersistedValidationData).
pub const INHERENT_IDENTIFIER: InherentIdentifier = *b"paradata";

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

    use super::{INHERENT_IDENTIFIER, InherentIdentifier};
    use crate::types::PersistedValidationData;

    /// The pallet.
    #[pallet::pallet]
    #[pallet::without_storage_info]
    pub struct Pallet<T>(_);

    /// The pallet needs nothing of its runtime.
    #[pallet::config]
    pub trait Config: frame_system::Config {}

    /// The relay chain as the current block was built upon it.
    #[pallet::storage]
    pub type ValidationData<T> = StorageValue<_, PersistedValidationData>;

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Says what the block is built upon. An inherent.
        #[pallet::call_index(0)]
        #[pallet::weight((Weight::zero(), DispatchClass::Mandatory))]
        pub fn set_validation_data(
            origin: OriginFor<T>,
            data: PersistedValidationData,
        ) -> DispatchResult {
            ensure_none(origin)?;
            ValidationData::<T>::put(data);
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
            let data = data.get_data(&INHERENT_IDENTIFIER).ok().flatten()?;
            Some(Call::set_validation_data { data })
        }

        fn is_inherent(call: &Self::Call) -> bool {
            matches!(call, Call::set_validation_data { .. })
        }
    }
}
