//! Something to write in each block: one signed batch of transfers, as a wallet encodes it.

use anyhow::{Result, anyhow};
use parity_scale_codec::{Compact, Encode};
use prb_devnet::engine::{Extrinsic, Hash};
use prb_devnet::network::Chains;
use prb_devnet_runtime::para::VERSION;
use sp_core::{Pair, sr25519};
use sp_crypto_hashing::blake2_256;
use sp_keyring::Sr25519Keyring;

/// `Utility.batch_all` and `Balances.transfer_keep_alive`, by pallet and call.
const BATCH_ALL: [u8; 2] = [3, 2];
const TRANSFER: [u8; 2] = [40, 3];
/// More than the smallest balance of an account, in planck.
const AMOUNT: u128 = 1_000_000_000_000;

/// Submits a batch for every block, each to the same accounts.
pub(super) struct Writer {
    pair: sr25519::Pair,
    genesis: Hash,
    call: Vec<u8>,
    nonce: u32,
}

impl Writer {
    /// Each batch writes the balances of `accounts` accounts.
    pub(super) fn new(chains: &Chains, accounts: u32) -> Self {
        let transfers = (0..accounts).map(|index| {
            let account = blake2_256(&index.encode());
            (TRANSFER, 0u8, account, Compact(AMOUNT)).encode()
        });
        let transfers: Vec<_> = transfers.collect();
        let count = Compact(transfers.len() as u32).encode();
        let call = [&BATCH_ALL[..], &count, &transfers.concat()].concat();
        let genesis = chains.para.chain().genesis().hash;
        Self { pair: Sr25519Keyring::Alice.pair(), genesis, call, nonce: 0 }
    }

    /// Puts the next batch in the pool; it goes into the next block.
    pub(super) fn submit(&mut self, chains: &Chains) -> Result<()> {
        let extrinsic = self.sign();
        self.nonce += 1;
        chains.para.submit(extrinsic).map(drop).map_err(|error| anyhow!("{error}"))
    }

    /// Extrinsic format 4: signed by an account id with sr25519, immortal, no tip.
    fn sign(&self) -> Extrinsic {
        let stated = (0u8, Compact(self.nonce), Compact(0u128), 0u8).encode();
        let implied =
            (VERSION.spec_version, VERSION.transaction_version, self.genesis, self.genesis, 0u8);
        let payload = [&self.call[..], &stated, &implied.encode()].concat();
        let signature = if payload.len() > 256 {
            self.pair.sign(&blake2_256(&payload))
        } else {
            self.pair.sign(&payload)
        };
        let signed = (0x84u8, 0u8, self.pair.public().0, 1u8, signature.0).encode();
        Extrinsic::from_blob([&signed[..], &stated, &self.call].concat())
    }
}
