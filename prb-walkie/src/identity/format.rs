//! The content of an identity file, as js-libp2p's peer-id writes it.

use prost::Message;
use rsa::pkcs1::{DecodeRsaPrivateKey, EncodeRsaPrivateKey};
use rsa::pkcs8::EncodePublicKey;
use rsa::traits::PublicKeyParts;
use rsa::{RsaPrivateKey, RsaPublicKey};
use zeroize::Zeroizing;

use super::Identity;

/// libp2p's number for RSA. It is on the wire although it is zero.
const RSA: i32 = 0;

#[derive(Message)]
struct KeyFile {
    #[prost(bytes = "vec", optional, tag = "1")]
    id: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "2")]
    public_key: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "3")]
    private_key: Option<Vec<u8>>,
}

#[derive(Message)]
struct Key {
    #[prost(int32, optional, tag = "1")]
    key_type: Option<i32>,
    #[prost(bytes = "vec", optional, tag = "2")]
    data: Option<Vec<u8>>,
}

/// A public key in libp2p's protobuf.
pub(super) fn public_key(key: &RsaPublicKey) -> Result<Vec<u8>, String> {
    let der = key.to_public_key_der().map_err(|error| error.to_string())?;
    Ok(Key { key_type: Some(RSA), data: Some(der.into_vec()) }.encode_to_vec())
}

/// The file of an identity.
pub(super) fn encode(identity: &Identity) -> Result<Zeroizing<Vec<u8>>, String> {
    let der = identity.private_key().to_pkcs1_der().map_err(|error| error.to_string())?;
    let mut private = Key { key_type: Some(RSA), data: Some(der.as_bytes().to_vec()) };
    let private_key = Zeroizing::new(private.encode_to_vec());
    drop(private.data.take().map(Zeroizing::new));
    let mut file = KeyFile {
        id: Some(identity.peer_id().as_bytes().to_vec()),
        public_key: Some(identity.public_key().to_vec()),
        private_key: Some(private_key.to_vec()),
    };
    let bytes = Zeroizing::new(file.encode_to_vec());
    drop(file.private_key.take().map(Zeroizing::new));
    Ok(bytes)
}

/// Reads a file's content. The error says in words what does not fit.
pub(super) fn decode(bytes: &[u8]) -> Result<Identity, String> {
    if bytes.is_empty() {
        return Err("it is empty".into());
    }
    let file = KeyFile::decode(bytes).map_err(|error| error.to_string())?;
    let private_key = Zeroizing::new(file.private_key.ok_or("it holds no private key")?);
    let identity = Identity::from_key(decode_private_key(&private_key)?)?;
    if file.public_key.is_some_and(|public_key| public_key != identity.public_key()) {
        return Err("its public key does not belong to its private key".into());
    }
    if file.id.is_some_and(|id| id != identity.peer_id().as_bytes()) {
        return Err(format!("its peer id is not that of its key, {}", identity.peer_id()));
    }
    Ok(identity)
}

fn decode_private_key(bytes: &[u8]) -> Result<RsaPrivateKey, String> {
    let key = Key::decode(bytes).map_err(|error| error.to_string())?;
    let data = Zeroizing::new(key.data.unwrap_or_default());
    let kind = match key.key_type {
        Some(RSA) => None,
        None => Some("no type"),
        Some(1) => Some("type Ed25519"),
        Some(2) => Some("type Secp256k1"),
        Some(3) => Some("type ECDSA"),
        Some(_) => Some("an unknown type"),
    };
    if let Some(kind) = kind {
        return Err(format!("its private key has {kind}, only RSA can be used"));
    }
    let key = RsaPrivateKey::from_pkcs1_der(&data)
        .map_err(|error| format!("its private key is not valid PKCS#1: {error}"))?;
    if key.n().bits() < super::KEY_BITS {
        return Err(format!("its private key has {} bits, fewer than 2048", key.n().bits()));
    }
    Ok(key)
}
