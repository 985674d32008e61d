//! What was read, figure by figure.

use std::collections::BTreeMap;

use super::Durations;
use super::metric::Metric;

/// What was read of a figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Sample {
    Value(f64),
    Durations(Durations),
}

impl Sample {
    /// Of durations, how many there were.
    fn value(&self) -> f64 {
        match self {
            Self::Value(value) => *value,
            Self::Durations(durations) => durations.count() as f64,
        }
    }
}

/// Figures as they are read from the sources of a process.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    /// By the figure's name, then by the values of its labels.
    taken: BTreeMap<&'static str, BTreeMap<Vec<String>, Sample>>,
}

impl Samples {
    /// Takes a value under these values of the labels. The last one counts.
    pub fn put<const N: usize>(&mut self, metric: &Metric<N>, labels: [&str; N], value: f64) {
        self.take(metric, labels, Sample::Value(value));
    }

    /// Takes durations under these values of the labels. The last ones count.
    pub fn put_durations<const N: usize>(
        &mut self,
        metric: &Metric<N>,
        labels: [&str; N],
        durations: Durations,
    ) {
        self.take(metric, labels, Sample::Durations(durations));
    }

    fn take<const N: usize>(&mut self, metric: &Metric<N>, labels: [&str; N], sample: Sample) {
        let labels = labels.map(str::to_owned).into();
        self.taken.entry(metric.name).or_default().insert(labels, sample);
    }

    /// The value taken under these values of the labels; of durations, how many there were.
    pub fn get<const N: usize>(&self, metric: &Metric<N>, labels: [&str; N]) -> Option<f64> {
        let labels = labels.map(str::to_owned);
        self.taken.get(metric.name)?.get(labels.as_slice()).map(Sample::value)
    }

    /// All values of a figure, each under the values of its labels; of durations, how many there
    /// were.
    pub fn values(&self, name: &str) -> impl Iterator<Item = (&[String], f64)> {
        let samples = self.taken.get(name).into_iter().flatten();
        samples.map(|(labels, sample)| (labels.as_slice(), sample.value()))
    }

    /// All samples of a figure, each under the values of its labels.
    #[cfg(feature = "metrics")]
    pub(super) fn of(&self, name: &str) -> impl Iterator<Item = (&[String], Sample)> {
        let samples = self.taken.get(name).into_iter().flatten();
        samples.map(|(labels, sample)| (labels.as_slice(), *sample))
    }
}
