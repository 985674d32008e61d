//! Small secrets in files of their own, readable by their owner alone.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use thiserror::Error;
use zeroize::Zeroizing;

const PRIVATE: u32 = 0o600;
const OTHERS: u32 = 0o077;
/// No secret is longer, in bytes.
const LONGEST: u64 = 64 * 1024;

/// A secret's file cannot be used.
#[derive(Debug, Error)]
#[error("cannot {action} {}: {source}", path.display())]
pub struct SecretFileError {
    action: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl SecretFileError {
    fn new(action: &'static str, path: &Path) -> impl Fn(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self { action, path: path.clone(), source }
    }

    /// Whether there is no such file.
    pub fn is_missing(&self) -> bool {
        self.source.kind() == io::ErrorKind::NotFound
    }
}

/// Reads a secret of at most 64 KiB; takes the rights of others away if they had any.
pub fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, SecretFileError> {
    let file = File::open(path).map_err(SecretFileError::new("open", path))?;
    let failed = SecretFileError::new("read", path);
    let metadata = file.metadata().map_err(&failed)?;
    if !metadata.is_file() || metadata.len() > LONGEST {
        return Err(failed(io::Error::other("it is no file of a secret")));
    }
    if metadata.permissions().mode() & OTHERS != 0 {
        let path = path.display();
        match file.set_permissions(Permissions::from_mode(PRIVATE)) {
            Ok(()) => tracing::warn!(%path, "others could read this secret; it is 0600 now"),
            Err(error) => tracing::warn!(%path, %error, "others can read this secret"),
        }
    }
    let mut secret = Zeroizing::new(Vec::with_capacity(metadata.len() as usize + 1));
    file.take(LONGEST).read_to_end(&mut secret).map_err(&failed)?;
    Ok(secret)
}

/// Writes a new secret where there is no file; says whether it did.
pub(super) fn create(path: &Path, secret: &[u8]) -> Result<bool, SecretFileError> {
    let opened = OpenOptions::new().write(true).create_new(true).mode(PRIVATE).open(path);
    match opened {
        Ok(mut file) => file
            .write_all(secret)
            .and_then(|()| file.sync_all())
            .map(|()| true)
            .map_err(SecretFileError::new("write", path)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(SecretFileError::new("create", path)(error)),
    }
}
