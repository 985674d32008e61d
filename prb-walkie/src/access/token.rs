//! The token that gRPC clients of the same operator send.

use std::fmt;
use std::path::Path;

use rand::RngCore;
use rand::rngs::OsRng;
use subtle::ConstantTimeEq;
use thiserror::Error;
use zeroize::Zeroizing;

use super::secret_file::{self, SecretFileError};

const BYTES: usize = 32;

/// A bearer token: 64 hex digits. `Debug` shows nothing of it.
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

/// Why there is no token.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] SecretFileError),
    /// What it holds is no token.
    #[error("{path} holds no token: delete it, and a new one is made")]
    Damaged {
        /// The file.
        path: String,
    },
}

impl Token {
    /// A new token that is in no file.
    pub fn generate() -> Self {
        let mut bytes = Zeroizing::new([0; BYTES]);
        OsRng.fill_bytes(bytes.as_mut());
        Self(Zeroizing::new(hex::encode(bytes.as_ref())))
    }

    /// Reads the token in `path`, as a client on the same host does.
    pub fn load(path: &Path) -> Result<Self, TokenError> {
        let content = secret_file::read(path)?;
        let text = std::str::from_utf8(content.trim_ascii()).unwrap_or_default();
        if text.len() == 2 * BYTES && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            Ok(Self(Zeroizing::new(text.to_owned())))
        } else {
            Err(TokenError::Damaged { path: path.display().to_string() })
        }
    }

    /// Reads the token in `path`, or makes it (0600) if there is none.
    pub fn load_or_create(path: &Path) -> Result<Self, TokenError> {
        let token = Self::generate();
        if secret_file::create(path, token.0.as_bytes())? {
            return Ok(token);
        }
        Self::load(path)
    }

    /// What a client puts into `authorization`.
    pub fn bearer(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("Bearer {}", *self.0))
    }

    /// Whether `authorization` is this token's. Takes the same time whatever was sent.
    pub fn is_bearer(&self, authorization: &[u8]) -> bool {
        authorization.ct_eq(self.bearer().as_bytes()).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_token_is_made_once_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        assert!(matches!(Token::load(&path), Err(TokenError::File(error)) if error.is_missing()));
        let made = Token::load_or_create(&path).unwrap();
        let found = Token::load_or_create(&path).unwrap();
        assert_eq!(*made.0, *found.0);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(format!("{made:?}"), "Token(..)");
        assert!(made.is_bearer(found.bearer().as_bytes()));
        assert!(!made.is_bearer(Token::generate().bearer().as_bytes()));
        assert!(!made.is_bearer(b""));
    }

    #[test]
    fn a_damaged_token_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "short").unwrap();
        assert!(matches!(Token::load_or_create(&path), Err(TokenError::Damaged { .. })));
    }
}
