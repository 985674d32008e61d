//! The wire between services, seen from outside.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod json;
mod vectors;
