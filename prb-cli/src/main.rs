//! The `prb` binary.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use prb_cli::config::{self, Environment};

#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    match config::parse(std::env::args_os(), &Environment::of_process()) {
        Ok(parsed) => prb_cli::run(parsed),
        Err(stop) => stop.print(),
    }
}
