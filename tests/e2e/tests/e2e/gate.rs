//! The way of one client to a server: it can be closed, and remembers whether anything but reading
//! was asked through it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Ends with the test.
pub(crate) struct Gate {
    address: String,
    open: watch::Sender<bool>,
    wrote: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Gate {
    pub(crate) async fn open(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (open, passable) = watch::channel(true);
        let wrote = Arc::new(AtomicBool::new(false));
        let (target, seen) = (target.to_owned(), wrote.clone());
        let task = tokio::spawn(async move {
            loop {
                let Ok((client, _)) = listener.accept().await else { continue };
                let (target, seen) = (target.clone(), seen.clone());
                let mut passable = passable.clone();
                tokio::spawn(async move {
                    if !*passable.borrow_and_update() {
                        return;
                    }
                    let Ok(server) = TcpStream::connect(target).await else { return };
                    tokio::select! {
                        () = pass(client, server, &seen) => {}
                        // Connections end in the middle of whatever they carry.
                        _ = passable.changed() => {}
                    }
                });
            }
        });
        Self { address, open, wrote, task }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The server is away from now on.
    pub(crate) fn close(&self) {
        self.open.send_replace(false);
    }

    /// It is back.
    pub(crate) fn reopen(&self) {
        self.open.send_replace(true);
    }

    /// Whether anything but reading was asked.
    pub(crate) fn wrote(&self) -> bool {
        self.wrote.load(Ordering::Relaxed)
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Carries both ways until one ends. A client that does not pipeline begins each request with a
/// read of its own.
async fn pass(client: TcpStream, server: TcpStream, wrote: &AtomicBool) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let up = async {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = from_client.read(&mut buffer).await {
            let begins = |method: &&str| buffer[..count].starts_with(method.as_bytes());
            if ["PUT ", "POST ", "DELETE ", "PATCH "].iter().any(begins) {
                wrote.store(true, Ordering::Relaxed);
            }
            if to_server.write_all(&buffer[..count]).await.is_err() {
                return;
            }
        }
    };
    let down = tokio::io::copy(&mut from_server, &mut to_client);
    tokio::select! {
        () = up => {}
        _ = down => {}
    }
}
