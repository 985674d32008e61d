//! How an operator gives the account that signs.

use prb_walkie::identity::{Identity, KeyringPair};
use schnorrkel::SecretKey;
use sp_core::Pair;
use sp_core::sr25519;
use zeroize::Zeroizing;

/// The secret key in its ed25519-expanded form.
pub(super) type Secret = Zeroizing<Vec<u8>>;

/// Reads a mnemonic phrase, a 0x seed, either with a derivation path (`…//hard/soft///password`),
/// or a path alone, which derives from the well-known development phrase.
pub(super) fn from_text(text: &str) -> Result<Secret, String> {
    let text = text.trim();
    if text.is_empty() {
        // Would otherwise be the development phrase.
        return Err("empty".to_owned());
    }
    let pair = sr25519::Pair::from_string(text, None).map_err(|_| {
        "neither a mnemonic phrase nor a 0x seed of 32 bytes (the value is not shown)".to_owned()
    })?;
    let raw = Zeroizing::new(pair.to_raw_vec());
    let key = SecretKey::from_bytes(&raw).map_err(|_| "not an sr25519 key".to_owned())?;
    Ok(Zeroizing::new(key.to_ed25519_bytes().to_vec()))
}

/// Reads polkadot.js's JSON of a key pair without passphrase, as hex of the text itself, or sealed
/// to the identity as version 2 of the Runtime Bridge kept it.
pub(super) fn from_polkadot_json(hex_text: &str, identity: &Identity) -> Result<Secret, String> {
    let bytes = hex::decode(hex_text.trim_start_matches("0x"))
        .map(Zeroizing::new)
        .map_err(|error| format!("polkadotJson is not hex: {error}"))?;
    let pair = if bytes.first() == Some(&b'{') {
        KeyringPair::from_json(&bytes).map_err(|error| error.to_string())?
    } else {
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
    fn a_secret_that_cannot_be_read_is_not_shown() {
        for text in ["", "0x12", "bottom drive obey lake", "hunter2"] {
            let error = from_text(text).unwrap_err();
            assert!(text.is_empty() || !error.contains(text), "{error}");
        }
    }
}
