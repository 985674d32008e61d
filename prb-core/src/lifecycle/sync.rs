//! Feeding a worker: what to send next, and the bytes to send.

pub(crate) mod genesis;
pub(crate) mod plan;

#[cfg(test)]
mod model;
