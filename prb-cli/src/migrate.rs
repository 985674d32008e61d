//! `prb migrate`: from older Runtime Bridges to this one.

use crate::args::MigrateCommand;
use crate::logging::{self, Log, Target};
use crate::{Failure, process};

mod v2;
mod v3;

/// `prb migrate`.
pub(crate) fn run(command: &MigrateCommand, log: &Log) -> Result<(), Failure> {
    logging::start(log, &Target::Stderr)?;
    process::block_on(async {
        match command {
            MigrateCommand::V2(args) => v2::run(args).await,
            MigrateCommand::V3(args) => v3::run(args).await,
        }
    })
}
