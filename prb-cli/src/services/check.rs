//! What services would refuse at their start, as far as settings and files tell.

use std::path::Path;

use prb_walkie::access::psk::PreSharedKey;

use super::{data_provider, lifecycle, node};
use crate::args::{Command, Module, ServingArgs};
use crate::{Failure, exit};

/// What is wrong for the module that a command runs, a line each.
pub(crate) fn mistakes(command: &Command) -> Vec<String> {
    let Command::Run(run) = command else { return Vec::new() };
    match &run.module {
        Some(Module::All(args)) => all([
            data_provider::config(&args.provider(), Path::new("")).map(drop),
            lifecycle::config(&args.manager(), Path::new("")).map(drop).map_err(Failure::from),
            args.managing.redis.url().map(drop),
            psk(&args.serving),
            tls(&args.serving),
        ]),
        Some(Module::DataProvider(args)) => all([
            data_provider::config(args, Path::new("")).map(drop),
            psk(&args.serving),
            tls(&args.serving),
        ]),
        Some(Module::Lifecycle(args)) => all([
            lifecycle::config(args, Path::new("")).map(drop).map_err(Failure::from),
            lifecycle::queue_of_trader(args),
            args.managing.redis.url().map(drop),
            psk(&args.serving),
            tls(&args.serving),
        ]),
        Some(Module::Trader(args)) => all([
            args.redis.needed_by("a trader").map(drop),
            psk(&args.serving),
            tls(&args.serving),
        ]),
        _ => Vec::new(),
    }
}

fn all(checks: impl IntoIterator<Item = Result<(), Failure>>) -> Vec<String> {
    checks.into_iter().flat_map(exit::reasons).collect()
}

fn psk(args: &ServingArgs) -> Result<(), Failure> {
    args.access.psk_file.as_deref().map(PreSharedKey::load).transpose()?;
    Ok(())
}

fn tls(args: &ServingArgs) -> Result<(), Failure> {
    node::tls(&args.grpc)?;
    Ok(())
}
