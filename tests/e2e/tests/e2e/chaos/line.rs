//! A connection's way that can be cut and made slow.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

/// Where it leads.
#[derive(Clone)]
pub(super) enum Target {
    Socket(PathBuf),
    Port(u16),
}

/// Listens on a port of its own and leads to a target.
pub(super) struct Line {
    port: u16,
    cuts: watch::Sender<u64>,
    delay: Arc<AtomicU64>,
    _task: AbortOnDropHandle<()>,
}

impl Line {
    pub(super) async fn to(target: Target) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (cuts, delay) = (watch::Sender::new(0), Arc::new(AtomicU64::new(0)));
        let accept = {
            let (cuts, delay) = (cuts.clone(), Arc::clone(&delay));
            async move {
                while let Ok((connection, _)) = listener.accept().await {
                    let (target, delay) = (target.clone(), Arc::clone(&delay));
                    let mut cut = cuts.subscribe();
                    tokio::spawn(async move {
                        tokio::select! {
                            () = join(connection, target, &delay) => {}
                            _ = cut.changed() => {}
                        }
                    });
                }
            }
        };
        Self { port, cuts, delay, _task: AbortOnDropHandle::new(tokio::spawn(accept)) }
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Cuts all connections; new ones work.
    pub(super) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// What is read from now on goes on this much later.
    pub(super) fn delay(&self, delay: Duration) {
        self.delay.store(delay.as_millis() as u64, Ordering::Relaxed);
    }
}

async fn join(from: TcpStream, target: Target, delay: &AtomicU64) {
    let (read, write) = from.into_split();
    match target {
        Target::Socket(path) => {
            let Ok(to) = UnixStream::connect(path).await else { return };
            let (back, forth) = to.into_split();
            both(read, forth, back, write, delay).await;
        }
        Target::Port(port) => {
            let Ok(to) = TcpStream::connect(("127.0.0.1", port)).await else { return };
            let (back, forth) = to.into_split();
            both(read, forth, back, write, delay).await;
        }
    }
}

async fn both(
    read: impl AsyncRead + Unpin,
    forth: impl AsyncWrite + Unpin,
    back: impl AsyncRead + Unpin,
    write: impl AsyncWrite + Unpin,
    delay: &AtomicU64,
) {
    tokio::select! {
        () = pump(read, forth, delay) => {}
        () = pump(back, write, delay) => {}
    }
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    delay: &AtomicU64,
) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let delay = Duration::from_millis(delay.load(Ordering::Relaxed));
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
