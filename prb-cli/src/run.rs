//! `prb run`.

use crate::Failure;
use crate::args::{Module, RunArgs};
use crate::logging::Log;
use crate::{monitor, queue_page, services};

/// Runs what the arguments name until it ends, or is told to.
pub(crate) fn run(command: RunArgs, log: &Log) -> Result<(), Failure> {
    match command.module {
        Some(Module::All(args)) => services::all::run(&args, log),
        Some(Module::DataProvider(args)) => services::data_provider::run(&args, log),
        Some(Module::Lifecycle(args)) => services::lifecycle::run(&args, log),
        Some(Module::Trader(args)) => services::trader::run(&args, log),
        Some(Module::Monitor(args)) => monitor::run(&args, log),
        Some(Module::QueuePage(args)) => queue_page::run(&args, log),
        Some(Module::Devnet(args)) => devnet(&args, log),
        Some(Module::Pruntime(args)) => pruntime(&args, log),
        None if command.dev.dev => dev(&command.dev, log),
        None => {
            Err(Failure::Usage("say what to run: --dev or a module; see prb run --help".into()))
        }
    }
}

#[cfg(feature = "dev")]
use crate::dev::{devnet::run as devnet, pruntime::run as pruntime, run as dev};

#[cfg(not(feature = "dev"))]
use without_dev::{dev, devnet, pruntime};

#[cfg(not(feature = "dev"))]
mod without_dev {
    use crate::Failure;
    use crate::args::{DevArgs, DevnetArgs, PruntimeArgs};
    use crate::logging::Log;

    fn absent() -> Result<(), Failure> {
        Err(Failure::Usage("this prb was built without the embedded network (feature dev)".into()))
    }

    pub(super) fn dev(_: &DevArgs, _: &Log) -> Result<(), Failure> {
        absent()
    }

    pub(super) fn devnet(_: &DevnetArgs, _: &Log) -> Result<(), Failure> {
        absent()
    }

    pub(super) fn pruntime(_: &PruntimeArgs, _: &Log) -> Result<(), Failure> {
        absent()
    }
}
