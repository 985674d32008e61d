//! The whole bridge on the embedded network, in one process.

use crate::Failure;
use crate::args::DevArgs;

mod data_dir;
pub(crate) mod pruntime;

pub use data_dir::DataDir;

/// `prb run --dev`.
pub(crate) fn run(args: &DevArgs, log: &str) -> Result<(), Failure> {
    let output = crate::output::Output::new(args.json);
    let folder = DataDir::open(args.data_dir.as_deref())?;
    let log_file = folder.path().join("prb.log");
    let target = if output.is_live() {
        crate::logging::Target::File(&log_file)
    } else {
        crate::logging::Target::Stderr
    };
    crate::logging::start(log, &target)?;
    Err(Failure::Failed(anyhow::anyhow!("the bridge is not composed yet")))
}
