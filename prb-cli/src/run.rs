//! `prb run`.

use crate::Failure;
use crate::args::{Module, RunArgs};

/// Runs what the arguments name until it ends, or is told to.
pub(crate) fn run(command: RunArgs, log: &str) -> Result<(), Failure> {
    match command {
        RunArgs { module: Some(Module::Pruntime(args)), .. } => pruntime(&args, log),
        RunArgs { module: None, dev } if dev.dev => self::dev(&dev, log),
        RunArgs { module: None, .. } => {
            Err(Failure::Usage("say what to run: --dev or a module; see prb run --help".into()))
        }
    }
}

#[cfg(feature = "dev")]
use crate::dev::{pruntime::run as pruntime, run as dev};

#[cfg(not(feature = "dev"))]
use without_dev::{dev, pruntime};

#[cfg(not(feature = "dev"))]
mod without_dev {
    use crate::Failure;
    use crate::args::{DevArgs, PruntimeArgs};

    fn absent() -> Result<(), Failure> {
        Err(Failure::Usage("this prb was built without the embedded network (feature dev)".into()))
    }

    pub(super) fn dev(_: &DevArgs, _: &str) -> Result<(), Failure> {
        absent()
    }

    pub(super) fn pruntime(_: &PruntimeArgs, _: &str) -> Result<(), Failure> {
        absent()
    }
}
