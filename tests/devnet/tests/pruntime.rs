//! The pRuntime double over HTTP: recorded answers of real verification code, corruptions of good
//! material, the API's manners, and the worker's life.

#[path = "pruntime/client.rs"]
mod client;
#[path = "pruntime/vectors.rs"]
mod vectors;
