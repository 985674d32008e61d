//! The wire between the services of a Runtime Bridge.
//!
//! [`proto`] holds the messages every service speaks, [`identity`] the key a service is known by.
#![cfg_attr(
    feature = "net",
    doc = "
With feature `net` (on by default) there is also what carries them: [`node`] is a service's place
among its peers, [`discovery`] how it finds them, [`rpc`] how calls travel, [`access`] who may
call what, and [`grpc`] the same service for everybody else."
)]
#![forbid(unsafe_code)]

pub mod identity;
pub mod proto;

#[cfg(feature = "net")]
pub mod access;
#[cfg(feature = "net")]
pub mod discovery;
#[cfg(feature = "net")]
pub mod grpc;
#[cfg(feature = "net")]
pub mod node;
#[cfg(feature = "net")]
pub mod rpc;

#[cfg(feature = "net")]
pub use libp2p::{Multiaddr, PeerId, multiaddr};
