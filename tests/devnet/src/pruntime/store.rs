//! What a double keeps over restarts: the sealed identity and the newest checkpoints, in a folder
//! or, without one, in memory.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use parity_scale_codec::{Decode, Encode};

use super::identity::SealedIdentity;
use super::phactory::{Checkpoint, Effect};

/// How many checkpoints are kept.
const MAX_CHECKPOINTS: usize = 5;
const IDENTITY_FILE: &str = "runtime-data.seal";
const CHECKPOINT_PREFIX: &str = "checkpoint-";

/// A file of the data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// Reading or writing it fails.
    #[error("{path}: {source}", path = path.display())]
    Io {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// Its content is not what it should be.
    #[error("{path}: damaged: {source}", path = path.display())]
    Damaged {
        path: PathBuf,
        #[source]
        source: parity_scale_codec::Error,
    },
}

/// The kept things of one double.
#[derive(Debug)]
pub(crate) enum Store {
    /// Gone with the double.
    Memory { identity: Option<SealedIdentity>, checkpoints: Vec<Checkpoint> },
    /// In files that only their owner may read. There is no enclave to seal them to.
    Folder(PathBuf),
}

impl Store {
    /// Opens a folder, creating it where there is none.
    pub(crate) fn open(folder: Option<PathBuf>) -> Result<Self, StoreError> {
        let Some(folder) = folder else {
            return Ok(Self::Memory { identity: None, checkpoints: Vec::new() });
        };
        fs::create_dir_all(&folder).map_err(io_error(&folder))?;
        Ok(Self::Folder(folder))
    }

    /// The sealed identity, if there is one.
    pub(crate) fn identity(&self) -> Result<Option<SealedIdentity>, StoreError> {
        match self {
            Self::Memory { identity, .. } => Ok(identity.clone()),
            Self::Folder(folder) => {
                let path = folder.join(IDENTITY_FILE);
                read(&path)?.map(|bytes| decode(&path, &bytes)).transpose()
            }
        }
    }

    /// The checkpoint of the highest block, if there is one.
    pub(crate) fn newest_checkpoint(&self) -> Result<Option<Checkpoint>, StoreError> {
        match self {
            Self::Memory { checkpoints, .. } => {
                Ok(checkpoints.iter().max_by_key(|checkpoint| checkpoint.block).cloned())
            }
            Self::Folder(folder) => {
                let Some(block) = checkpoint_blocks(folder)?.pop() else { return Ok(None) };
                let path = checkpoint_path(folder, block);
                Ok(read(&path)?.map(|state| Checkpoint { block, state }))
            }
        }
    }

    /// Does what a call asked for.
    pub(crate) fn keep(&mut self, effect: Effect) -> Result<(), StoreError> {
        match (self, effect) {
            (Self::Memory { identity, .. }, Effect::Seal(sealed)) => *identity = Some(sealed),
            (Self::Memory { checkpoints, .. }, Effect::Checkpoint(checkpoint)) => {
                checkpoints.retain(|kept| kept.block != checkpoint.block);
                checkpoints.push(checkpoint);
                if checkpoints.len() > MAX_CHECKPOINTS {
                    checkpoints.remove(0);
                }
            }
            (Self::Memory { checkpoints, .. }, Effect::RemoveCheckpoints) => checkpoints.clear(),
            (Self::Folder(folder), Effect::Seal(sealed)) => {
                write(&folder.join(IDENTITY_FILE), &sealed.encode())?;
            }
            (Self::Folder(folder), Effect::Checkpoint(checkpoint)) => {
                write(&checkpoint_path(folder, checkpoint.block), &checkpoint.state)?;
                remove_checkpoints(folder, MAX_CHECKPOINTS)?;
            }
            (Self::Folder(folder), Effect::RemoveCheckpoints) => remove_checkpoints(folder, 0)?,
        }
        Ok(())
    }
}

/// Removes the lowest checkpoints but for `keep`.
fn remove_checkpoints(folder: &Path, keep: usize) -> Result<(), StoreError> {
    let blocks = checkpoint_blocks(folder)?;
    let surplus = blocks.len().saturating_sub(keep);
    for block in &blocks[..surplus] {
        let path = checkpoint_path(folder, *block);
        fs::remove_file(&path).map_err(io_error(&path))?;
    }
    Ok(())
}

fn checkpoint_path(folder: &Path, block: u32) -> PathBuf {
    folder.join(format!("{CHECKPOINT_PREFIX}{block}"))
}

/// The blocks with a checkpoint, lowest first.
fn checkpoint_blocks(folder: &Path) -> Result<Vec<u32>, StoreError> {
    let mut blocks = Vec::new();
    for entry in fs::read_dir(folder).map_err(io_error(folder))? {
        let name = entry.map_err(io_error(folder))?.file_name();
        let block = name.to_str().and_then(|name| name.strip_prefix(CHECKPOINT_PREFIX));
        blocks.extend(block.and_then(|block| block.parse::<u32>().ok()));
    }
    blocks.sort_unstable();
    Ok(blocks)
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_error(path)(error)),
    }
}

fn decode<T: Decode>(path: &Path, mut bytes: &[u8]) -> Result<T, StoreError> {
    T::decode(&mut bytes).map_err(|source| StoreError::Damaged { path: path.to_path_buf(), source })
}

/// Puts a whole file in place or leaves the old one.
fn write(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let new = path.with_extension("new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options
        .open(&new)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&new, path))
        .map_err(io_error(path))
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_path_buf();
    move |source| StoreError::Io { path, source }
}
