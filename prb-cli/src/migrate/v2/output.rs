//! Files that are written beside those of version 2, never over another.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// A file that is to be there.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) path: PathBuf,
    content: String,
    mode: u32,
    is_there: bool,
}

impl Output {
    /// Looks whether it is there already. That another file is there is an error.
    pub(super) fn new(path: PathBuf, content: String, confidential: bool) -> Result<Self> {
        let is_there = match fs::read_to_string(&path) {
            Ok(there) if there == content => true,
            Ok(_) => bail!("{} is there already, and is another file", path.display()),
            Err(_) => false,
        };
        Ok(Self { path, content, mode: if confidential { 0o600 } else { 0o644 }, is_there })
    }

    /// Writes it, unless it is there.
    pub(super) fn write(&self) -> Result<()> {
        if self.is_there {
            return Ok(());
        }
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(self.mode).open(&self.path);
        file.and_then(|mut file| file.write_all(self.content.as_bytes()))
            .with_context(|| format!("cannot write {}", self.path.display()))
    }
}

/// `docker-compose.yml` becomes `docker-compose.prb.yml`, with this extension or its own.
pub(super) fn beside(path: &Path, extension: Option<&str>) -> PathBuf {
    let own = path.extension().map_or_else(|| "yml".into(), ToOwned::to_owned);
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(".prb.");
    name.push(extension.map_or(own, Into::into));
    path.with_file_name(name)
}
