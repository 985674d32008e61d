//! Processes of this test that it kills: itself again, as trader or as manager, and Redis.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A child that does not outlive its owner.
pub(super) struct Process(Child);

impl Process {
    /// This program again, running the ignored test `name` with these settings.
    pub(super) fn of_test(name: &str, settings: &[(&str, String)]) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "--ignored", "--nocapture", name]);
        command.envs(settings.iter().map(|(name, value)| (name, value)));
        Self(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap())
    }

    pub(super) fn redis(folder: &Path) -> Self {
        let mut command = Command::new("redis-server");
        command.args(["--port", "0", "--appendonly", "no", "--save", "", "--unixsocket"]);
        command.arg(socket(folder)).arg("--dir").arg(folder);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        Self(child.expect("tests/run.sh installs redis-server"))
    }

    /// Whether it ended well; none while it runs.
    pub(super) fn ended(&mut self) -> Option<bool> {
        self.0.try_wait().unwrap().map(|status| status.success())
    }

    /// kill -9.
    pub(super) fn kill(&mut self) {
        let _ = self.0.kill();
        self.0.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

pub(super) fn socket(folder: &Path) -> PathBuf {
    folder.join("redis.sock")
}
