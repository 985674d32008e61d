//! `prb completions` and `prb man`.

use std::fs;
use std::io::{self, Write};

use anyhow::Context;
use clap::CommandFactory;
use clap_mangen::Man;

use crate::Failure;
use crate::args::{Cli, CompletionsArgs, ManArgs};

/// `prb completions`.
pub(crate) fn completions(args: &CompletionsArgs) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "prb", &mut script);
    io::stdout().write_all(&script)?;
    Ok(())
}

/// `prb man`.
pub(crate) fn man(args: &ManArgs) -> Result<(), Failure> {
    let mut command = Cli::command();
    if let Some(folder) = &args.to {
        let write = || {
            fs::create_dir_all(folder)?;
            clap_mangen::generate_to(command, folder)
        };
        write().with_context(|| format!("cannot write to {}", folder.display()))?;
        return Ok(());
    }
    // It gives subcommands their full names.
    command.build();
    let mut page = &command;
    for name in &args.command {
        page = page
            .find_subcommand(name)
            .ok_or_else(|| Failure::Usage(format!("{} has no {name}", page.get_name())))?;
    }
    let mut text = Vec::new();
    Man::new(page.clone()).render(&mut text)?;
    io::stdout().write_all(&text)?;
    Ok(())
}
