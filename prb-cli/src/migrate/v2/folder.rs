//! A data folder of version 2: who owns it, whose keys are in it, and its inventory. It is only
//! read.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use prb_walkie::identity::{Identity, Name};

use super::Said;
use super::compose::Service;

/// Where version 2 keeps identities, its inventory and its blocks without being told.
const KEYS: &str = "/var/data/keys/id";
const INVENTORY: &str = "/var/data/local.db";
const BLOCKS: &str = "/var/data/0";

/// Files named in a report of who owns what; more are counted.
const NAMED: usize = 3;

/// A data folder and what is in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
    pub(super) keys: PathBuf,
    /// The lifecycle manager's inventory, if there is one.
    pub(super) inventory: Option<PathBuf>,
    /// The data provider's blocks, if there are some.
    blocks: Option<PathBuf>,
}

impl Folder {
    /// The folders of these services of a compose file, each once.
    pub(super) fn of(compose: &Path, services: &[Service]) -> Vec<Self> {
        let base = compose.parent().unwrap_or(Path::new(""));
        let mut folders: Vec<Self> = Vec::new();
        for service in services {
            let Some(data) = service.data() else { continue };
            let on_host = |name: &str, usual: &str| {
                service.on_host(service.variable(name, usual)).map(|path| resolve(base, &path))
            };
            let there = |path: Option<PathBuf>| path.filter(|path| path.exists());
            let path = resolve(base, &data);
            let folder = Self {
                keys: on_host("PHALA_PEER_ID_PREFIX", KEYS).unwrap_or_else(|| path.join("keys/id")),
                inventory: (service.module == "lifecycle")
                    .then(|| there(on_host("PHALA_LOCAL_DB_PATH", INVENTORY)))
                    .flatten(),
                blocks: (service.module == "data_provider")
                    .then(|| there(on_host("PHALA_LOCAL_DB_PATH", BLOCKS)))
                    .flatten(),
                path,
            };
            match folders.iter_mut().find(|it| it.path == folder.path) {
                Some(known) => {
                    known.inventory = known.inventory.take().or(folder.inventory);
                    known.blocks = known.blocks.take().or(folder.blocks);
                }
                None => folders.push(folder),
            }
        }
        folders
    }

    /// What is in it, and what must be done about it.
    pub(super) fn tell(&self, uid: u32, said: &mut Said) {
        said.line(format!("  data in {}", self.path.display()));
        for name in [Name::DataProvider, Name::Lifecycle, Name::Trade] {
            let file = self.keys.join(name.file_name());
            let Ok(bytes) = fs::read(&file) else { continue };
            said.line(match Identity::from_file_bytes(&bytes) {
                Ok(identity) => {
                    format!("    {} stays {}", name.file_name(), identity.peer_id())
                }
                Err(error) => format!("    {} cannot be used: {error}", file.display()),
            });
        }
        if let Some(blocks) = &self.blocks {
            said.line(format!(
                "    {} is of no use to prb, which fetches blocks anew into prb in it; delete the \
                 rest once nothing needs version 2 any more",
                blocks.display()
            ));
        }
        let (others, count) = owned_by_others(&self.path, uid);
        if count > 0 {
            let more = count.saturating_sub(others.len());
            let names = others.iter().map(|it| it.display().to_string()).collect::<Vec<_>>();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            said.line(format!("    not owned by user {uid}: {}{more}", names.join(", ")));
            said.line(format!("    do: sudo chown -R {uid}:{uid} {}", self.path.display()));
        }
    }
}

/// Paths of compose files are below the folder of the file.
fn resolve(base: &Path, path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => base.join(path.strip_prefix("./").unwrap_or(path)),
    }
}

/// What somebody else than this user owns: the first few, and how many there are.
fn owned_by_others(folder: &Path, uid: u32) -> (Vec<PathBuf>, usize) {
    let (mut named, mut count) = (Vec::new(), 0);
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        // What vanishes meanwhile needs no owner.
        let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
        if metadata.uid() != uid {
            count += 1;
            if named.len() < NAMED {
                named.push(path.clone());
            }
        }
        if metadata.is_dir() {
            let entries = fs::read_dir(&path).into_iter().flatten().flatten();
            open.extend(entries.map(|entry| entry.path()));
        }
    }
    (named, count)
}
