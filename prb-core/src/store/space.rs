//! Room on the disk.

use std::path::{Path, PathBuf};

use super::StoreError;

/// Refuses to write when too little room would be left. sled cannot go on after a write of its
/// own failed for want of room, so it must never come to that.
#[derive(Clone, Debug)]
pub(crate) struct Space {
    folder: PathBuf,
    reserve: u64,
}

impl Space {
    /// Keeps `reserve` bytes free on the file system of `folder`.
    pub(crate) fn new(folder: &Path, reserve: u64) -> Self {
        Self { folder: folder.to_owned(), reserve }
    }

    /// Whether `bytes` may be written.
    pub(crate) fn take(&self, bytes: usize) -> Result<(), StoreError> {
        // Where the system does not tell, the write itself will.
        let Ok(system) = rustix::fs::statvfs(&self.folder) else { return Ok(()) };
        let free = system.f_bavail.saturating_mul(system.f_frsize);
        let wanted = self.reserve.saturating_add(bytes as u64);
        if free >= wanted {
            return Ok(());
        }
        Err(StoreError::Full { path: self.folder.display().to_string(), free, wanted })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Classify, ErrorClass};

    #[test]
    fn what_would_leave_too_little_room_is_refused_with_figures() {
        let folder = tempfile::tempdir().unwrap();
        Space::new(folder.path(), 0).take(1).unwrap();
        let error = Space::new(folder.path(), u64::MAX).take(1).unwrap_err();
        assert!(matches!(error, StoreError::Full { wanted: u64::MAX, .. }), "{error}");
        assert_eq!(error.class(), ErrorClass::Operator);
    }
}
