//! The lifecycle manager.

mod sync;
