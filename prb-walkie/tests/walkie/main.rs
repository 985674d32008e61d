//! The wire between services, seen from outside.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod abuse;
mod access;
mod calls;
mod discovery;
mod fixture;
mod grpc;
mod hostile;
mod interop;
mod json;
mod namespaces;
mod numbers;
mod processes;
mod stranger;
mod vectors;
