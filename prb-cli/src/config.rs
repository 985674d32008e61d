//! Settings: where the value of each may stand, and which one counts.
//!
//! The arguments are the one definition of what can be set: a file's keys, the variables, the
//! defaults and the reference are read off them. A value comes from the command line, else from
//! the environment, else from the file, else from the default. What stands elsewhere is put into
//! the arguments before they are read, so that one parser judges all values.

mod command;
mod environment;
mod file;
mod layers;
mod module;
mod moved;
mod parse;
mod reference;
mod resolve;
mod set;
mod setting;
mod show;
#[cfg(test)]
mod tests;
mod text;
mod unknown;

pub(crate) use command::run;
pub use environment::Environment;
pub(crate) use environment::WITHOUT_EFFECT;
pub(crate) use moved::{Moved, moved};
pub(crate) use parse::known_variables;
pub use parse::{Parsed, parse};
