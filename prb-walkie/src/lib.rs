//! The wire between the services of a Runtime Bridge.
//!
//! [`proto`] holds the messages every service speaks. With feature `net` (on by default) there is
//! also what carries them: [`node`] is a service's place among its peers, [`discovery`] how it
//! finds them, [`rpc`] how calls travel, [`access`] who may call what, and [`grpc`] the same
//! service for everybody else.

#![forbid(unsafe_code)]

pub mod proto;

#[cfg(feature = "net")]
pub mod rpc;
