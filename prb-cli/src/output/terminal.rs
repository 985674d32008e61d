//! Draws a screen in place.

use std::io::{self, Stdout, Write};

use crossterm::cursor::{Hide, MoveToColumn, MoveUp, Show};
use crossterm::style::Print;
use crossterm::terminal::{self, BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate};
use crossterm::{execute, queue};

use crate::view::{View, screen};

/// A terminal that says no size gets this one, in columns and rows.
const USUAL: (u16, u16) = (100, 40);

/// The part of the terminal the live view takes: below what was there, which stays.
pub(crate) struct Terminal {
    out: Stdout,
    /// How many lines the last screen had.
    drawn: u16,
}

impl Terminal {
    pub(crate) fn new() -> Self {
        Self { out: io::stdout(), drawn: 0 }
    }

    /// Draws the view over the last one.
    pub(crate) fn draw(&mut self, view: &View) -> io::Result<()> {
        let (columns, rows) = size();
        // The cursor rests on the line below the screen.
        let lines = screen::render(view, columns.into(), rows.saturating_sub(1).into());
        queue!(self.out, BeginSynchronizedUpdate, Hide, MoveToColumn(0))?;
        if self.drawn > 0 {
            queue!(self.out, MoveUp(self.drawn.min(rows)))?;
        }
        queue!(self.out, Clear(ClearType::FromCursorDown))?;
        for line in &lines {
            queue!(self.out, Print(line), Print("\r\n"))?;
        }
        queue!(self.out, EndSynchronizedUpdate)?;
        self.drawn = lines.len() as u16;
        self.out.flush()
    }
}

/// Columns and rows.
pub(super) fn size() -> (u16, u16) {
    match terminal::size() {
        Ok((columns, rows)) if columns > 0 && rows > 0 => (columns, rows),
        _ => USUAL,
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // The last screen stays; a terminal that is gone needs no cursor.
        let _ = execute!(self.out, Show);
    }
}
