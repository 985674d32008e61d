//! One pRuntime double, alone.

use crate::Failure;
use crate::args::PruntimeArgs;

/// `prb run pruntime`.
pub(crate) fn run(_: &PruntimeArgs, _: &str) -> Result<(), Failure> {
    Err(Failure::Failed(anyhow::anyhow!("the double is not composed yet")))
}
