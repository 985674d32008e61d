//! What was read, figure by figure.

use super::metric::Metric;

/// Figures as they are read from the sources of a process.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    pub(super) taken: Vec<Sample>,
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sample {
    pub(super) name: &'static str,
    /// Values of the labels, by their names.
    pub(super) labels: Vec<(&'static str, String)>,
    pub(super) value: f64,
}

impl Samples {
    /// Takes a value under these values of the labels. The last one counts.
    pub fn put<const N: usize>(&mut self, metric: &Metric<N>, labels: [&str; N], value: f64) {
        let labels = metric.labels.into_iter().zip(labels.map(str::to_owned)).collect();
        self.taken.retain(|sample| (sample.name, &sample.labels) != (metric.name, &labels));
        self.taken.push(Sample { name: metric.name, labels, value });
    }

    /// The value taken under these values of the labels.
    pub fn get<const N: usize>(&self, metric: &Metric<N>, labels: [&str; N]) -> Option<f64> {
        let found = self.taken.iter().find(|sample| {
            sample.name == metric.name
                && sample.labels.iter().map(|(_, value)| value.as_str()).eq(labels)
        });
        found.map(|sample| sample.value)
    }
}
