//! Secrets that commands are given: from files or standard input, never as arguments.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use prb_core::lifecycle::OperatorSecret;
use zeroize::Zeroizing;

use crate::Failure;
use crate::args::OwnerArgs;

/// Where a secret is read from standard input.
const STDIN: &str = "-";
/// What is longer is no secret, in bytes.
const LONGEST: u64 = 64 << 10;

/// The owner's secret, if one is given.
pub(crate) fn read(args: &OwnerArgs) -> Result<Option<OperatorSecret>, Failure> {
    let Some(owner) = &args.owner else { return Ok(None) };
    if args.passphrase.as_deref() == Some(owner) && owner == Path::new(STDIN) {
        return Err(Failure::Usage(
            "--owner and --passphrase cannot both come from standard input".into(),
        ));
    }
    let text = text(owner)?;
    let passphrase = args.passphrase.as_deref().map(self::text).transpose()?.unwrap_or_default();
    // The end of its line is not part of a passphrase.
    Ok(Some(OperatorSecret::read(&text, passphrase.trim_end_matches(['\r', '\n']))?))
}

/// What is in a file, or comes on standard input.
pub(crate) fn text(path: &Path) -> Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    let read = if path == Path::new(STDIN) {
        io::stdin().lock().take(LONGEST + 1).read_to_string(&mut text)
    } else {
        File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_string(&mut text))
    };
    let length = read.with_context(|| format!("cannot read {}", path.display()))? as u64;
    ensure!(length <= LONGEST, "{} is longer than {LONGEST} bytes", path.display());
    Ok(text)
}
