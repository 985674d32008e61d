//! What a figure is called and what it means.

/// Whether a figure may fall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is so now.
    Gauge,
    /// It has come to so much since the process began. Its name ends in `_total`.
    Counter,
    /// How long something took, time and again. Its name ends in `_seconds`.
    Durations,
}

/// A figure with `N` labels.
#[derive(Debug)]
pub struct Metric<const N: usize> {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) labels: [&'static str; N],
    pub(super) help: &'static str,
}

impl<const N: usize> Metric<N> {
    pub(super) const fn describe(&'static self) -> Description {
        let Self { name, kind, labels, help } = self;
        Description { name, kind: *kind, labels, help }
    }
}

/// A figure as documentation and dashboards are made from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Description {
    /// Its name; the unit is part of it.
    pub name: &'static str,
    /// Whether it may fall.
    pub kind: Kind,
    /// Names of its labels.
    pub labels: &'static [&'static str],
    /// What it says, without a full stop.
    pub help: &'static str,
}
