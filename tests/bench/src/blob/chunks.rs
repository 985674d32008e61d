//! Where the stock's blobs lie on the disk, for who reads them without a provider.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use super::kind::Kind;

/// Of a chunk: its header, the index entry of one unit.
const HEADER: usize = 24;
const ENTRY: usize = 40;

/// A compressed blob.
pub(super) struct Frame {
    first: u32,
    path: PathBuf,
    offset: u64,
    stored: usize,
    pub(super) raw: usize,
}

/// The blobs of one kind, in order.
pub(super) fn frames(stock: &Path, kind: Kind) -> Result<Vec<Frame>> {
    let mut frames = Vec::new();
    for entry in fs::read_dir(stock.join("chunks").join(kind.folder))? {
        let path = entry?.path();
        let chunk = fs::read(&path)?;
        let number = |at: usize| -> Result<u32> {
            Ok(u32::from_le_bytes(chunk.get(at..at + 4).context("cut off")?.try_into()?))
        };
        for unit in 0..number(20)? as usize {
            let at = HEADER + unit * ENTRY;
            let first = number(at)?;
            if (kind.first..=kind.last).contains(&first) {
                let [offset, stored, raw] = [number(at + 8)?, number(at + 16)?, number(at + 20)?];
                let (stored, raw) = (stored as usize, raw as usize);
                let path = path.clone();
                frames.push(Frame { first, path, offset: offset.into(), stored, raw });
            }
        }
    }
    frames.sort_by_key(|frame| frame.first);
    ensure!(frames.len() == kind.count(), "{} of {} are sealed", frames.len(), kind.count());
    Ok(frames)
}

/// Reads blobs, one after the other.
#[derive(Default)]
pub(super) struct Reader {
    open: Option<(PathBuf, File)>,
    stored: Vec<u8>,
}

impl Reader {
    pub(super) fn read(&mut self, frame: &Frame) -> Result<Vec<u8>> {
        if self.open.as_ref().is_none_or(|(path, _)| *path != frame.path) {
            self.open = Some((frame.path.clone(), File::open(&frame.path)?));
        }
        let (_, file) = self.open.as_ref().context("it was opened")?;
        self.stored.resize(frame.stored, 0);
        file.read_exact_at(&mut self.stored, frame.offset)?;
        Ok(zstd::bulk::decompress(&self.stored, frame.raw)?)
    }
}

/// Lets the system forget what it read of the stock.
pub(super) fn forget(stock: &Path) -> Result<()> {
    for folder in ["headers", "blocks", "relay"] {
        for entry in fs::read_dir(stock.join("chunks").join(folder))? {
            let file = File::open(entry?.path())?;
            rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)?;
        }
    }
    Ok(())
}
