//! Colours, where they are wanted.

use std::ffi::OsStr;
use std::fmt::Display;
use std::io::IsTerminal;

use anstyle::{AnsiColor, Style};

use crate::args::Color;

/// Puts colours on what goes to one place, or leaves it as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Paint {
    on: bool,
}

impl Paint {
    /// For what goes there.
    pub(crate) fn to(place: &impl IsTerminal, wanted: Color) -> Self {
        let no_color = std::env::var_os("NO_COLOR");
        Self { on: is_coloured(wanted, no_color.as_deref(), place.is_terminal()) }
    }

    /// Whether there are colours.
    pub(crate) fn is_on(self) -> bool {
        self.on
    }

    /// What somebody must look at now.
    pub(crate) fn critical(self, text: impl Display) -> String {
        self.with(AnsiColor::Red.on_default().bold(), text)
    }

    /// What somebody should look at.
    pub(crate) fn warning(self, text: impl Display) -> String {
        self.with(AnsiColor::Yellow.on_default(), text)
    }

    /// What is as it should be.
    pub(crate) fn good(self, text: impl Display) -> String {
        self.with(AnsiColor::Green.on_default(), text)
    }

    fn with(self, style: Style, text: impl Display) -> String {
        if self.on { format!("{style}{text}{style:#}") } else { text.to_string() }
    }
}

/// Whoever says it here is asked first, then whoever set `NO_COLOR` to anything.
fn is_coloured(wanted: Color, no_color: Option<&OsStr>, is_terminal: bool) -> bool {
    match wanted {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => is_terminal && no_color.is_none_or(OsStr::is_empty),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_for_terminals_and_for_who_wants_them() {
        let set = Some(OsStr::new("1"));
        let empty = Some(OsStr::new(""));
        for (wanted, no_color, is_terminal, expected) in [
            (Color::Auto, None, true, true),
            (Color::Auto, empty, true, true),
            (Color::Auto, set, true, false),
            (Color::Auto, None, false, false),
            (Color::Always, set, false, true),
            (Color::Never, None, true, false),
        ] {
            let told = is_coloured(wanted, no_color, is_terminal);
            assert_eq!(told, expected, "{wanted:?} {no_color:?} {is_terminal}");
        }
        assert_eq!(Paint { on: false }.critical("x"), "x");
        let painted = Paint { on: true }.warning("x");
        assert!(painted.starts_with('\u{1b}') && painted.ends_with("x\u{1b}[0m"), "{painted:?}");
    }
}
