//! Figures as Prometheus and all that reads OpenMetrics take them.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

use super::samples::Sample;
use super::{Kind, Registry, Samples, catalogue};

/// What the text is, for the header of an answer.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

impl Registry {
    /// All figures as text.
    pub fn to_text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        let mut registry = prometheus_client::registry::Registry::default();
        registry.register_collector(Box::new(self.measure()));
        prometheus_client::encoding::text::encode(&mut text, &registry)?;
        Ok(text)
    }
}

impl Collector for Samples {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for metric in catalogue::ALL {
            let mut samples = self.of(metric.name).peekable();
            if samples.peek().is_none() {
                continue;
            }
            let (name, kind) = match metric.kind {
                Kind::Gauge => (metric.name, MetricType::Gauge),
                // The encoder puts the ending there.
                Kind::Counter => (metric.name.trim_end_matches("_total"), MetricType::Counter),
                Kind::Durations => (metric.name, MetricType::Histogram),
            };
            let mut family = encoder.encode_descriptor(name, metric.help, None, kind)?;
            for (labels, sample) in samples {
                if labels.is_empty() {
                    encode(&mut family, metric.kind, sample)?;
                } else {
                    let labels: Vec<_> = metric
                        .labels
                        .iter()
                        .zip(labels)
                        .map(|(name, value)| (*name, value.as_str()))
                        .collect();
                    encode(&mut family.encode_family(&labels)?, metric.kind, sample)?;
                }
            }
        }
        Ok(())
    }
}

fn encode(encoder: &mut MetricEncoder<'_>, kind: Kind, sample: Sample) -> Result<(), fmt::Error> {
    match sample {
        Sample::Value(value) if kind == Kind::Counter => {
            encoder.encode_counter::<NoLabelSet, _, u64>(&value, None)
        }
        Sample::Value(value) => encoder.encode_gauge(&value),
        Sample::Durations(durations) => {
            let classes: Vec<_> = durations.classes().collect();
            let total = durations.total().as_secs_f64();
            encoder.encode_histogram::<NoLabelSet>(total, durations.count(), &classes, None)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::catalogue::{BLOB_BYTES, BLOB_SERVE_TIME, CHAIN_RPC_HEALTHY};
    use super::super::{DurationCounter, Source};
    use super::*;

    struct Part;

    impl Source for Part {
        fn measure(&self, samples: &mut Samples) {
            samples.put(&BLOB_BYTES, [], 7.0);
            samples.put(&CHAIN_RPC_HEALTHY, ["relay", "ws://\"a\"\n"], 0.0);
            samples.put(&CHAIN_RPC_HEALTHY, ["relay", "ws://\"a\"\n"], 1.0);
            let counter = DurationCounter::default();
            for millis in [1, 2, 20_000] {
                counter.add(Duration::from_millis(millis));
            }
            samples.put_durations(&BLOB_SERVE_TIME, [], counter.read());
        }
    }

    #[test]
    fn text_is_as_prometheus_reads_it() {
        let registry = Registry::new("data-provider", "1.2.3");
        registry.register(Part);
        let expected = r#"# HELP prb_build_info Always 1: which service runs, in which version
# TYPE prb_build_info gauge
prb_build_info{service="data-provider",version="1.2.3"} 1.0
# HELP prb_up Always 1: the service answers
# TYPE prb_up gauge
prb_up{service="data-provider"} 1.0
# HELP prb_ready 1 while nothing keeps the service from its work, else 0
# TYPE prb_ready gauge
prb_ready{service="data-provider"} 1.0
# HELP prb_chain_rpc_healthy 1 while a node of the chain is asked without reserve, else 0
# TYPE prb_chain_rpc_healthy gauge
prb_chain_rpc_healthy{chain="relay",endpoint="ws://\"a\"\n"} 1.0
# HELP prb_blob_bytes Bytes of blobs served over TCP
# TYPE prb_blob_bytes counter
prb_blob_bytes_total 7.0
# HELP prb_blob_serve_seconds Time from a get's turn to its answer, of those that were not too early
# TYPE prb_blob_serve_seconds histogram
prb_blob_serve_seconds_sum 20.003
prb_blob_serve_seconds_count 3
prb_blob_serve_seconds_bucket{le="0.0001"} 0
prb_blob_serve_seconds_bucket{le="0.0003"} 0
prb_blob_serve_seconds_bucket{le="0.001"} 1
prb_blob_serve_seconds_bucket{le="0.003"} 2
prb_blob_serve_seconds_bucket{le="0.01"} 2
prb_blob_serve_seconds_bucket{le="0.03"} 2
prb_blob_serve_seconds_bucket{le="0.1"} 2
prb_blob_serve_seconds_bucket{le="0.3"} 2
prb_blob_serve_seconds_bucket{le="1.0"} 2
prb_blob_serve_seconds_bucket{le="3.0"} 2
prb_blob_serve_seconds_bucket{le="10.0"} 2
prb_blob_serve_seconds_bucket{le="+Inf"} 3
# EOF
"#;
        assert_eq!(registry.to_text().unwrap(), expected);
    }
}
