//! Feeding a worker: what to send next, and the bytes to send.

pub(crate) mod genesis;
pub(crate) mod plan;
pub(crate) mod start_state;

#[cfg(test)]
mod model;
