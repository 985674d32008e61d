//! Finding peers and keeping track of them.
//!
//! Peers are found by boot nodes, by multicast DNS in two dialects ([`local`] is the older one),
//! and through each other. Whoever is found is greeted; the answer says who it is, and
//! [`table::PeerTable`] decides what that makes it.

pub(crate) mod address;
pub mod backoff;
pub mod boot;
pub mod introduction;
pub mod local;
pub mod table;
