//! Where a service keeps its data.

use std::path::{Path, PathBuf};

use clap::Args;

/// Where version 2 kept a data provider's store.
const STORE: &str = "/var/data/0";
/// Where version 2 kept a manager's inventory.
const INVENTORY: &str = "/var/data/local.db";
/// What is ours goes into this folder, in or beside what was version 2's.
const OURS: &str = "prb";

/// Where a service keeps its data.
#[derive(Clone, Debug, Default, Args)]
pub struct DataDirArgs {
    /// Folder for the service's data; /var/data/0/prb for a data provider and /var/data/prb for
    /// the others without this.
    #[arg(long, value_name = "DIR", env = "PRB_DATA_DIR")]
    pub data_dir: Option<PathBuf>,

    /// Where version 2 has its data, a folder for a data provider and else a file; without
    /// --data-dir ours goes into prb in that folder, or beside that file.
    #[arg(long, value_name = "PATH", env = "PHALA_LOCAL_DB_PATH")]
    pub local_db_path: Option<PathBuf>,
}

impl DataDirArgs {
    /// The folder of a data provider.
    pub fn of_data_provider(&self) -> PathBuf {
        let store = self.local_db_path.as_deref().unwrap_or(Path::new(STORE));
        self.data_dir.clone().unwrap_or_else(|| store.join(OURS))
    }

    /// The folder of a lifecycle manager, or of its trader.
    pub fn of_manager(&self) -> PathBuf {
        let folder = self.inventory_of_version_2().parent().unwrap_or(Path::new(""));
        self.data_dir.clone().unwrap_or_else(|| folder.join(OURS))
    }

    /// Where version 2 kept a manager's inventory, if it did.
    pub fn inventory_of_version_2(&self) -> &Path {
        self.local_db_path.as_deref().unwrap_or(Path::new(INVENTORY))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_goes_beside_what_was_version_2s() {
        let usual = DataDirArgs::default();
        assert_eq!(usual.of_data_provider(), Path::new("/var/data/0/prb"));
        assert_eq!(usual.of_manager(), Path::new("/var/data/prb"));
        let moved = |path: &str| DataDirArgs { local_db_path: Some(path.into()), data_dir: None };
        assert_eq!(moved("/db").of_data_provider(), Path::new("/db/prb"));
        assert_eq!(moved("/home/me/local.db").of_manager(), Path::new("/home/me/prb"));
        assert_eq!(moved("local.db").of_manager(), Path::new("prb"));
        let named = DataDirArgs { data_dir: Some("/x".into()), ..moved("/db") };
        assert_eq!((named.of_data_provider(), named.of_manager()), ("/x".into(), "/x".into()));
    }
}
