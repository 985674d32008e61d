//! `prb peer`: talks to running services, over gRPC on this host and as a peer to all others.

use std::io::{self, Write};

use crate::Failure;
use crate::args::PeerCommand;
use crate::logging::{self, Log, Target};
use crate::{process, services};

mod call;
mod client;
mod grpc;
mod info;
mod list;
mod request;
mod target;

pub(crate) use client::{Client, node};
pub(crate) use list::role;
pub(crate) use target::Target as Whom;

/// `prb peer`.
pub(crate) fn run(command: PeerCommand, log: &Log) -> Result<(), Failure> {
    logging::start(log, &Target::Stderr)?;
    process::block_on(async {
        match command {
            PeerCommand::List(args) => list::run(&args).await,
            PeerCommand::Info(args) => info::run(&args).await,
            PeerCommand::Call(args) => call::run(&args).await,
            PeerCommand::Describe => {
                writeln!(io::stdout(), "{:#}", services::document())?;
                Ok(())
            }
        }
    })
}
