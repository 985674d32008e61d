//! Where views go: a live view on a terminal, or lines on standard output.

use std::io::{self, IsTerminal, Write};

use crate::view::{View, changes, text};

mod answer;
mod bar;
mod paint;
mod screen;
mod table;
mod terminal;

pub(crate) use answer::answer;
pub(crate) use bar::Bar;
pub(crate) use paint::Paint;
pub(crate) use screen::Screen;
pub(crate) use table::table;
pub(crate) use terminal::Terminal;

/// Shows one view after another.
pub(crate) enum Output {
    /// A line for each change.
    Lines {
        /// As JSON instead of for people.
        json: bool,
        /// What the last lines told.
        told: View,
    },
    /// The whole view, redrawn in place.
    Live(Terminal),
}

impl Output {
    /// Live where somebody can see it, unless lines of JSON were asked for.
    pub(crate) fn new(json: bool) -> Self {
        if !json && io::stdout().is_terminal() {
            Self::Live(Terminal::new())
        } else {
            Self::Lines { json, told: View::default() }
        }
    }

    /// Whether logs would run through what is shown.
    pub(crate) fn is_live(&self) -> bool {
        matches!(self, Self::Live(_))
    }

    /// Shows the view. An error means that nobody is looking any more.
    pub(crate) fn show(&mut self, view: &View) -> io::Result<()> {
        match self {
            Self::Lines { json, told } => {
                let render = if *json { text::json } else { text::human };
                let mut stdout = io::stdout().lock();
                for change in changes(told, view) {
                    writeln!(stdout, "{}", render(view.elapsed, &change))?;
                }
                told.clone_from(view);
                stdout.flush()
            }
            Self::Live(terminal) => terminal.draw(view),
        }
    }
}
