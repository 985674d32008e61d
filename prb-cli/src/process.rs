//! The process around a command: its executor and the signals that end it.

use std::future::Future;
use std::io;
use std::time::Duration;

use anyhow::Context;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::Failure;
use crate::shutdown::Stack;

/// How long computations that nobody waits for any more may hold up the end.
const LEFT_OVERS: Duration = Duration::from_millis(500);

/// Whatever this process writes is for its own user alone: sealed secrets may be in it.
pub(crate) fn write_private_files() {
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
}

/// Runs a command on all cores.
pub(crate) fn block_on<T>(command: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = Runtime::new().context("cannot start the executor")?;
    let result = runtime.block_on(command);
    runtime.shutdown_timeout(LEFT_OVERS);
    result
}

/// Runs a service until it ends or is told to, then stops what it has put on the stack, within
/// `limit`.
pub(crate) async fn until_stopped(
    limit: Duration,
    service: impl AsyncFnOnce(&mut Stack) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut stop = StopSignal::listen()?;
    let mut stack = Stack::default();
    let result = tokio::select! {
        result = service(&mut stack) => result,
        () = stop.received() => {
            tracing::info!("stopping");
            Ok(())
        }
    };
    stack.stop(limit).await;
    result
}

/// Ctrl-C and SIGTERM, from when it is made.
pub(crate) struct StopSignal {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignal {
    /// Takes the signals over from the system, which would end the process at once.
    pub(crate) fn listen() -> Result<Self, anyhow::Error> {
        let listen = || -> io::Result<Self> {
            Ok(Self {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
            })
        };
        listen().context("cannot listen for signals")
    }

    /// Resolves when one of them comes.
    pub(crate) async fn received(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
