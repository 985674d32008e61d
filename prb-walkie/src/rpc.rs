//! Calls between services: one service definition, two transports.
//!
//! The service generated from `proto/prb` is served over gRPC as it is. Over a peer's stream the
//! same generated service and client are carried by two small adapters, so neither transport
//! knows the methods.

mod explicit;
mod frame;
pub mod json;
mod method;
pub mod status;

pub use method::{DESCRIPTORS, Method, SERVICE, message, method, methods};
