//! The wire between the services of a Runtime Bridge.
//!
//! [`proto`] holds the messages every service speaks.

#![forbid(unsafe_code)]

pub mod proto;
