//! SCALE types of what passes between the chains, the bridge and pRuntime.
//!
//! They mirror the chain's own layouts byte for byte. Where bytes are only carried they stay
//! bytes: a header is hashed and forwarded as it came.

pub mod bridge;
pub mod grandpa;
pub mod header;
pub mod messages;
pub mod on_chain;
pub mod registration;
pub mod storage;

#[cfg(test)]
mod tests;
