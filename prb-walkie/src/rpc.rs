//! Calls between services: one service definition, two transports.
//!
//! The service generated from `proto/prb` is served over gRPC as it is. Over a peer's stream the
//! same generated service and client are carried by two small adapters, so neither transport
//! knows the methods.

mod channel;
mod dispatch;
mod error;
mod explicit;
mod frame;
pub mod json;
mod method;
pub mod openapi;
mod own;
mod requests;
mod service;
pub mod status;
pub(crate) mod wrapper;

pub use channel::PeerChannel;
pub(crate) use dispatch::{call, dispatch, refuse, turn_away};
pub use error::CallError;
pub use method::{DESCRIPTORS, Method, SERVICE, message, method, methods};
pub(crate) use own::{Heard, Own};
pub use requests::{RequestCount, Requests};
pub(crate) use service::{Service, server};
