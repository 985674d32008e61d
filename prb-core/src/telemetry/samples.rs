//! What was read, figure by figure.

use std::collections::BTreeMap;

use super::metric::Metric;

/// Figures as they are read from the sources of a process.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    /// By the figure's name, then by the values of its labels.
    taken: BTreeMap<&'static str, BTreeMap<Vec<String>, f64>>,
}

impl Samples {
    /// Takes a value under these values of the labels. The last one counts.
    pub fn put<const N: usize>(&mut self, metric: &Metric<N>, labels: [&str; N], value: f64) {
        let labels = labels.map(str::to_owned).into();
        self.taken.entry(metric.name).or_default().insert(labels, value);
    }

    /// The value taken under these values of the labels.
    pub fn get<const N: usize>(&self, metric: &Metric<N>, labels: [&str; N]) -> Option<f64> {
        self.taken.get(metric.name)?.get(labels.map(str::to_owned).as_slice()).copied()
    }

    /// All values of a figure, each under the values of its labels.
    #[cfg(feature = "metrics")]
    pub(super) fn of(&self, name: &str) -> impl Iterator<Item = (&[String], f64)> {
        let values = self.taken.get(name).into_iter().flatten();
        values.map(|(labels, value)| (labels.as_slice(), *value))
    }
}
