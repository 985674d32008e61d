//! How an operator gives the account that signs.

use std::fmt;

use prb_walkie::identity::{Identity, KeyringPair};
use prb_walkie::proto::FullAccount;
use schnorrkel::SecretKey;
use sp_core::Pair;
use sp_core::sr25519;
use subxt::utils::AccountId32;
use zeroize::Zeroizing;

/// The secret key in its ed25519-expanded form.
pub(super) type Secret = Zeroizing<Vec<u8>>;

/// Length of a secret key as hex.
const KEY_DIGITS: usize = 128;

/// The secret of an account that signs for a pool. Its `Debug` shows the account alone.
#[derive(Clone)]
pub struct OperatorSecret {
    /// Wiped when dropped.
    key: SecretKey,
    account: AccountId32,
}

/// Why that is no secret that can be used. The secret itself is never shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operator's secret cannot be used: {reason}")]
#[non_exhaustive]
pub struct SecretError {
    /// What is wrong with it.
    pub reason: String,
}

impl OperatorSecret {
    /// Reads a secret in whatever form operators have it: a mnemonic phrase, a 0x seed of 32
    /// bytes, each with a derivation path if need be; a 0x secret key of 64 bytes; or the JSON that
    /// polkadot.js exports, which `passphrase` unlocks if it is locked.
    pub fn read(text: &str, passphrase: &str) -> Result<Self, SecretError> {
        let text = text.trim();
        let secret = if text.starts_with('{') {
            KeyringPair::unlock(text.as_bytes(), passphrase)
                .map(|pair| Zeroizing::new(pair.secret().to_vec()))
                .map_err(|error| error.to_string())
        } else {
            from_text(text)
        };
        secret.and_then(|secret| Self::new(&secret)).map_err(|reason| SecretError { reason })
    }

    /// Opens what version 2 of the Runtime Bridge sealed to this identity.
    pub fn open_v2(sealed: &[u8], identity: &Identity) -> Result<Self, SecretError> {
        let pair = identity.open_v2_operator(sealed).map_err(|error| error.to_string());
        pair.and_then(|pair| Self::new(&Zeroizing::new(pair.secret().to_vec())))
            .map_err(|reason| SecretError { reason })
    }

    /// Reads what requests carry as `polkadot_json`: hex of polkadot.js's JSON without a
    /// passphrase, or of what version 2 sealed to `identity`.
    pub fn from_hex(text: &str, identity: Option<&Identity>) -> Result<Self, SecretError> {
        from_polkadot_json(text, identity)
            .and_then(|secret| Self::new(&secret))
            .map_err(|reason| SecretError { reason })
    }

    /// Whose secret it is.
    pub fn account(&self) -> AccountId32 {
        self.account
    }

    /// As requests carry it.
    pub fn to_owner(&self) -> FullAccount {
        let plain = Zeroizing::new(self.key.to_bytes());
        FullAccount { mnemonic: format!("0x{}", hex::encode(*plain)), ..FullAccount::default() }
    }

    fn new(secret: &Secret) -> Result<Self, String> {
        let key = SecretKey::from_ed25519_bytes(secret).map_err(|_| NO_KEY.to_owned())?;
        let account = AccountId32(key.to_public().to_bytes());
        Ok(Self { key, account })
    }
}

impl fmt::Debug for OperatorSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OperatorSecret")
            .field("account", &self.account.to_string())
            .finish_non_exhaustive()
    }
}

const NO_KEY: &str = "not an sr25519 key";

/// Reads a mnemonic phrase, a 0x seed, either with a derivation path (`…//hard/soft///password`),
/// a path alone, which derives from the well-known development phrase, or a 0x secret key.
pub(super) fn from_text(text: &str) -> Result<Secret, String> {
    let text = text.trim();
    if text.is_empty() {
        // Would otherwise be the development phrase.
        return Err("empty".to_owned());
    }
    if let Some(digits) = text.strip_prefix("0x").filter(|digits| digits.len() == KEY_DIGITS) {
        return from_key(digits);
    }
    let pair = sr25519::Pair::from_string(text, None).map_err(|_| {
        "neither a mnemonic phrase nor a 0x seed of 32 bytes nor a 0x secret key of 64 (the value \
         is not shown)"
            .to_owned()
    })?;
    let raw = Zeroizing::new(pair.to_raw_vec());
    let key = SecretKey::from_bytes(&raw).map_err(|_| NO_KEY.to_owned())?;
    Ok(Zeroizing::new(key.to_ed25519_bytes().to_vec()))
}

/// Some of the field's tools write a secret key's scalar as it is, polkadot.js eight times that.
/// The latter is too large to be the former, but for one softly derived key in eight: such a one
/// has to be given as a phrase with its path, or as polkadot.js's JSON.
fn from_key(digits: &str) -> Result<Secret, String> {
    let bytes = Zeroizing::new(hex::decode(digits).map_err(|_| "not hex".to_owned())?);
    let expanded =
        SecretKey::from_bytes(&bytes).map(|key| Zeroizing::new(key.to_ed25519_bytes().to_vec()));
    let expanded = expanded.unwrap_or(bytes);
    SecretKey::from_ed25519_bytes(&expanded).map_err(|_| NO_KEY.to_owned())?;
    Ok(expanded)
}

/// Reads polkadot.js's JSON of a key pair without passphrase, as hex of the text itself, or sealed
/// to the identity as version 2 of the Runtime Bridge kept it.
pub(super) fn from_polkadot_json(
    hex_text: &str,
    identity: Option<&Identity>,
) -> Result<Secret, String> {
    let bytes = hex::decode(hex_text.trim_start_matches("0x"))
        .map(Zeroizing::new)
        .map_err(|error| format!("polkadotJson is not hex: {error}"))?;
    let pair = if bytes.first() == Some(&b'{') {
        KeyringPair::from_json(&bytes).map_err(|error| error.to_string())?
    } else {
        let identity = identity.ok_or("it is sealed to an identity that is not at hand")?;
        identity.open_v2_operator(&bytes).map_err(|error| error.to_string())?
    };
    Ok(Zeroizing::new(pair.secret().to_vec()))
}

#[cfg(test)]
mod tests {
    use subxt_signer::{SecretUri, sr25519};

    use super::*;
    use crate::trader::operator::Operator;

    #[test]
    fn phrases_seeds_and_paths_give_the_usual_accounts() {
        let phrase = "bottom drive obey lake curtain smoke basket hold race lonely fit walk";
        let seed = "0xe5be9a5092b81bca64be81d212e7f2f9eba183bb7a90954f7b76361f6edb5c0a";
        for text in [
            "//Alice".to_owned(),
            "//Alice//stash/soft".to_owned(),
            phrase.to_owned(),
            format!("{phrase}//1///password"),
            seed.to_owned(),
            format!("{seed}//Bob"),
        ] {
            let expected = sr25519::Keypair::from_uri(&text.parse::<SecretUri>().unwrap()).unwrap();
            let secret = from_text(&format!(" {text}\n")).unwrap();
            let operator = Operator::new(1, &secret, None).unwrap();
            assert_eq!(operator.signer().0, expected.public_key().0, "{text}");
        }
    }

    #[test]
    fn every_form_gives_the_same_account_and_is_sent_so_that_it_does_again() {
        let json = include_str!("../../../../tests/fixtures/keyring_locked.json");
        let phrase = "bottom drive obey lake curtain smoke basket hold race lonely fit walk";
        let pair = sp_core::sr25519::Pair::from_string(phrase, None).unwrap();
        let plain = format!("0x{}", hex::encode(pair.to_raw_vec()));
        let expanded = format!("0x{}", hex::encode(&*from_text(phrase).unwrap()));
        for text in [phrase, json, &plain, &expanded] {
            let secret = OperatorSecret::read(text, "correct horse").unwrap();
            assert_eq!(secret.account().0, pair.public().0);
            let sent = OperatorSecret::read(&secret.to_owner().mnemonic, "").unwrap();
            assert_eq!(sent.account(), secret.account());
            assert_eq!(
                format!("{secret:?}"),
                format!("OperatorSecret {{ account: \"{}\", .. }}", secret.account())
            );
        }
        // Softly derived keys have any scalar.
        for path in 0..32 {
            let secret = OperatorSecret::read(&format!("{phrase}/{path}"), "").unwrap();
            let sent = OperatorSecret::read(&secret.to_owner().mnemonic, "").unwrap();
            assert_eq!(sent.account(), secret.account(), "{path}");
        }
    }

    #[test]
    fn a_secret_that_cannot_be_read_is_not_shown() {
        for text in ["", "0x12", "bottom drive obey lake", "hunter2", "{}", &"0x7".repeat(43)] {
            let error = from_text(text).unwrap_err();
            assert!(text.is_empty() || !error.contains(text), "{error}");
        }
    }
}
