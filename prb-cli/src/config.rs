//! Settings: where the value of each may stand, and which one counts.
//!
//! The arguments are the one definition of what can be set. A value comes from the command line,
//! else from the environment, else from the default. What stands in the environment is put into
//! the arguments before they are read, so that one parser judges all values.

mod environment;
mod found;
mod module;
mod parse;
mod set;
#[cfg(test)]
mod tests;
mod unknown;

pub use environment::Environment;
pub(crate) use environment::{WITHOUT_EFFECT, names_beside_arguments};
pub use parse::{Parsed, parse};
