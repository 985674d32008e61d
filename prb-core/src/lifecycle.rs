//! The lifecycle manager.

mod machine;
mod sync;
