//! Version 2's pools and workers, taken into the inventory of prb.

use std::path::Path;

use prb_walkie::identity::Name;

use super::Said;
use super::folder::Folder;
use crate::args::{DataDirArgs, DiscoveryArgs, ImportFileArgs, ManagerArgs, ReachArgs};
use crate::manager::{Aim, Manager};
use crate::{Failure, import};

/// Where prb keeps what is its own in a data folder.
const OURS: &str = "prb";

/// Takes pools and workers in, or says which those would be. Whoever runs it again finds nothing
/// to do.
pub(super) async fn take_in(
    folder: &Folder,
    inventory: &Path,
    dry_run: bool,
    said: &mut Said,
) -> Result<(), Failure> {
    let manager = ManagerArgs {
        peer: None,
        key_dir: folder.keys.clone(),
        reach: ReachArgs {
            discovery: DiscoveryArgs { boot_nodes: Vec::new(), no_mdns: true },
            psk_file: None,
            data_dir: DataDirArgs {
                data_dir: Some(folder.path.join(OURS)),
                ..DataDirArgs::default()
            },
            grpc: None,
            timeout: 30,
            json: false,
        },
    };
    let args = ImportFileArgs {
        file: inventory.to_owned(),
        dry_run,
        identity: Some(folder.keys.join(Name::Lifecycle.file_name())),
        manager,
    };
    said.line(format!("    pools and workers of {}:", inventory.display()));
    let (pools, workers) = (import::wanted_pools(&args)?, import::wanted_workers(&args)?);
    let aim = if dry_run { Aim::AnyInventory } else { Aim::NewInventory };
    let manager = Manager::find(&args.manager, aim).await?;
    let taken = async {
        let pools = import::pools(&manager, &pools, dry_run).await?;
        // Workers are compared with pools that are there, which those of a dry run are not.
        let workers =
            if dry_run { None } else { Some(import::workers(&manager, &workers, dry_run).await?) };
        Ok::<_, Failure>((pools, workers))
    };
    let taken = taken.await;
    manager.close().await;
    let (of_pools, of_workers) = taken?;
    said.lines(&of_pools.text);
    match of_workers {
        Some(of_workers) => said.lines(&of_workers.text),
        None => {
            for worker in &workers {
                said.line(format!("      worker   {} in pool {}", worker.name, worker.pid));
            }
        }
    }
    Ok(())
}
