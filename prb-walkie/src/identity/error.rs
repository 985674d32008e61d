//! Why an identity, or what is sealed to it, cannot be had.

use std::io;
use std::path::PathBuf;

use super::PeerId;
use super::keyring::KeyringError;

/// Why an identity could not be loaded or made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// There is no such file.
    #[error("there is no identity file {path}")]
    Missing {
        /// Where it would be.
        path: PathBuf,
    },
    /// The file or its folder cannot be read or written.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was attempted.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file holds no identity. It is left as it is.
    #[error(
        "the identity file {path} is damaged: {reason}; restore it from a backup, or move it away \
         to start with a new identity"
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// There is an identity where another one was to be restored. It is left as it is.
    #[error(
        "{path} is the identity of {found}, not of {restored}: move it away to restore the other"
    )]
    Another {
        /// Which file.
        path: PathBuf,
        /// Who is there.
        found: PeerId,
        /// Who was to be.
        restored: PeerId,
    },
    /// Bytes that are in no file hold no identity.
    #[error("malformed identity: {reason}")]
    Malformed {
        /// What does not fit.
        reason: String,
    },
    /// No key could be made.
    #[error("cannot make a key: {reason}")]
    Generate {
        /// What the generator said.
        reason: String,
    },
}

/// Why something sealed could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Too short, or of another kind.
    #[error("not something sealed by prb: {reason}")]
    Malformed {
        /// What does not fit.
        reason: &'static str,
    },
    /// Written by a newer prb.
    #[error("sealed in format {version}, which this version of prb does not know")]
    Version {
        /// The format's number.
        version: u8,
    },
    /// Sealed by another identity, for another purpose, or changed since.
    #[error("sealed by another identity, or not for {context}, or altered")]
    Refused {
        /// What it was to be opened for.
        context: String,
    },
    /// A secret of version 2 does not decrypt under this identity.
    #[error("not sealed to this identity, or damaged: {reason}")]
    Decrypt {
        /// Which step failed.
        reason: &'static str,
    },
    /// It opened, but what is inside is no key pair.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
}
