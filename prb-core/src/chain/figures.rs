//! The nodes of a chain as figures.

use super::EndpointHealth;
use crate::telemetry::Samples;
use crate::telemetry::catalogue::{
    CHAIN_RECONNECTS, CHAIN_RPC_BYTES, CHAIN_RPC_FAILURES, CHAIN_RPC_HEALTHY, CHAIN_RPC_HEIGHT,
    CHAIN_RPC_LATENCY, CHAIN_RPC_REFUSED, CHAIN_RPC_REQUESTS,
};

/// Puts the figures of a chain's nodes with the others.
pub(crate) fn measure(chain: &str, endpoints: &[EndpointHealth], samples: &mut Samples) {
    for (index, node) in endpoints.iter().enumerate() {
        // Addresses that differ in what is not shown look alike.
        let alike = endpoints[..index].iter().filter(|it| it.endpoint == node.endpoint);
        let name = match alike.count() {
            0 => node.endpoint.clone(),
            before => format!("{} #{}", node.endpoint, before + 1),
        };
        let labels = [chain, name.as_str()];
        let healthy = node.reachable == Some(true)
            && !node.other_chain
            && !node.resting
            && !node.distrusted
            && node.synced != Some(false);
        samples.put(&CHAIN_RPC_HEALTHY, labels, if healthy { 1.0 } else { 0.0 });
        if let Some(height) = node.finalized {
            samples.put(&CHAIN_RPC_HEIGHT, labels, f64::from(height));
        }
        if let Some(latency) = node.latency {
            samples.put(&CHAIN_RPC_LATENCY, labels, latency.as_secs_f64());
        }
        samples.put(&CHAIN_RPC_REQUESTS, labels, node.calls as f64);
        samples.put(&CHAIN_RPC_FAILURES, labels, node.failures as f64);
        samples.put(&CHAIN_RPC_REFUSED, labels, node.refused as f64);
        samples.put(&CHAIN_RECONNECTS, labels, node.reconnects as f64);
        samples.put(&CHAIN_RPC_BYTES, labels, node.bytes as f64);
    }
}
