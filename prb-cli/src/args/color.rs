//! Where colours are wanted.

use clap::ValueEnum;

/// When something is coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set to something
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}
