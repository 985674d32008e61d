//! A process that serves, and ends with the one that measures.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result};

use super::kind::Kind;
use crate::process;

pub(super) struct Process {
    child: Child,
    pub(super) address: SocketAddr,
}

impl Process {
    /// Ours.
    pub(super) fn serve(stock: &Path) -> Result<Self> {
        Self::start(Command::new(std::env::current_exe()?).arg("blob-serve").arg(stock))
    }

    /// Bare TCP.
    pub(super) fn bare(stock: &Path, kind: Kind, hot: bool) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("blob-bare").arg(stock).arg(kind.name);
        if hot {
            command.arg("--hot");
        }
        Self::start(&mut command)
    }

    fn start(command: &mut Command) -> Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
        let address = line.trim().parse().context("the serving process failed")?;
        Ok(Self { child, address })
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The most memory it held so far, MiB.
    pub(super) fn peak_rss_mb(&self) -> Result<f64> {
        process::peak_mb_of(self.child.id())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It ends when its input does.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// In the process: says where it serves, and returns when it is to end.
pub(super) fn until_told(address: SocketAddr) -> Result<()> {
    writeln!(std::io::stdout(), "{address}")?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
