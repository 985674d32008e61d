//! The folder everything is kept in.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

/// A folder of one run.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    /// Removes the folder when dropped.
    temporary: Option<TempDir>,
}

impl DataDir {
    /// Takes the folder given, which must be absent or empty: the embedded network begins anew
    /// with each run, and data of another chain would not fit. Without one a temporary folder
    /// is made, and removed with the value.
    pub fn open(given: Option<&Path>) -> Result<Self> {
        let Some(path) = given else {
            let temporary = tempfile::Builder::new()
                .prefix("prb-dev-")
                .tempdir()
                .context("cannot make a temporary folder")?;
            return Ok(Self { path: temporary.path().to_owned(), temporary: Some(temporary) });
        };
        let named = || format!("cannot use the data folder {}", path.display());
        fs::create_dir_all(path).with_context(named)?;
        if fs::read_dir(path).with_context(named)?.next().is_some() {
            bail!("{}: it is not empty, and the embedded network begins anew", named());
        }
        // Said here, once, and not by whichever service writes first.
        tempfile::tempfile_in(path).with_context(named)?;
        Ok(Self { path: path.to_owned(), temporary: None })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// For people: where it is, and whether it stays.
    pub fn note(&self) -> String {
        let fate = if self.temporary.is_some() { ", removed at the end" } else { "" };
        format!("data in {}{fate}", self.path.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_folder_goes_away() {
        let folder = DataDir::open(None).unwrap();
        let path = folder.path().to_owned();
        fs::write(path.join("data"), "x").unwrap();
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn a_given_folder_is_made_and_stays() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("deep/data");
        drop(DataDir::open(Some(&path)).unwrap());
        assert!(path.is_dir());
    }

    #[test]
    fn a_folder_with_something_in_it_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        fs::write(parent.path().join("data"), "x").unwrap();
        let error = DataDir::open(Some(parent.path())).unwrap_err();
        assert!(format!("{error:#}").contains("not empty"), "{error:#}");
    }

    #[test]
    fn a_file_in_its_place_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("file");
        fs::write(&path, "x").unwrap();
        for path in [path.join("data"), path] {
            let error = DataDir::open(Some(&path)).unwrap_err();
            assert!(format!("{error:#}").contains("cannot use the data folder"), "{error:#}");
        }
    }
}
