//! A disk that fills up: by what is ingested, and to its last byte by somebody else.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use prb_core::data_provider::{DataProvider, OfflineStore};
use prb_devnet::network::Bulk;

use super::{config, double, finalized, network, reach, same_state};
use crate::feeder::Feeder;

/// A file system in memory of a size that can change. Goes with the test.
struct Disk(tempfile::TempDir);

impl Disk {
    /// `None` where this user may not mount.
    fn mount(mib: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", &format!("size={mib}m"), "tmpfs"]).arg(folder.path());
        let mounted = command.status().is_ok_and(|status| status.success());
        mounted.then(|| Self(folder))
    }

    fn resize(&self, mib: u32) {
        let mut command = Command::new("mount");
        command.args(["-o", &format!("remount,size={mib}m")]).arg(self.0.path());
        assert!(command.status().unwrap().success());
    }

    /// Somebody else's file takes all that is left.
    fn fill(&self) -> std::path::PathBuf {
        let path = self.0.path().join("somebody-elses");
        let mut file = File::create(&path).unwrap();
        let filling = vec![0xa5; 64 * 1024];
        while file.write(&filling).is_ok_and(|bytes| bytes > 0) {}
        path
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0.path()).status();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_nothing_wrong_is_kept_and_with_room_it_goes_on() {
    // 64 MiB are kept free, so that there is room for some of the heavy blocks and not for all.
    let Some(disk) = Disk::mount(84) else {
        println!("SKIPPED: this user may not mount a tmpfs");
        return;
    };
    let network = network(|config| {
        config.history = 400;
        config.bulk = Some(Bulk { interval: 8, bytes: 2 << 20 });
    })
    .await;
    let folder = disk.path().join("store");
    let provider = DataProvider::builder(config(&network, &folder)).build().unwrap();
    let provider = provider.start().await.unwrap();
    let full = |reason: &str| reason.contains("is full") || reason.contains("No space left");
    let stalled = reach(&provider, "it says that the disk is full", |status| {
        status.problems.values().any(|problem| full(&problem.reason))
    })
    .await;
    let history = network.heights().borrow().para_finalized;
    assert!(stalled.info.para_committed_height < history as i32, "{stalled:#?}");

    disk.resize(512);
    let caught_up = reach(&provider, "with room it goes on", |status| {
        status.problems.is_empty() && status.info.para_committed_height >= history as i32
    })
    .await;
    let before = caught_up.info.parent_committed_height as u32;

    // At the tip, to the last byte.
    let ballast = disk.fill();
    finalized(&network, before + 40).await;
    reach(&provider, "it says so at the tip too", |status| {
        status.problems.values().any(|problem| full(&problem.reason))
    })
    .await;
    // What is stored is served all along, and accepted.
    let double = double().await;
    let para_id = network.chains().para_id;
    let mut feeder = Feeder::init(&provider, &double.endpoint(), para_id).await;
    feeder.until(before).await;

    std::fs::remove_file(ballast).unwrap();
    let end = network.heights().borrow().relay_finalized;
    reach(&provider, "it goes on by itself", |status| {
        status.problems.is_empty() && status.info.parent_committed_height >= end as i32
    })
    .await;
    feeder.until(end).await;
    same_state(&network, &double).await;

    provider.shutdown().await.unwrap();
    drop((provider, feeder));
    let store = OfflineStore::open(&folder, &config(&network, &folder).store).await.unwrap();
    let report = store.check(true).await.unwrap();
    assert_eq!(report.findings, []);
    assert!(report.verified.unwrap().relay >= end);
    drop(store);
    double.shutdown().await;
    network.shutdown().await.unwrap();
}
