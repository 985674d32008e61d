//! Taking in many pools or workers from a file.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use prb_core::lifecycle::import::{self, WantedPool, WantedWorker};
use prb_walkie::identity::{Identity, IdentityError, Name};
use zeroize::Zeroizing;

use crate::args::ImportFileArgs;

mod carry_out;
mod text;
mod version_2;

pub(crate) use carry_out::{pools, workers};

/// Where a file is read from standard input.
const STDIN: &str = "-";
/// A longer file is none of these, in bytes.
const LONGEST: u64 = 64 << 20;

/// What is in a file.
enum Source {
    Json(Zeroizing<String>),
    Csv(Zeroizing<String>),
    /// Version 2's inventory, which is read where it is.
    Version2,
}

/// The pools that a file asks for.
pub(crate) fn wanted_pools(args: &ImportFileArgs) -> Result<Vec<WantedPool>> {
    let identity = identity(args)?;
    match source(&args.file)? {
        Source::Json(text) => Ok(import::pools_from_json(&text, identity.as_ref())?),
        Source::Csv(text) => Ok(import::pools_from_csv(&text, identity.as_ref())?),
        Source::Version2 => match identity {
            Some(identity) => version_2::pools(&args.file, &identity),
            None => bail!(
                "there is no identity in {}, and owners in {} are sealed to one: give its file \
                 with --identity",
                args.manager.key_dir.display(),
                args.file.display()
            ),
        },
    }
}

/// All of version 2's inventory, whose owners were sealed to `identity`.
pub(crate) fn inventory_of_version_2(
    file: &Path,
    identity: &Identity,
) -> Result<(Vec<WantedPool>, Vec<WantedWorker>)> {
    Ok((version_2::pools(file, identity)?, version_2::workers(file)?))
}

/// The workers that a file asks for.
pub(crate) fn wanted_workers(args: &ImportFileArgs) -> Result<Vec<WantedWorker>> {
    match source(&args.file)? {
        Source::Json(text) => Ok(import::workers_from_json(&text)?),
        Source::Csv(text) => Ok(import::workers_from_csv(&text)?),
        Source::Version2 => version_2::workers(&args.file),
    }
}

/// Files tell by their beginning what they are.
fn source(file: &Path) -> Result<Source> {
    let mut bytes = Zeroizing::new(Vec::new());
    let read = if file == Path::new(STDIN) {
        io::stdin().lock().take(LONGEST + 1).read_to_end(&mut bytes)
    } else {
        fs::File::open(file).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes))
    };
    read.with_context(|| format!("cannot read {}", file.display()))?;
    if bytes.starts_with(b"SQLite format 3\0") {
        ensure!(file != Path::new(STDIN), "version 2's inventory is read from a file alone");
        return Ok(Source::Version2);
    }
    ensure!(bytes.len() as u64 <= LONGEST, "{} is longer than {LONGEST} bytes", file.display());
    let text = std::str::from_utf8(&bytes);
    let text =
        Zeroizing::new(text.with_context(|| format!("{} is no text", file.display()))?.to_owned());
    Ok(match text.trim_start().chars().next() {
        Some('{' | '[') => Source::Json(text),
        _ => Source::Csv(text),
    })
}

/// Whom owners in the file may be sealed to.
fn identity(args: &ImportFileArgs) -> Result<Option<Identity>> {
    if let Some(file) = &args.identity {
        let bytes = fs::read(file).map(Zeroizing::new);
        let bytes = bytes.with_context(|| format!("cannot read {}", file.display()))?;
        return Ok(Some(Identity::from_file_bytes(&bytes)?));
    }
    match Identity::load(&args.manager.key_dir, Name::Lifecycle) {
        Ok(identity) => Ok(Some(identity)),
        Err(IdentityError::Missing { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
