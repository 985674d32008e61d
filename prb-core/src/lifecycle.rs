//! The lifecycle manager.

mod address;
mod computing;
mod egress;
mod intent;
mod machine;
mod sync;
