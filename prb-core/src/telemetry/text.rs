//! Figures as Prometheus and all that reads OpenMetrics take them.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

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
            };
            let mut family = encoder.encode_descriptor(name, metric.help, None, kind)?;
            for (labels, value) in samples {
                if labels.is_empty() {
                    encode(&mut family, metric.kind, value)?;
                } else {
                    let labels: Vec<_> = metric
                        .labels
                        .iter()
                        .zip(labels)
                        .map(|(name, value)| (*name, value.as_str()))
                        .collect();
                    encode(&mut family.encode_family(&labels)?, metric.kind, value)?;
                }
            }
        }
        Ok(())
    }
}

fn encode(encoder: &mut MetricEncoder<'_>, kind: Kind, value: f64) -> Result<(), fmt::Error> {
    match kind {
        Kind::Gauge => encoder.encode_gauge(&value),
        Kind::Counter => encoder.encode_counter::<NoLabelSet, _, u64>(&value, None),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Source;
    use super::super::catalogue::{BLOB_BYTES, CHAIN_RPC_HEALTHY};
    use super::*;

    struct Part;

    impl Source for Part {
        fn measure(&self, samples: &mut Samples) {
            samples.put(&BLOB_BYTES, [], 7.0);
            samples.put(&CHAIN_RPC_HEALTHY, ["relay", "ws://\"a\"\n"], 0.0);
            samples.put(&CHAIN_RPC_HEALTHY, ["relay", "ws://\"a\"\n"], 1.0);
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
# EOF
"#;
        assert_eq!(registry.to_text().unwrap(), expected);
    }
}
