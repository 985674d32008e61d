//! Balances of assets other than PHA: here the wrapped PHA that stake pools hold.

pub use pallet::*;

/// The asset id of wrapped PHA.
pub const WRAPPED_PHA: u32 = 10_000;

#[allow(
    missing_docs,
    clippy::expect_used,
    clippy::if_not_else,
    reason = "FRAME's macro makes such code"
)]
#[frame_support::pallet]
pub mod pallet {
    use frame_support::pallet_prelude::*;

    use crate::chain::{AccountId, Balance};

    /// The pallet.
    #[pallet::pallet]
    #[pallet::without_storage_info]
    pub struct Pallet<T>(_);

    /// The pallet needs nothing of its runtime.
    #[pallet::config]
    pub trait Config: frame_system::Config<AccountId = AccountId> {}

    /// What an account holds of an asset.
    #[derive(Encode, Decode, TypeInfo, Clone, PartialEq, Eq, Debug, Default)]
    pub struct AssetAccount {
        /// The amount, in the asset's smallest unit.
        pub balance: Balance,
        /// Whether the holder may move it: 0, that is yes.
        pub status: u8,
        /// Why the account exists: 0, that is because its holder does.
        pub reason: u8,
    }

    /// What accounts hold of each asset.
    #[pallet::storage]
    pub type Account<T> =
        StorageDoubleMap<_, Blake2_128Concat, u32, Blake2_128Concat, AccountId, AssetAccount>;

    /// Why assets cannot move.
    #[pallet::error]
    pub enum Error<T> {
        /// The account holds less than the amount.
        BalanceLow,
    }

    impl<T: Config> Pallet<T> {
        /// What `account` holds of an asset.
        pub fn balance(asset: u32, account: &AccountId) -> Balance {
            Account::<T>::get(asset, account).map_or(0, |account| account.balance)
        }

        /// Creates `amount` of an asset for `account`.
        pub fn mint(asset: u32, account: &AccountId, amount: Balance) {
            let balance = Self::balance(asset, account).saturating_add(amount);
            let held = AssetAccount { balance, ..Default::default() };
            Account::<T>::insert(asset, account, held);
        }

        /// Moves `amount` of an asset.
        pub fn transfer(
            asset: u32,
            from: &AccountId,
            to: &AccountId,
            amount: Balance,
        ) -> DispatchResult {
            let left =
                Self::balance(asset, from).checked_sub(amount).ok_or(Error::<T>::BalanceLow)?;
            let held = AssetAccount { balance: left, ..Default::default() };
            Account::<T>::insert(asset, from, held);
            Self::mint(asset, to, amount);
            Ok(())
        }
    }
}
