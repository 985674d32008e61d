//! Pools and workers that are taken in many at once: what a file asks for, and what of it the
//! inventory lacks. Nothing here reads a file or calls a manager.
//!
//! A file is read into [`WantedPool`]s and [`WantedWorker`]s, and [`pools`] or [`workers`] compare
//! them with the inventory. Carrying out the [`Difference`] makes the next one empty: importing
//! twice changes nothing, and what is not in the file stays as it is.

mod csv;
mod difference;
mod error;
mod json;
mod record;
#[cfg(test)]
mod tests;
mod wanted;

pub use self::csv::{pools_from_csv, workers_from_csv};
pub use difference::{Change, Difference, Update, pools, workers};
pub use error::{ImportError, Place};
pub use json::{pools_from_json, workers_from_json};
pub use wanted::{WantedPool, WantedWorker};
