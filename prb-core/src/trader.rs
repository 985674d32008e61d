//! The trader: takes jobs from the queue, batches and signs them, submits the extrinsics, and
//! reports what became of each call.

pub mod batch;
pub mod calls;
pub mod era;
pub mod events;
pub mod extrinsic;
mod message;
pub mod operator;
pub mod outcome;
pub mod runtime;
#[cfg(test)]
mod tests;
