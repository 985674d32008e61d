//! moto, an S3-speaking server, as a process. Ends with the test.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what is not as expected fails the test"
)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use prb_devnet::ports::unused_port;

const PATIENCE: Duration = Duration::from_mins(1);
const INSTALLED: &str = "tests/e2e/.venv/bin/moto_server";

pub(crate) struct S3 {
    process: Child,
    pub(crate) address: String,
}

impl S3 {
    /// Starts it and makes a bucket, for which any credentials will do.
    pub(crate) fn start(bucket: &str) -> Self {
        let program = std::env::var_os("PRB_MOTO_SERVER").map_or_else(installed, PathBuf::from);
        let port = unused_port();
        let process = Command::new(&program)
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("{}: {error}; tests/run.sh installs it", program.display())
            });
        let s3 = Self { process, address: format!("127.0.0.1:{port}") };
        s3.make(bucket);
        s3
    }

    fn make(&self, bucket: &str) {
        let mut stream = self.connect();
        let request = format!(
            "PUT /{bucket} HTTP/1.1\r\nHost: {}\r\nContent-Length: 0\r\nConnection: close\r\n\
             Authorization: AWS4-HMAC-SHA256 \
             Credential=test/20260101/us-east-1/s3/aws4_request, \
             SignedHeaders=host, Signature=0\r\n\r\n",
            self.address
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.lines().next().is_some_and(|line| line.contains(" 200 ")), "{answer}");
    }

    /// Waits until it listens.
    #[expect(clippy::disallowed_methods, reason = "no executor runs here")]
    fn connect(&self) -> TcpStream {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match TcpStream::connect(&self.address) {
                Ok(stream) => return stream,
                Err(error) => assert!(Instant::now() < deadline, "moto does not listen: {error}"),
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn installed() -> PathBuf {
    let folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let found = folders.map(|folder| folder.join(INSTALLED)).find(|program| program.exists());
    found.unwrap_or_else(|| INSTALLED.into())
}
