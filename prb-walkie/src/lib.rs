//! The wire between the services of a Runtime Bridge.
//!
//! [`proto`] holds the messages every service speaks, [`identity`] the key a service is known by.

#![forbid(unsafe_code)]

pub mod identity;
pub mod proto;
