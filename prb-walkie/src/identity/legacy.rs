//! Pool operators as version 2 of the Runtime Bridge sealed them.
//!
//! AES-256-CBC without authentication, its key wrapped by RSA-OAEP (SHA-1). Read, never written.

use aes::Aes256;
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockDecryptMut, KeyIvInit};
use prost::Message;
use rand::rngs::OsRng;
use rsa::{Oaep, RsaPrivateKey};
use sha1::Sha1;
use zeroize::Zeroizing;

use super::{KeyringPair, OpenError};

#[derive(Message)]
struct SealedOperator {
    #[prost(bytes = "vec", tag = "1")]
    iv: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    key: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    payload: Vec<u8>,
}

pub(super) fn open(identity: &RsaPrivateKey, sealed: &[u8]) -> Result<KeyringPair, OpenError> {
    let sealed = SealedOperator::decode(sealed)
        .map_err(|_| OpenError::Malformed { reason: "not an operator sealed by version 2" })?;
    let key = identity
        .decrypt_blinded(&mut OsRng, Oaep::new::<Sha1>(), &sealed.key)
        .map(Zeroizing::new)
        .map_err(|_| OpenError::Decrypt { reason: "the key does not unwrap" })?;
    let cipher = Decryptor::<Aes256>::new_from_slices(&key, &sealed.iv)
        .map_err(|_| OpenError::Malformed { reason: "its key or vector has a wrong length" })?;
    let json = cipher
        .decrypt_padded_vec_mut::<Pkcs7>(&sealed.payload)
        .map(Zeroizing::new)
        .map_err(|_| OpenError::Decrypt { reason: "the content does not decrypt" })?;
    Ok(KeyringPair::from_json(&json)?)
}

/// The same bytes, if nothing of them is lost.
#[cfg(test)]
pub(super) fn encoded_again(sealed: &[u8]) -> Vec<u8> {
    SealedOperator::decode(sealed).unwrap().encode_to_vec()
}
