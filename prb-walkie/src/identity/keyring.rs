//! Account keys as polkadot.js exports them.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use blake2::{Blake2b512, Digest};
use schnorrkel::SecretKey;
use serde::Deserialize;
use zeroize::Zeroizing;

mod lock;

/// What stands before the secret in an exported pair.
const HEADER: &[u8] = &[
    0x30, 0x53, 0x02, 0x01, 0x01, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
/// What stands between the secret and the public key.
const DIVIDER: &[u8] = &[0xa1, 0x23, 0x03, 0x21, 0x00];
const SECRET: usize = 64;
const PUBLIC: usize = 32;

/// An sr25519 key pair that polkadot.js exported.
///
/// Its `Debug` shows the public key alone.
pub struct KeyringPair {
    secret: Zeroizing<[u8; SECRET]>,
    public_key: [u8; PUBLIC],
    address: String,
}

/// Why an exported key pair cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyringError {
    /// Not such an export.
    #[error("the key pair is malformed: {reason}")]
    Malformed {
        /// What does not fit.
        reason: &'static str,
    },
    /// Of another kind, or locked where no passphrase was given.
    #[error("the key pair cannot be used: {reason}")]
    Unsupported {
        /// What it would have to be.
        reason: &'static str,
    },
    /// It is locked with another passphrase, or damaged.
    #[error("the passphrase does not open the key pair")]
    Passphrase,
    /// The secret belongs to another account.
    #[error("the secret key is not that of {address}")]
    Mismatch {
        /// The account it is said to be for.
        address: String,
    },
}

#[derive(Deserialize)]
struct Export<'a> {
    /// Borrowed, so that no copy of the secret is left behind.
    encoded: &'a str,
    encoding: Encoding,
    address: String,
}

#[derive(Deserialize)]
struct Encoding {
    content: Vec<String>,
    r#type: Vec<String>,
    version: String,
}

impl KeyringPair {
    /// Reads the JSON polkadot.js exports, and checks the secret against public key and address.
    pub fn from_json(json: &[u8]) -> Result<Self, KeyringError> {
        Self::read(json, None)
    }

    /// The same with a passphrase, which is not looked at if the pair is not locked. Computes for
    /// about half a second, in 128 MB of memory.
    pub fn unlock(json: &[u8], passphrase: &str) -> Result<Self, KeyringError> {
        Self::read(json, Some(passphrase))
    }

    fn read(json: &[u8], passphrase: Option<&str>) -> Result<Self, KeyringError> {
        let export: Export<'_> = serde_json::from_slice(json)
            .map_err(|_| KeyringError::Malformed { reason: "not polkadot.js's JSON" })?;
        let is_locked = export.encoding.is_locked()?;
        let mut encoded = BASE64_STANDARD
            .decode(export.encoded)
            .map(Zeroizing::new)
            .map_err(|_| KeyringError::Malformed { reason: "`encoded` is not base64" })?;
        if is_locked {
            let reason = "it is locked with a passphrase";
            let passphrase = passphrase.ok_or(KeyringError::Unsupported { reason })?;
            encoded = lock::open(&encoded, passphrase)?;
        }
        let (secret, public_key) = split(&encoded)
            .ok_or(KeyringError::Malformed { reason: "`encoded` is not laid out as PKCS#8" })?;
        let mismatch = || KeyringError::Mismatch { address: export.address.clone() };
        let derived = SecretKey::from_ed25519_bytes(secret.as_slice())
            .map_err(|_| KeyringError::Malformed { reason: "the secret is not a valid scalar" })?
            .to_public();
        if derived.to_bytes() != public_key || account(&export.address) != Some(public_key) {
            return Err(mismatch());
        }
        Ok(Self { secret, public_key, address: export.address })
    }

    /// The secret in ed25519-expanded form: a scalar times eight and a nonce, 32 bytes each.
    pub fn secret(&self) -> &[u8; SECRET] {
        &self.secret
    }

    /// The public key, which is the account's id.
    pub fn public_key(&self) -> [u8; PUBLIC] {
        self.public_key
    }

    /// The account's address as the export names it.
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl fmt::Debug for KeyringPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyringPair").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Encoding {
    fn is_locked(&self) -> Result<bool, KeyringError> {
        let reason = "only sr25519 pairs of export version 3 are";
        if self.version != "3" || self.content != ["pkcs8", "sr25519"] {
            return Err(KeyringError::Unsupported { reason });
        }
        match self.r#type.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["none"] => Ok(false),
            ["scrypt", "xsalsa20-poly1305"] => Ok(true),
            _ => Err(KeyringError::Unsupported { reason: "its lock is none of polkadot.js's" }),
        }
    }
}

type Halves = (Zeroizing<[u8; SECRET]>, [u8; PUBLIC]);

fn split(encoded: &[u8]) -> Option<Halves> {
    let rest = encoded.strip_prefix(HEADER)?;
    let (secret, rest) = rest.split_at_checked(SECRET)?;
    let public_key = rest.strip_prefix(DIVIDER)?.try_into().ok()?;
    Some((Zeroizing::new(secret.try_into().ok()?), public_key))
}

/// The account id in an SS58 address of any network.
fn account(address: &str) -> Option<[u8; PUBLIC]> {
    let bytes = bs58::decode(address).into_vec().ok()?;
    // Networks from 64 on take two bytes.
    let prefix = if *bytes.first()? & 0b0100_0000 == 0 { 1 } else { 2 };
    let (body, checksum) = bytes.split_at_checked(prefix + PUBLIC)?;
    let hash = Blake2b512::new().chain_update(b"SS58PRE").chain_update(body).finalize();
    (checksum == &hash[..2]).then(|| body[prefix..].try_into().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    const VECTOR: &str = include_str!("../../../tests/fixtures/vectors/enc_pool_operator.json");

    fn export() -> serde_json::Value {
        let vector: serde_json::Value = serde_json::from_str(VECTOR).unwrap();
        serde_json::from_str(vector["plaintextJson"].as_str().unwrap()).unwrap()
    }

    fn error(change: impl FnOnce(&mut serde_json::Value)) -> KeyringError {
        let mut export = export();
        change(&mut export);
        KeyringPair::from_json(export.to_string().as_bytes()).unwrap_err()
    }

    #[test]
    fn addresses_of_all_networks_name_the_same_account() {
        let vector: serde_json::Value = serde_json::from_str(VECTOR).unwrap();
        let key = KeyringPair::from_json(export().to_string().as_bytes()).unwrap().public_key();
        for network in ["ss58Format30", "ss58Polkadot0", "ss58Substrate42"] {
            assert_eq!(account(vector[network].as_str().unwrap()), Some(key), "{network}");
        }
        assert_eq!(account("42DnB4uneK6bURXJeXgMdWYyUah9tSaviM2ijedZXxsPTQWZ"), None);
    }

    #[test]
    fn what_cannot_be_used_says_why() {
        let locked = error(|export| export["encoding"]["type"] = vec!["argon2"].into());
        assert!(locked.to_string().contains("lock"), "{locked}");
        let other_kind =
            error(|export| export["encoding"]["content"] = vec!["pkcs8", "ed25519"].into());
        assert!(other_kind.to_string().contains("sr25519"), "{other_kind}");
        let cut = error(|export| export["encoded"] = "MFMCAQEw".into());
        assert!(cut.to_string().contains("PKCS#8"), "{cut}");
        assert!(KeyringPair::from_json(b"{}").is_err());
    }

    #[test]
    fn what_polkadot_js_locked_opens_with_its_passphrase_alone() {
        let locked = include_bytes!("../../../tests/fixtures/keyring_locked.json");
        let open = KeyringPair::from_json(export().to_string().as_bytes()).unwrap();
        let pair = KeyringPair::unlock(locked, "correct horse").unwrap();
        assert_eq!((pair.secret(), pair.address()), (open.secret(), open.address()));
        let wrong = KeyringPair::unlock(locked, "incorrect horse").unwrap_err();
        assert!(matches!(wrong, KeyringError::Passphrase), "{wrong}");
        let none = KeyringPair::from_json(locked).unwrap_err();
        assert!(none.to_string().contains("passphrase"), "{none}");
    }

    #[test]
    fn costs_that_polkadot_js_never_writes_are_not_paid() {
        let mut locked = vec![0; 200];
        locked[32..36].copy_from_slice(&(1_u32 << 30).to_le_bytes());
        let error = lock::open(&locked, "").unwrap_err();
        assert!(error.to_string().contains("scrypt"), "{error}");
        assert!(lock::open(&locked[..67], "").is_err());
    }

    #[test]
    fn a_secret_of_another_account_is_refused() {
        let alice = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
        let error = error(|export| export["address"] = alice.into());
        assert!(matches!(error, KeyringError::Mismatch { .. }), "{error}");
    }

    #[test]
    fn debug_shows_no_secret() {
        let pair = KeyringPair::from_json(export().to_string().as_bytes()).unwrap();
        assert_eq!(
            format!("{pair:?}"),
            format!("KeyringPair {{ address: {:?}, .. }}", pair.address())
        );
    }
}
