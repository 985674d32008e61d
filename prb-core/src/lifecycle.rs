//! The lifecycle manager.

mod address;
mod blobs;
mod chain_view;
mod computing;
mod egress;
mod intent;
mod inventory;
mod machine;
mod sync;
