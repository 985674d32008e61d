//! SS58: how accounts are written.

use std::fmt;

use sp_crypto_hashing::blake2_512;
use subxt::utils::AccountId32;

/// The network that an address is written for, by its SS58 prefix. Any bridge reads them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Network {
    /// Polkadot.
    Polkadot = 0,
    /// Phala and Khala.
    Phala = 30,
}

/// An account as it is written on a network.
pub(crate) fn ss58(account: &AccountId32, network: Network) -> String {
    let mut bytes = vec![network as u8];
    bytes.extend(account.0);
    let checksum = blake2_512(&[b"SS58PRE", &bytes[..]].concat());
    bytes.extend(&checksum[..2]);
    bs58::encode(bytes).into_string()
}

/// An account, shown as on the Phala and Khala networks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Address<'a>(pub(crate) &'a AccountId32);

impl fmt::Display for Address<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&ss58(self.0, Network::Phala))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zero_account_on_both_networks() {
        let zero = AccountId32([0; 32]);
        assert_eq!(ss58(&zero, Network::Polkadot), "111111111111111111111111111111111HC1");
        let phala = ss58(&zero, Network::Phala);
        assert_eq!(phala, "3zcnkmF6XjEogm8vAyPiL2ykPZHpeVtcfDcwTWJ2teqdSvjq");
        assert_eq!(phala.parse::<AccountId32>().unwrap(), zero);
    }
}
