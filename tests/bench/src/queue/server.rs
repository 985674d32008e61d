//! A Redis without persistence, reached over TCP, as the field runs it.

use std::net::Ipv4Addr;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use prb_devnet::ports::unused_port;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Process;

pub(crate) struct Server {
    process: Process,
    port: u16,
    _folder: tempfile::TempDir,
}

pub(super) fn url(port: u16) -> String {
    format!("redis://127.0.0.1:{port}")
}

impl Server {
    pub(crate) async fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let port = unused_port();
        let process = Process::start(
            Command::new("redis-server")
                .args(["--bind", "127.0.0.1", "--appendonly", "no", "--save", "", "--port"])
                .arg(port.to_string())
                .args(["--logfile", "/dev/null", "--dir"])
                .arg(folder.path()),
        )?;
        let server = Self { process, port, _folder: folder };
        let deadline = Instant::now() + Duration::from_secs(10);
        while let Err(error) = server.used_memory().await {
            ensure!(Instant::now() < deadline, "redis-server does not start: {error:#}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(server)
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// How to reach it.
    pub(crate) fn url(&self) -> String {
        url(self.port)
    }

    /// How many keys look like that.
    pub(crate) async fn keys(&self, pattern: &str) -> Result<u64> {
        let script = format!("return #redis.call('KEYS', '{pattern}')");
        let said = self.ask(&format!("EVAL \"{script}\" 0")).await?;
        Ok(said.trim_start_matches(':').lines().next().context("no answer")?.parse()?)
    }

    /// What the process has used of a core so far.
    pub(crate) fn cpu_seconds(&self) -> Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.0.id()))?;
        // The name in brackets may hold anything; user and system time are fields 14 and 15.
        let fields: Vec<&str> =
            stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |at: usize| -> Result<f64> {
            Ok(fields.get(at).context("a line of /proc/pid/stat is short")?.parse()?)
        };
        // The kernel counts in hundredths of a second for programs.
        Ok((ticks(11)? + ticks(12)?) / 100.0)
    }

    /// Bytes, as Redis counts them.
    pub(crate) async fn used_memory(&self) -> Result<u64> {
        let said = self.ask("INFO memory").await?;
        let used = said.lines().find_map(|line| line.strip_prefix("used_memory:"));
        Ok(used.context("INFO has used_memory")?.trim().parse()?)
    }

    /// Redis' own words.
    async fn ask(&self, command: &str) -> Result<String> {
        let mut connection = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await?;
        connection.write_all(format!("{command}\r\nQUIT\r\n").as_bytes()).await?;
        let mut said = String::new();
        connection.read_to_string(&mut said).await?;
        Ok(said)
    }
}
