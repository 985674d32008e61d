//! What a parachain block knows of the relay chain.
//!
//! The engine gives the data of each block as inherent data ([`INHERENT_IDENTIFIER`]), and now and
//! then with it what a block may bring besides: a new runtime, or many changes at once.

use frame_support::inherent::InherentIdentifier;
use frame_support::storage::unhashed;
use parity_scale_codec::{Decode, DecodeWithMemTracking, Encode};
use scale_info::TypeInfo;
use sp_core::storage::well_known_keys::CODE as CODE_KEY;
use sp_io::hashing::{blake2_256, twox_128};
use sp_runtime::{DigestItem, SaturatedConversion as _};

pub use pallet::*;

/// Inherent data under this key is the SCALE encoding of
/// [`PersistedValidationData`](crate::types::PersistedValidationData).
pub const INHERENT_IDENTIFIER: InherentIdentifier = *b"paradata";

/// Inherent data under this key is the SCALE encoding of [`Extra`]; it need not be there.
pub const EXTRA_IDENTIFIER: InherentIdentifier = *b"paraextr";

/// What a block brings besides what every block does.
#[derive(
    Encode, Decode, DecodeWithMemTracking, TypeInfo, Clone, Copy, Default, PartialEq, Eq, Debug,
)]
pub struct Extra {
    /// A new runtime, in force from the next block on: its version is the next one.
    pub upgrade_runtime: bool,
    /// So many bytes of values are written, of a kind that does not compress.
    pub bulk: u32,
}

/// Bytes of one bulk value.
pub const BULK_VALUE: u32 = 4096;
/// Bytes of the code that an upgrade writes.
const CODE: usize = 256 * 1024;

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

    use super::{EXTRA_IDENTIFIER, Extra, INHERENT_IDENTIFIER, InherentIdentifier};
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

    /// Runtime upgrades so far, and the block of the last one.
    #[pallet::storage]
    pub type Upgrades<T> = StorageValue<_, (u32, u32), ValueQuery>;

    /// What blocks wrote in bulk.
    #[pallet::storage]
    pub type Bulk<T> = StorageMap<_, Twox64Concat, u32, Vec<u8>>;

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

        /// The same in a block that brings more. An inherent.
        #[pallet::call_index(1)]
        #[pallet::weight((Weight::zero(), DispatchClass::Mandatory))]
        pub fn set_validation_data_and_extra(
            origin: OriginFor<T>,
            data: PersistedValidationData,
            extra: Extra,
        ) -> DispatchResult {
            ensure_none(origin)?;
            ValidationData::<T>::put(data);
            Self::write_bulk(extra.bulk);
            if extra.upgrade_runtime {
                Self::upgrade_runtime();
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
            let validation = data.get_data(&INHERENT_IDENTIFIER).ok().flatten()?;
            let extra: Option<Extra> = data.get_data(&EXTRA_IDENTIFIER).ok().flatten();
            Some(match extra {
                Some(extra) => Call::set_validation_data_and_extra { data: validation, extra },
                None => Call::set_validation_data { data: validation },
            })
        }

        fn is_inherent(call: &Self::Call) -> bool {
            matches!(
                call,
                Call::set_validation_data { .. } | Call::set_validation_data_and_extra { .. }
            )
        }
    }
}

impl<T: Config> Pallet<T> {
    /// By how much the version of the runtime in force is raised: a new runtime executes the block
    /// after the one that brought it.
    pub fn upgrades_in_force() -> u32 {
        // There while a block is executed.
        let phase = [twox_128(b"System"), twox_128(b"ExecutionPhase")].concat();
        let (count, block) = Upgrades::<T>::get();
        let executing =
            unhashed::exists(&phase) && frame_system::Pallet::<T>::block_number() == block.into();
        if executing { count.saturating_sub(1) } else { count }
    }

    fn upgrade_runtime() {
        let (count, _) = Upgrades::<T>::get();
        let now: u32 = frame_system::Pallet::<T>::block_number().saturated_into();
        Upgrades::<T>::put((count + 1, now));
        unhashed::put_raw(CODE_KEY, &noise(b"code", count, CODE));
        frame_system::Pallet::<T>::deposit_log(DigestItem::RuntimeEnvironmentUpdated);
    }

    fn write_bulk(bytes: u32) {
        let now: u32 = frame_system::Pallet::<T>::block_number().saturated_into();
        for index in 0..bytes / BULK_VALUE {
            let value = noise(&index.to_le_bytes(), now, BULK_VALUE as usize);
            Bulk::<T>::insert(index, value);
        }
    }
}

/// Bytes that look random and are the same in every run.
fn noise(name: &[u8], number: u32, length: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(length + 32);
    let mut block = (name, number).using_encoded(blake2_256);
    while bytes.len() < length {
        bytes.extend_from_slice(&block);
        block = blake2_256(&block);
    }
    bytes.truncate(length);
    bytes
}
