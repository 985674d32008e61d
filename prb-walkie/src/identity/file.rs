//! Identity files: found, made once, kept private.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rand::RngCore;
use rand::rngs::OsRng;
use zeroize::Zeroizing;

use super::{Identity, IdentityError, format};

/// No identity is longer, in bytes; what is longer is another kind of file.
const LONGEST_FILE: u64 = 64 * 1024;

/// Readable and writable by its owner alone.
const PRIVATE: u32 = 0o600;
/// The rights of group and world.
const OTHERS: u32 = 0o077;

/// What identities are called in their folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Name {
    /// Of a data provider that managers use.
    DataProvider,
    /// Of a data provider for others.
    DataProviderExt,
    /// Of lifecycle managers; the operators of pools are sealed to it.
    Lifecycle,
    /// Of traders, as peers.
    Trade,
}

impl Name {
    /// The file's name.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::DataProvider => "DATA_PROVIDER",
            Self::DataProviderExt => "DATA_PROVIDER_EXT",
            Self::Lifecycle => "LIFECYCLE",
            Self::Trade => "TRADE",
        }
    }
}

pub(super) fn load(path: &Path) -> Result<Identity, IdentityError> {
    let bytes = read(path)?;
    format::decode(&bytes)
        .map_err(|reason| IdentityError::Damaged { path: path.to_owned(), reason })
}

/// Makes an identity and its file, unless another process is first; then loads that one's.
pub(super) fn create(folder: &Path, name: Name) -> Result<Identity, IdentityError> {
    // Before the key: an unwritable folder is said at once.
    let draft = Draft::create(folder, name)?;
    let identity = Identity::generate()?;
    if draft.publish(folder, name, &identity)? {
        tracing::info!(folder = %folder.display(), ?name, peer_id = %identity.peer_id(), "made an identity");
        Ok(identity)
    } else {
        load(&folder.join(name.file_name()))
    }
}

/// Makes the file of an identity, unless it is there already.
pub(super) fn restore(
    folder: &Path,
    name: Name,
    identity: Identity,
) -> Result<Identity, IdentityError> {
    let path = folder.join(name.file_name());
    if Draft::create(folder, name)?.publish(folder, name, &identity)? {
        tracing::info!(path = %path.display(), peer_id = %identity.peer_id(), "restored an identity");
        return Ok(identity);
    }
    let there = load(&path)?;
    if there.peer_id() == identity.peer_id() {
        Ok(there)
    } else {
        let (found, restored) = (there.peer_id().clone(), identity.peer_id().clone());
        Err(IdentityError::Another { path, found, restored })
    }
}

/// The file an identity is written to before it gets its name; removed in any case.
struct Draft {
    path: PathBuf,
    file: File,
}

impl Draft {
    fn create(folder: &Path, name: Name) -> Result<Self, IdentityError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(failed("create the folder", folder))?;
        let path = folder.join(format!(".{}.{:016x}", name.file_name(), OsRng.next_u64()));
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(PRIVATE)
            .open(&path)
            .map_err(failed("create", &path))?;
        Ok(Self { path, file })
    }

    /// Writes the identity and gives it its name; says whether that was free.
    fn publish(
        mut self,
        folder: &Path,
        name: Name,
        identity: &Identity,
    ) -> Result<bool, IdentityError> {
        let bytes = identity.to_file_bytes()?;
        write(&mut self.file, &bytes).map_err(failed("write", &self.path))?;
        let path = folder.join(name.file_name());
        // A hard link is made whole or not at all, and never over a file that exists.
        match fs::hard_link(&self.path, &path) {
            Ok(()) => sync_folder(folder).map(|()| true).map_err(failed("write", folder)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(failed("create", &path)(error)),
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path)
            && error.kind() != ErrorKind::NotFound
        {
            tracing::warn!(path = %self.path.display(), %error, "cannot remove a temporary file");
        }
    }
}

fn write(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    // The process's umask may only have taken rights away.
    file.set_permissions(Permissions::from_mode(PRIVATE))?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, IdentityError> {
    let file = File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => IdentityError::Missing { path: path.to_owned() },
        _ => failed("open", path)(error),
    })?;
    let metadata = file.metadata().map_err(failed("read", path))?;
    let damaged =
        |reason: &str| IdentityError::Damaged { path: path.to_owned(), reason: reason.to_owned() };
    if !metadata.is_file() {
        return Err(damaged("it is not a file"));
    }
    if metadata.len() > LONGEST_FILE {
        return Err(damaged("it is too long to be an identity"));
    }
    make_private(&file, path, metadata.permissions().mode());
    let mut bytes = Zeroizing::new(Vec::with_capacity(metadata.len() as usize + 1));
    file.take(LONGEST_FILE).read_to_end(&mut bytes).map_err(failed("read", path))?;
    Ok(bytes)
}

/// Takes the rights of others away. A file system that refuses is no reason not to start.
fn make_private(file: &File, path: &Path, mode: u32) {
    let private = mode & OTHERS == 0;
    if private {
        return;
    }
    let path = path.display();
    let mode = format!("{:04o}", mode & 0o7777);
    match file.set_permissions(Permissions::from_mode(PRIVATE)) {
        Ok(()) => tracing::warn!(%path, %mode, "others could read this identity; it is 0600 now"),
        Err(error) => tracing::warn!(%path, %mode, %error, "others can read this identity"),
    }
}

fn failed(action: &'static str, path: &Path) -> impl Fn(io::Error) -> IdentityError {
    let path = path.to_owned();
    move |source| IdentityError::Io { action, path: path.clone(), source }
}
