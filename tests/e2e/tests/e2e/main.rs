//! The whole bridge on the embedded network, and the rules of the house that a compiler cannot
//! check. One binary: linking it is most of its cost.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, its helpers too"
)]

mod architecture;
mod feeder;
mod provider;
mod trader;
