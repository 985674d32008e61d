//! What a service tells whoever watches it: figures, and what keeps it from its work.
//!
//! Every part that can be watched is a [`Source`]; a [`Registry`] holds those of one process. All
//! is read when it is asked for, from the status that the parts keep anyway: nothing is counted
//! twice, and watching costs nothing while nobody looks. The figures there are stand in one
//! [catalogue](catalogue::ALL).
//!
//! ```
//! use prb_core::telemetry::catalogue::{READY, STORE_FREE_BYTES};
//! use prb_core::telemetry::{Obstacle, Registry, Samples, Source};
//!
//! struct Disk {
//!     free: u32,
//! }
//!
//! impl Source for Disk {
//!     fn measure(&self, samples: &mut Samples) {
//!         samples.put(&STORE_FREE_BYTES, [], self.free.into());
//!     }
//!
//!     fn obstacles(&self) -> Vec<Obstacle> {
//!         let (part, reason) = ("disk".to_owned(), "it is full".to_owned());
//!         let full = Obstacle { part, reason, since: None };
//!         if self.free == 0 { vec![full] } else { Vec::new() }
//!     }
//! }
//!
//! let registry = Registry::new("my-tool", "1.0.0");
//! registry.register(Disk { free: 0 });
//! assert_eq!(registry.obstacles()[0].reason, "it is full");
//! assert_eq!(registry.measure().get(&READY, ["my-tool"]), Some(0.0));
//! ```

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
