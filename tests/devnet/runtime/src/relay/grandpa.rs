//! GRANDPA's authority set as a light client sees it.
//!
//! The live pallet changes the set at session ends. Here the engine says when: a block whose
//! inherent data holds a next authority list ([`INHERENT_IDENTIFIER`]) is a change block. Its state
//! already has the new list and the new set id, its header the `FRNK` digest with a
//! `ScheduledChange` of delay 0; its justification is signed by the old set.

use frame_support::inherent::InherentIdentifier;
use sp_consensus_grandpa::AuthorityList;

pub use pallet::*;

/// Inherent data under this key is the SCALE encoding of the next [`AuthorityList`]. A block
/// without it keeps its set.
pub const INHERENT_IDENTIFIER: InherentIdentifier = *b"grandpas";

/// The well-known key that holds the authority list in older relay runtimes.
pub const WELL_KNOWN_AUTHORITIES_KEY: &[u8] = b":grandpa_authorities";

/// The version byte before the list under [`WELL_KNOWN_AUTHORITIES_KEY`].
pub const WELL_KNOWN_AUTHORITIES_VERSION: u8 = 1;

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
        storage::unhashed,
    };
    use frame_system::pallet_prelude::*;
    use sp_consensus_grandpa::{ConsensusLog, GRANDPA_ENGINE_ID, ScheduledChange};
    use sp_runtime::DigestItem;

    use super::{
        AuthorityList, INHERENT_IDENTIFIER, InherentIdentifier, WELL_KNOWN_AUTHORITIES_KEY,
        WELL_KNOWN_AUTHORITIES_VERSION,
    };

    /// The pallet.
    #[pallet::pallet]
    #[pallet::without_storage_info]
    pub struct Pallet<T>(_);

    /// The pallet needs nothing of its runtime.
    #[pallet::config]
    pub trait Config: frame_system::Config {}

    /// The authority list. Relay runtimes before the end of 2023 lack it.
    #[pallet::storage]
    pub type Authorities<T> = StorageValue<_, AuthorityList>;

    /// The number of the authority set.
    #[pallet::storage]
    pub type CurrentSetId<T> = StorageValue<_, u64, ValueQuery>;

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Hands over to the next authority set. An inherent.
        #[pallet::call_index(0)]
        #[pallet::weight((Weight::zero(), DispatchClass::Mandatory))]
        pub fn change_authorities(
            origin: OriginFor<T>,
            next_authorities: AuthorityList,
        ) -> DispatchResult {
            ensure_none(origin)?;
            CurrentSetId::<T>::mutate(|id| *id += 1);
            Self::store_authorities(
                &next_authorities,
                Authorities::<T>::exists(),
                unhashed::exists(WELL_KNOWN_AUTHORITIES_KEY),
            );
            let change =
                ScheduledChange { next_authorities, delay: BlockNumberFor::<T>::from(0u32) };
            let log = ConsensusLog::ScheduledChange(change);
            frame_system::Pallet::<T>::deposit_log(DigestItem::Consensus(
                GRANDPA_ENGINE_ID,
                log.encode(),
            ));
            Ok(())
        }
    }

    impl<T: Config> Pallet<T> {
        /// Stores the list under the keys that are in use.
        pub(in crate::relay) fn store_authorities(
            authorities: &AuthorityList,
            in_pallet: bool,
            in_well_known_key: bool,
        ) {
            if in_pallet {
                Authorities::<T>::put(authorities);
            }
            if in_well_known_key {
                let versioned = (WELL_KNOWN_AUTHORITIES_VERSION, authorities);
                unhashed::put(WELL_KNOWN_AUTHORITIES_KEY, &versioned);
            }
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
            let next_authorities = data.get_data(&INHERENT_IDENTIFIER).ok().flatten()?;
            Some(Call::change_authorities { next_authorities })
        }

        fn is_inherent(call: &Self::Call) -> bool {
            matches!(call, Call::change_authorities { .. })
        }
    }
}
