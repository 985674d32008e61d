//! A line at the bottom of a terminal, below what is logged.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossterm::queue;
use crossterm::style::Print;
use crossterm::terminal::{self, Clear, ClearType};

/// A terminal that says no size has this many columns.
const USUAL: u16 = 100;

/// One line on standard output, redrawn in place. What is written through it appears above.
/// Clones are the same line; it goes away with [`Bar::end`].
#[derive(Clone, Default)]
pub(crate) struct Bar {
    line: Arc<Mutex<String>>,
}

impl Bar {
    /// Shows another line, cut to the width of the terminal. An error means that nobody is
    /// looking any more.
    pub(crate) fn show(&self, line: &str) -> io::Result<()> {
        let columns = terminal::size().map_or(USUAL, |(columns, _)| columns.max(1));
        // A line that fills the last column would wrap.
        let line: String = line.chars().take(usize::from(columns) - 1).collect();
        let mut shown = self.lock();
        shown.clone_from(&line);
        let mut out = io::stdout().lock();
        queue!(out, Print("\r"), Clear(ClearType::CurrentLine), Print(line))?;
        out.flush()
    }

    /// Leaves the terminal with an empty line at the bottom.
    pub(crate) fn end(&self) {
        // A terminal that is gone has no line to clear.
        let _ = self.show("");
    }

    fn lock(&self) -> MutexGuard<'_, String> {
        // Half a line is a line.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Bar {
    /// Takes whole lines.
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let shown = self.lock();
        let mut out = io::stdout().lock();
        queue!(out, Print("\r"), Clear(ClearType::CurrentLine))?;
        out.write_all(text)?;
        queue!(out, Print(&*shown))?;
        out.flush()?;
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stdout().flush()
    }
}
