//! What a command has to say, in one of two ways.

use std::io::{self, Write};

use serde_json::Value;

/// Says it on standard output: as one line of JSON for programs, or as lines for people.
pub(crate) fn answer(as_json: bool, json: &Value, text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    if as_json {
        writeln!(stdout, "{json}")?;
    } else {
        stdout.write_all(text.as_bytes())?;
        if !text.is_empty() && !text.ends_with('\n') {
            stdout.write_all(b"\n")?;
        }
    }
    stdout.flush()
}
