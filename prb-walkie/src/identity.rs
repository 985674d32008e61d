//! The key a service is known by.
//!
//! An identity is an RSA-2048 key pair in a file of its own. Its public half gives the peer id
//! (`Qm…`) other services know the service by; its private half signs, opens what was sealed to
//! it (the operators of pools), and yields keys for message authentication.
//!
//! ```
//! use prb_walkie::identity::{Identity, Name};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! let identity = Identity::load_or_create(folder, Name::Lifecycle)?;
//! let sealed = identity.seal("pool:2", b"//Alice");
//! assert_eq!(*identity.open("pool:2", &sealed)?, b"//Alice");
//! assert!(identity.open("pool:3", &sealed).is_err());
//! # Ok(())
//! # }
//! ```

use std::fmt;
use std::path::Path;

use hkdf::Hkdf;
use rand::rngs::OsRng;
use rsa::pkcs1v15::SigningKey;
use rsa::signature::{RandomizedSigner, SignatureEncoding};
use rsa::traits::PrivateKeyParts;
use rsa::{RsaPrivateKey, RsaPublicKey};
use sha2::Sha256;
use zeroize::Zeroizing;

mod error;
mod file;
mod format;
mod keyring;
mod legacy;
mod peer_id;
mod seal;
#[cfg(test)]
mod tests;

pub use error::{IdentityError, OpenError};
pub use file::Name;
pub use keyring::{KeyringError, KeyringPair};
pub use peer_id::PeerId;

/// Length of a key, in bits, as every peer of the field makes it.
const KEY_BITS: usize = 2048;

/// A service's key pair.
///
/// Its `Debug` shows the peer id alone; the private key is wiped from memory when dropped.
pub struct Identity {
    key: SigningKey<Sha256>,
    public_key: Vec<u8>,
    peer_id: PeerId,
}

impl Identity {
    /// Makes a new identity that is in no file. Takes some 100 ms of computing.
    pub fn generate() -> Result<Self, IdentityError> {
        let key = RsaPrivateKey::new(&mut OsRng, KEY_BITS)
            .map_err(|error| IdentityError::Generate { reason: error.to_string() })?;
        Self::from_key(key).map_err(|reason| IdentityError::Generate { reason })
    }

    /// Loads the identity called `name` from `folder`, or makes it if there is none.
    ///
    /// The folder is made if absent. A file that exists is never replaced: of two processes that
    /// start on an empty folder one makes the key and both end with it. A file that others may
    /// read is made private (0600), with a warning. Blocks while it reads, or computes a key.
    pub fn load_or_create(folder: &Path, name: Name) -> Result<Self, IdentityError> {
        match Self::load(folder, name) {
            Err(IdentityError::Missing { .. }) => file::create(folder, name),
            loaded => loaded,
        }
    }

    /// Loads the identity called `name` from `folder`, where it must be.
    pub fn load(folder: &Path, name: Name) -> Result<Self, IdentityError> {
        file::load(&folder.join(name.file_name()))
    }

    /// Reads an identity from the content of its file.
    pub fn from_file_bytes(bytes: &[u8]) -> Result<Self, IdentityError> {
        format::decode(bytes).map_err(|reason| IdentityError::Malformed { reason })
    }

    /// The content of its file, to be kept as a backup. Whoever has it is this service, and can
    /// open what was sealed to it.
    pub fn to_file_bytes(&self) -> Result<Zeroizing<Vec<u8>>, IdentityError> {
        format::encode(self).map_err(|reason| IdentityError::Malformed { reason })
    }

    /// Puts an identity into `folder` as the one called `name`, from the bytes of a backup.
    ///
    /// It is checked first, and never takes the place of another: restoring what is there already
    /// does nothing, and if another identity is there it is an error that names both.
    pub fn restore(folder: &Path, name: Name, backup: &[u8]) -> Result<Self, IdentityError> {
        file::restore(folder, name, Self::from_file_bytes(backup)?)
    }

    /// What other services know this one by.
    pub fn peer_id(&self) -> &PeerId {
        &self.peer_id
    }

    /// The public key in libp2p's protobuf: `{1 type, 2 SubjectPublicKeyInfo}`.
    pub fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    /// An RSASSA-PKCS1-v1_5 signature over SHA-256, as libp2p makes it.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.key.sign_with_rng(&mut OsRng, message).to_vec()
    }

    /// Seals `plaintext` so that this identity alone can open it, and under `context` alone.
    ///
    /// The context says what the secret is for, such as `pool:2`; it is not kept in the result.
    /// Nobody without the private key can make something that opens.
    pub fn seal(&self, context: &str, plaintext: &[u8]) -> Vec<u8> {
        seal::seal(&self.derive(seal::PURPOSE), context, plaintext)
    }

    /// Opens what [`Identity::seal`] sealed under the same context.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        seal::open(&self.derive(seal::PURPOSE), context, sealed)
    }

    /// Opens a pool operator as version 2 of the Runtime Bridge sealed it.
    ///
    /// That form carries no proof of integrity and is bound to no pool, so it is read only to be
    /// sealed anew. The key pair inside is checked against its own public key and address.
    pub fn open_v2_operator(&self, sealed: &[u8]) -> Result<KeyringPair, OpenError> {
        legacy::open(self.key.as_ref(), sealed)
    }

    /// A key for authenticating messages between services that share this identity, another
    /// one for each purpose.
    pub fn mac_key(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        self.derive(&format!("mac:{purpose}"))
    }

    fn from_key(key: RsaPrivateKey) -> Result<Self, String> {
        let public_key = format::public_key(&RsaPublicKey::from(&key))?;
        let peer_id = PeerId::of_public_key(&public_key);
        Ok(Self { key: SigningKey::new(key), public_key, peer_id })
    }

    pub(crate) fn private_key(&self) -> &RsaPrivateKey {
        self.key.as_ref()
    }

    /// HKDF-SHA256 of the private exponent, which no encoding of the key changes.
    #[expect(clippy::expect_used, reason = "32 bytes are within HKDF-SHA256's 8,160")]
    fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        let exponent = Zeroizing::new(self.private_key().d().to_bytes_be());
        let mut key = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::new(Some(b"prb identity"), &exponent)
            .expand(purpose.as_bytes(), key.as_mut())
            .expect("32 bytes are a valid HKDF-SHA256 output");
        key
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("peer_id", &self.peer_id).finish_non_exhaustive()
    }
}
