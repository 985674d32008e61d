//! What is checked before anything of a chain is believed. Pure: no function here does I/O.

pub mod authorities;
pub mod headers;
pub mod justification;
pub mod para_state;
pub mod partial_state;
pub mod segment;
pub mod storage_proof;
