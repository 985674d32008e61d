//! Connections over HTTP: a bounded number, each for a bounded time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::shutdown::Stack;

/// How long a client may take to say what it wants.
const REQUEST: Duration = Duration::from_secs(10);
/// How long accepting rests when the system refuses.
const REST: Duration = Duration::from_millis(100);

/// What a server will not exceed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Most connections at once; further ones wait.
    pub(crate) connections: usize,
    /// Whether a connection may ask more than once.
    pub(crate) keep_alive: bool,
    /// Longest life of a connection.
    pub(crate) life: Duration,
}

/// Where a request came from; handlers find it among the request's extensions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Visitor(pub(crate) SocketAddr);

/// Serves `pages` until stopped.
pub(crate) fn serve(
    listener: TcpListener,
    pages: Router,
    limits: Limits,
    name: &'static str,
    stack: &mut Stack,
) {
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    tasks.spawn(accept(listener, pages, limits, stop.clone(), tasks.clone()));
    stack.push(name, async move {
        stop.cancel();
        tasks.close();
        tasks.wait().await;
    });
}

async fn accept(
    listener: TcpListener,
    pages: Router,
    limits: Limits,
    stop: CancellationToken,
    tasks: TaskTracker,
) {
    let free = Arc::new(Semaphore::new(limits.connections));
    let accepting = async {
        // The semaphore is never closed.
        while let Ok(permit) = free.clone().acquire_owned().await {
            match listener.accept().await {
                Ok((stream, from)) => {
                    let answering = answer(stream, from, pages.clone(), limits);
                    let stop = stop.clone();
                    tasks.spawn(async move {
                        let _permit = permit;
                        stop.run_until_cancelled(answering).await;
                    });
                }
                Err(error) => {
                    tracing::debug!(%error, "cannot take a connection");
                    tokio::time::sleep(REST).await;
                }
            }
        }
    };
    stop.run_until_cancelled(accepting).await;
}

async fn answer(stream: TcpStream, from: SocketAddr, pages: Router, limits: Limits) {
    let pages = TowerToHyperService::new(pages);
    let service = service_fn(move |mut request: hyper::Request<_>| {
        request.extensions_mut().insert(Visitor(from));
        pages.call(request)
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST)
        .keep_alive(limits.keep_alive)
        .serve_connection(TokioIo::new(stream), service);
    match tokio::time::timeout(limits.life, connection).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a connection failed"),
        Err(_) => tracing::debug!("a connection has come to its end"),
    }
}
