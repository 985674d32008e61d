//! Who signs for a pool, and in whose name.

use std::fmt;

use schnorrkel::{ExpansionMode, Keypair, MiniSecretKey, SecretKey};
use subxt::utils::AccountId32;
use zeroize::Zeroizing;

use crate::error::{Classify, ErrorClass};

/// Opens what [`OperatorSealer`] sealed; implemented by the identity that both sides share.
pub trait OperatorOpener: Send + Sync + 'static {
    /// The content of a sealed operator; the error is for a person.
    fn open(&self, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, String>;
}

/// Seals an operator's content so that only an [`OperatorOpener`] of the same identity reads it.
pub trait OperatorSealer {
    /// The sealed content; the error is for a person.
    fn seal(&self, content: &[u8]) -> Result<Vec<u8>, String>;
}

/// The account that signs for a pool, and the account it signs for.
#[derive(Clone)]
pub struct Operator {
    pid: u64,
    secret: Zeroizing<Vec<u8>>,
    keypair: Keypair,
    proxied: Option<AccountId32>,
}

/// Why an operator cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OperatorError {
    /// The record beside the queue cannot be opened with this identity.
    #[error("the operator of pool {pid} cannot be opened: {reason}")]
    Sealed {
        /// Pool.
        pid: u64,
        /// What the identity says.
        reason: String,
    },
    /// It could not be sealed.
    #[error("the operator of pool {pid} cannot be sealed: {reason}")]
    Seal {
        /// Pool.
        pid: u64,
        /// What the identity says.
        reason: String,
    },
    /// The content is not in the known form.
    #[error("the operator of pool {pid} is malformed: {reason}")]
    Malformed {
        /// Pool.
        pid: u64,
        /// What does not fit.
        reason: &'static str,
    },
    /// The record belongs to another pool.
    #[error("the operator kept for pool {pid} belongs to pool {found}")]
    OtherPool {
        /// Pool it is kept for.
        pid: u64,
        /// Pool it was sealed for.
        found: u64,
    },
}

impl Classify for OperatorError {
    fn class(&self) -> ErrorClass {
        ErrorClass::Operator
    }
}

/// First byte of the content: version · pid u64 · secret's length u8 (32 or 64) · secret ·
/// 0, or 1 and the proxied account's 32 bytes.
const VERSION: u8 = 1;

impl Operator {
    /// The operator of pool `pid`. `secret` is a 32-byte seed (sr25519 mini-secret) or the 64-byte
    /// secret key in its ed25519-expanded form; `proxied` is the account the calls are made for
    /// when the signing account is its proxy.
    pub fn new(
        pid: u64,
        secret: &[u8],
        proxied: Option<AccountId32>,
    ) -> Result<Self, OperatorError> {
        let malformed = |reason| OperatorError::Malformed { pid, reason };
        let keypair = match secret.len() {
            32 => MiniSecretKey::from_bytes(secret)
                .map_err(|_| malformed("its seed is invalid"))?
                .expand_to_keypair(ExpansionMode::Ed25519),
            64 => SecretKey::from_ed25519_bytes(secret)
                .map_err(|_| malformed("its secret key is invalid"))?
                .to_keypair(),
            _ => return Err(malformed("its secret has neither 32 nor 64 bytes")),
        };
        Ok(Self { pid, secret: Zeroizing::new(secret.to_vec()), keypair, proxied })
    }

    /// The pool.
    pub fn pid(&self) -> u64 {
        self.pid
    }

    /// The account that signs and pays.
    pub fn signer(&self) -> AccountId32 {
        AccountId32(self.keypair.public.to_bytes())
    }

    /// The account in whose name the calls are made, if it is another one.
    pub fn proxied(&self) -> Option<AccountId32> {
        self.proxied
    }

    /// The same signer, for another account or for itself.
    #[must_use]
    pub fn for_account(mut self, proxied: Option<AccountId32>) -> Self {
        self.proxied = proxied;
        self
    }

    /// An sr25519 signature over `message`.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.keypair.sign_simple(b"substrate", message).to_bytes()
    }

    /// The record to be kept beside the queue.
    pub fn seal(&self, sealer: &(impl OperatorSealer + ?Sized)) -> Result<Vec<u8>, OperatorError> {
        sealer.seal(&self.content()).map_err(|reason| OperatorError::Seal { pid: self.pid, reason })
    }

    /// The operator in a record kept for pool `pid`.
    pub fn open(
        pid: u64,
        sealed: &[u8],
        opener: &(impl OperatorOpener + ?Sized),
    ) -> Result<Self, OperatorError> {
        let content =
            opener.open(sealed).map_err(|reason| OperatorError::Sealed { pid, reason })?;
        Self::from_content(pid, &content)
    }

    fn content(&self) -> Zeroizing<Vec<u8>> {
        let mut content = Zeroizing::new(vec![VERSION]);
        content.extend_from_slice(&self.pid.to_le_bytes());
        content.push(self.secret.len() as u8);
        content.extend_from_slice(&self.secret);
        match &self.proxied {
            None => content.push(0),
            Some(proxied) => {
                content.push(1);
                content.extend_from_slice(&proxied.0);
            }
        }
        content
    }

    fn from_content(pid: u64, content: &[u8]) -> Result<Self, OperatorError> {
        let malformed = |reason| OperatorError::Malformed { pid, reason };
        let short = || malformed("it ends too early");
        let (version, rest) = content.split_first().ok_or_else(short)?;
        if *version != VERSION {
            return Err(malformed("it was written by another version of prb"));
        }
        let (found, rest) = rest.split_first_chunk::<8>().ok_or_else(short)?;
        let found = u64::from_le_bytes(*found);
        if found != pid {
            return Err(OperatorError::OtherPool { pid, found });
        }
        let (length, rest) = rest.split_first().ok_or_else(short)?;
        let (secret, rest) = rest.split_at_checked(usize::from(*length)).ok_or_else(short)?;
        let proxied = match rest.split_first() {
            Some((0, [])) => None,
            Some((1, account)) => {
                let account = account.try_into().map_err(|_| malformed("its account is wrong"))?;
                Some(AccountId32(account))
            }
            _ => return Err(malformed("its proxied account is wrong")),
        };
        Self::new(pid, secret, proxied)
    }
}

impl fmt::Debug for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operator")
            .field("pid", &self.pid)
            .field("signer", &self.signer().to_string())
            .field("proxied", &self.proxied.as_ref().map(ToString::to_string))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use subxt_signer::sr25519;

    use super::*;

    /// Flips every bit: enough to see that sealed and opened content go through it.
    struct Flip;

    impl OperatorSealer for Flip {
        fn seal(&self, content: &[u8]) -> Result<Vec<u8>, String> {
            Ok(content.iter().map(|byte| !byte).collect())
        }
    }

    impl OperatorOpener for Flip {
        fn open(&self, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, String> {
            if sealed.is_empty() {
                return Err("nothing there".to_owned());
            }
            Ok(Zeroizing::new(sealed.iter().map(|byte| !byte).collect()))
        }
    }

    #[test]
    fn its_signature_is_the_one_of_the_same_seed_elsewhere() {
        let seed = [7; 32];
        let operator = Operator::new(2, &seed, None).unwrap();
        let theirs = sr25519::Keypair::from_secret_key(seed).unwrap().public_key();
        assert_eq!(operator.signer().0, theirs.0);
        let signature = sr25519::Signature(operator.sign(b"call"));
        assert!(sr25519::verify(&signature, b"call", &theirs));
    }

    #[test]
    fn a_seed_and_its_expanded_secret_are_the_same_operator() {
        let expanded = MiniSecretKey::from_bytes(&[7; 32]).unwrap();
        let secret = expanded.expand(ExpansionMode::Ed25519).to_ed25519_bytes();
        let long = Operator::new(2, &secret, None).unwrap();
        assert_eq!(long.signer(), Operator::new(2, &[7; 32], None).unwrap().signer());
    }

    #[test]
    fn a_record_of_another_pool_is_refused() {
        let sealed = Operator::new(2, &[7; 32], None).unwrap().seal(&Flip).unwrap();
        let refused = Operator::open(3, &sealed, &Flip).unwrap_err();
        assert_eq!(refused, OperatorError::OtherPool { pid: 3, found: 2 });
        assert!(matches!(Operator::open(3, &[], &Flip), Err(OperatorError::Sealed { .. })));
    }

    #[test]
    fn no_secret_is_printed() {
        let operator = Operator::new(2, &[0xab; 32], Some(AccountId32([1; 32]))).unwrap();
        let printed = format!("{operator:?}");
        assert!(!printed.contains("ab, ab") && !printed.contains("171, 171"), "{printed}");
    }

    proptest! {
        #[test]
        fn it_survives_sealing(pid: u64, seed: [u8; 32], proxied: Option<[u8; 32]>) {
            let operator = Operator::new(pid, &seed, proxied.map(AccountId32)).unwrap();
            let sealed = operator.seal(&Flip).unwrap();
            let opened = Operator::open(pid, &sealed, &Flip).unwrap();
            prop_assert_eq!(opened.signer(), operator.signer());
            prop_assert_eq!(opened.proxied(), operator.proxied());
        }

        #[test]
        fn no_content_makes_it_panic(bytes: Vec<u8>) {
            let _ = Operator::from_content(2, &bytes);
            let _ = Operator::from_content(2, &[&[1, 2, 0, 0, 0, 0, 0, 0, 0][..], &bytes].concat());
        }
    }
}
