//! A way to Redis that a test can cut and lead elsewhere.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

/// Listens on a port of its own and connects to a unix socket.
pub(super) struct Proxy {
    port: u16,
    target: Arc<Mutex<Option<PathBuf>>>,
    cuts: watch::Sender<u64>,
    _task: AbortOnDropHandle<()>,
}

impl Proxy {
    pub(super) async fn to(socket: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let target = Arc::new(Mutex::new(Some(socket)));
        let cuts = watch::Sender::new(0);
        let accept = {
            let (target, cuts) = (Arc::clone(&target), cuts.clone());
            async move {
                while let Ok((connection, _)) = listener.accept().await {
                    let target = target.lock().unwrap().clone();
                    tokio::spawn(join(connection, target, cuts.subscribe()));
                }
            }
        };
        let task = AbortOnDropHandle::new(tokio::spawn(accept));
        Self { port, target, cuts, _task: task }
    }

    pub(super) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Cuts all connections; new ones work.
    pub(super) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// New connections lead here, or nowhere.
    pub(super) fn lead(&self, target: Option<PathBuf>) {
        *self.target.lock().unwrap() = target;
    }
}

async fn join(mut from: TcpStream, target: Option<PathBuf>, mut cuts: watch::Receiver<u64>) {
    let Some(target) = target else { return };
    let Ok(mut to) = UnixStream::connect(target).await else { return };
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut from, &mut to) => {}
        _ = cuts.changed() => {}
    }
}
