//! A screen of its own on a terminal, which has what was there before when it ends.

use std::io::{self, Stdout, Write};

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::style::Print;
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen,
};
use crossterm::{execute, queue};

use super::terminal::size;

/// The terminal's other screen; left when this is dropped, however that comes.
pub(crate) struct Screen {
    out: Stdout,
}

impl Screen {
    /// Goes to the other screen.
    pub(crate) fn enter() -> io::Result<Self> {
        let mut out = io::stdout();
        execute!(out, EnterAlternateScreen, Hide)?;
        Ok(Self { out })
    }

    /// Shows these lines instead of the last ones, as many of them and as much as there is room
    /// for. An error means that nobody is looking any more.
    pub(crate) fn draw(&mut self, text: &str) -> io::Result<()> {
        let (columns, rows) = size();
        queue!(self.out, BeginSynchronizedUpdate, MoveTo(0, 0), Clear(ClearType::All))?;
        for (row, line) in fitting(text, columns.into(), rows.into()).iter().enumerate() {
            // There are no more rows than fit the type.
            queue!(self.out, MoveTo(0, row as u16), Print(line))?;
        }
        queue!(self.out, EndSynchronizedUpdate)?;
        self.out.flush()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // A terminal that is gone has no screen to go back to.
        let _ = execute!(self.out, Show, LeaveAlternateScreen);
    }
}

/// The lines that there is room for. The last one says how many there are not.
fn fitting(text: &str, columns: usize, rows: usize) -> Vec<String> {
    let mut lines: Vec<String> = text.lines().map(|line| cut(line, columns)).collect();
    let room = rows.max(1);
    if lines.len() > room {
        let more = lines.len() + 1 - room;
        lines.truncate(room - 1);
        lines.push(format!("… and {more} more lines"));
    }
    lines
}

/// The beginning of a line that takes so many columns; colours take none.
fn cut(line: &str, columns: usize) -> String {
    let (mut taken, mut in_colour) = (0, false);
    let fits = |letter: &char| {
        let begins = *letter == '\u{1b}';
        if begins || in_colour {
            in_colour = begins || *letter != 'm';
            return true;
        }
        taken += 1;
        taken <= columns
    };
    line.chars().filter(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_counted() {
        assert_eq!(fitting("abc\nd", 2, 5), ["ab", "d"]);
        assert_eq!(fitting("a\nb\nc\nd", 30, 3), ["a", "b", "… and 2 more lines"]);
        assert_eq!(fitting("a\nb", 30, 2), ["a", "b"]);
        assert_eq!(cut("\u{1b}[31mred\u{1b}[0m sea", 4), "\u{1b}[31mred\u{1b}[0m ");
        assert_eq!(cut("\u{1b}[31mred\u{1b}[0m", 2), "\u{1b}[31mre\u{1b}[0m");
    }
}
