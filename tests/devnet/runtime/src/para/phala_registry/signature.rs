//! Signatures of off-chain senders.

use frame_support::ensure;
use sp_core::sr25519;
use sp_runtime::DispatchResult;

use super::{Config, Error, GatekeeperMasterPubkey, Pallet};
use crate::{
    para::phala_mq::MessageVerifier,
    types::{MessageOrigin, SignedMessage, WorkerPublicKey},
};

impl<T: Config> MessageVerifier for Pallet<T> {
    /// A worker's message is checked with the key that the message itself names; whether the
    /// worker is registered does not matter. The gatekeepers' is checked with the key that they
    /// share. There are no contracts and clusters on the embedded network.
    fn verify(message: &SignedMessage) -> DispatchResult {
        let signed = SignedMessage::signed_bytes(&message.message, message.sequence);
        match &message.message.sender {
            MessageOrigin::Worker(key) => Self::verify_signature(key, &signed, &message.signature),
            MessageOrigin::Gatekeeper => {
                let key = GatekeeperMasterPubkey::<T>::get();
                let key = key.ok_or(Error::<T>::MasterKeyUninitialized)?;
                Self::verify_signature(&key, &signed, &message.signature)
            }
            MessageOrigin::Contract(_) => Err(Error::<T>::UnknownContract.into()),
            MessageOrigin::Cluster(_) => Err(Error::<T>::UnknownCluster.into()),
            _ => Err(crate::para::phala_mq::Error::<T>::BadSender.into()),
        }
    }
}

impl<T: Config> Pallet<T> {
    pub(super) fn verify_signature(
        key: &WorkerPublicKey,
        signed: &[u8],
        signature: &[u8],
    ) -> DispatchResult {
        ensure!(signature.len() == 64, Error::<T>::InvalidSignatureLength);
        let signature =
            sr25519::Signature::try_from(signature).map_err(|()| Error::<T>::MalformedSignature)?;
        ensure!(
            sp_io::crypto::sr25519_verify(&signature, signed, key),
            Error::<T>::InvalidSignature
        );
        Ok(())
    }
}
