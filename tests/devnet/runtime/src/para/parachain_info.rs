//! The parachain's id.

pub use pallet::*;

#[allow(missing_docs, reason = "FRAME's macro makes undocumented items")]
#[frame_support::pallet]
pub mod pallet {
    use frame_support::pallet_prelude::*;

    /// The pallet.
    #[pallet::pallet]
    pub struct Pallet<T>(_);

    /// The pallet needs nothing of its runtime.
    #[pallet::config]
    pub trait Config: frame_system::Config {}

    /// The parachain's id on its relay chain.
    #[pallet::storage]
    pub type ParachainId<T> = StorageValue<_, u32, ValueQuery>;
}
