//! pRuntime's protobuf messages, generated from `proto/pruntime/phactory.proto`.
#![allow(missing_docs, clippy::pedantic)]

include!(concat!(env!("OUT_DIR"), "/pruntime.rs"));

/// The text of the protocol file, served at `/help`.
pub const PROTOCOL: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto/pruntime/phactory.proto"));
