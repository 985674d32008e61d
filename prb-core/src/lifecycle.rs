//! The lifecycle manager.

mod address;
mod computing;
mod egress;
mod intent;
mod inventory;
mod machine;
mod sync;
