//! The password of pages.

use std::fmt;
use std::path::Path;

use anyhow::{Result, bail};
use prb_walkie::access::read_secret;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// A shorter one is guessed sooner or later, however few guesses are let through.
const SHORTEST: usize = 8;

/// A password, as it is compared. `Debug` shows nothing of it.
pub(super) struct Password([u8; 32]);

impl Password {
    /// Reads the file of a password; white space around it does not count.
    pub(super) fn load(path: &Path) -> Result<Self> {
        let content = read_secret(path)?;
        let password = content.trim_ascii();
        if password.len() < SHORTEST {
            bail!("{}: a password has at least {SHORTEST} bytes", path.display());
        }
        Ok(Self::new(password))
    }

    fn new(password: &[u8]) -> Self {
        Self(Sha256::digest(password).into())
    }

    /// Takes the same time whatever was given: digests are compared, whose length says nothing.
    pub(super) fn is(&self, given: &[u8]) -> bool {
        self.0.ct_eq(&Self::new(given).0).into()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_come_from_files_and_are_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        std::fs::write(&path, "correct horse\n").unwrap();
        let password = Password::load(&path).unwrap();
        assert!(password.is(b"correct horse"));
        assert!(!password.is(b"correct horse\n") && !password.is(b""));
        assert_eq!(format!("{password:?}"), "Password(..)");
        std::fs::write(&path, "short \n").unwrap();
        let refused = Password::load(&path).unwrap_err().to_string();
        assert!(refused.contains("at least 8") && !refused.contains("short"), "{refused}");
    }
}
