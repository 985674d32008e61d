//! The `prb` binary.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use prb_cli::args;

fn main() -> ExitCode {
    match args::parse(std::env::args_os()) {
        Ok(cli) => prb_cli::run(cli),
        Err(stop) => stop.print(),
    }
}
