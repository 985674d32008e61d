//! The key that peers of one operator share.

use std::fmt;
use std::path::Path;

use hmac::{Hmac, Mac};
use libp2p::PeerId;
use sha2::Sha256;
use thiserror::Error;
use zeroize::Zeroizing;

use super::secret_file::{self, SecretFileError};

/// A shorter key could be guessed from one proof, without asking again.
const SHORTEST: usize = 16;
const LONGEST: usize = 4096;
const CONTEXT: &[u8] = b"prb walkie auth v1";

/// A key that lies in a file on both sides.
///
/// It never travels. A caller sends an HMAC over both peer ids, which the connection proves
/// anyway, so a proof is of use to nobody else. `Debug` shows nothing of it.
#[derive(Clone)]
pub struct PreSharedKey(Zeroizing<Vec<u8>>);

/// The key is too short or too long.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("a shared key has {SHORTEST} to {LONGEST} bytes, this one {0}")]
pub struct KeyLength(usize);

/// Why a shared key could not be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PskError {
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] SecretFileError),
    /// What it holds is no key.
    #[error("{path}: {length}")]
    Length {
        /// The file.
        path: String,
        /// What is wrong.
        length: KeyLength,
    },
}

impl PreSharedKey {
    /// A key of 16 to 4,096 bytes.
    pub fn new(key: &[u8]) -> Result<Self, KeyLength> {
        match key.len() {
            SHORTEST..=LONGEST => Ok(Self(Zeroizing::new(key.to_vec()))),
            length => Err(KeyLength(length)),
        }
    }

    /// Reads a key file; white space around the key does not count. A file that others may read
    /// is made private (0600), with a warning.
    pub fn load(path: &Path) -> Result<Self, PskError> {
        let content = secret_file::read(path)?;
        Self::new(content.trim_ascii())
            .map_err(|length| PskError::Length { path: path.display().to_string(), length })
    }

    /// What the peer `from` sends to the peer `to`.
    pub(crate) fn proof(&self, from: &PeerId, to: &PeerId) -> String {
        hex::encode(self.mac(from, to).finalize().into_bytes())
    }

    /// Whether `from` sent the right proof. Takes the same time whatever was sent.
    pub(crate) fn verify(&self, from: &PeerId, to: &PeerId, proof: &str) -> bool {
        hex::decode(proof).is_ok_and(|proof| self.mac(from, to).verify_slice(&proof).is_ok())
    }

    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    fn mac(&self, from: &PeerId, to: &PeerId) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes any key");
        for part in [CONTEXT, from.to_base58().as_bytes(), to.to_base58().as_bytes()] {
            mac.update(part);
            mac.update(&[0]);
        }
        mac
    }
}

impl fmt::Debug for PreSharedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PreSharedKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_good_for_one_pair_of_peers_in_one_direction() {
        let [a, b, c] = std::array::from_fn(|_| PeerId::random());
        let key = PreSharedKey::new(&[7; 32]).unwrap();
        let proof = key.proof(&a, &b);
        assert!(key.verify(&a, &b, &proof));
        assert!(!key.verify(&b, &a, &proof));
        assert!(!key.verify(&c, &b, &proof));
        assert!(!key.verify(&a, &c, &proof));
        assert!(!PreSharedKey::new(&[8; 32]).unwrap().verify(&a, &b, &proof));
        for bad in ["", "zz", &proof[..62], &format!("{proof}00")] {
            assert!(!key.verify(&a, &b, bad));
        }
    }

    #[test]
    fn short_keys_are_refused_and_none_is_shown() {
        assert_eq!(PreSharedKey::new(&[1; 15]).unwrap_err(), KeyLength(15));
        let key = PreSharedKey::new(b"correct horse battery").unwrap();
        assert_eq!(format!("{key:?}"), "PreSharedKey(..)");
    }

    #[test]
    fn files_are_read_without_their_line_end_and_made_private() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("psk");
        std::fs::write(&path, "0123456789abcdef\n").unwrap();
        let key = PreSharedKey::load(&path).unwrap();
        assert_eq!(*key.0, b"0123456789abcdef");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(matches!(
            PreSharedKey::load(&folder.path().join("none")),
            Err(PskError::File(SecretFileError { .. }))
        ));
    }
}
