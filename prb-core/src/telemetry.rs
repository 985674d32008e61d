//! What a service tells whoever watches it: figures, and what keeps it from its work.
//!
//! Every part that can be watched is a [`Source`]; a [`Registry`] holds those of one process. All
//! is read when it is asked for, from the status that the parts keep anyway: nothing is counted
//! twice, and watching costs nothing while nobody looks. The figures there are stand in one
//! [catalogue](catalogue::ALL).

pub mod catalogue;
mod durations;
mod metric;
mod registry;
mod samples;
#[cfg(feature = "metrics")]
mod text;

pub use durations::{DurationCounter, Durations};
pub use metric::{Description, Kind, Metric};
pub use registry::{Obstacle, Registry, Source};
pub use samples::Samples;
#[cfg(feature = "metrics")]
pub use text::CONTENT_TYPE;
