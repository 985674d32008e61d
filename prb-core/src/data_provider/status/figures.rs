//! A data provider's status as figures.

use std::time::SystemTime;

use super::{ChainStatus, Disk, ProviderStatus, Stage};
use crate::telemetry::Samples;
use crate::telemetry::catalogue::{
    BLOB_HEIGHT, CHAIN_HEIGHT, PROVIDER_FAILURES, PROVIDER_LAST_STORED, PROVIDER_RATE,
    PROVIDER_REFUSED, PROVIDER_REPAIRED, PROVIDER_SECONDS_TO_TARGET, PROVIDER_STALLED, STORE_BYTES,
    STORE_CHUNKS, STORE_DISK_BYTES, STORE_FREE_BYTES, TASK_RESTARTS,
};

const RELAY: &str = "relay";
const PARA: &str = "para";

impl ProviderStatus {
    /// Puts its figures with the others.
    pub fn measure(&self, now: SystemTime, samples: &mut Samples) {
        let info = &self.info;
        for (chain, rate, heights) in [
            (
                RELAY,
                info.parent_rate,
                [
                    info.parent_target,
                    info.parent_fetched_height,
                    info.parent_processed_height,
                    info.parent_committed_height,
                ],
            ),
            (
                PARA,
                info.para_rate,
                [
                    info.para_target,
                    info.para_fetched_height,
                    info.para_processed_height,
                    info.para_committed_height,
                ],
            ),
        ] {
            let [target, fetched, verified, stored] = heights.map(f64::from);
            // -1 is how Info says that nothing is known.
            if target >= 0.0 {
                samples.put(&CHAIN_HEIGHT, [chain, "finalized"], target);
            }
            for (kind, height) in [("fetched", fetched), ("verified", verified), ("stored", stored)]
            {
                if height >= 0.0 {
                    samples.put(&BLOB_HEIGHT, [chain, kind], height);
                }
            }
            samples.put(&PROVIDER_RATE, [chain], rate);
        }
        if let Some(seconds) = info.seconds_to_target {
            samples.put(&PROVIDER_SECONDS_TO_TARGET, [], seconds);
        }
        self.relay.measure(RELAY, samples);
        self.para.measure(PARA, samples);
        for stage in Stage::ALL {
            let since = self.problems.get(&stage).map(|problem| problem.since);
            let stalled = since.and_then(|since| now.duration_since(since).ok());
            let failures = self.failures.get(&stage).copied().unwrap_or(0);
            samples.put(
                &PROVIDER_STALLED,
                [stage.name()],
                stalled.unwrap_or_default().as_secs_f64(),
            );
            samples.put(&PROVIDER_FAILURES, [stage.name()], failures as f64);
        }
        samples.put(&TASK_RESTARTS, ["ingest"], self.restarts as f64);
        samples.put(&PROVIDER_REFUSED, [], self.refused as f64);
        samples.put(&PROVIDER_REPAIRED, [], self.repaired as f64);
        for kind in &self.store {
            samples.put(&STORE_BYTES, [kind.kind], kind.bytes as f64);
            samples.put(&STORE_CHUNKS, [kind.kind], kind.chunks as f64);
        }
        if let Some(Disk { free, size }) = self.disk {
            samples.put(&STORE_FREE_BYTES, [], free as f64);
            samples.put(&STORE_DISK_BYTES, [], size as f64);
        }
    }
}

impl ChainStatus {
    fn measure(&self, chain: &str, samples: &mut Samples) {
        if let Some(age) =
            self.last_stored.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok())
        {
            samples.put(&PROVIDER_LAST_STORED, [chain], age.as_secs_f64());
        }
        crate::chain::figures::measure(chain, &self.endpoints, samples);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use prb_walkie::proto::data_provider::Info;

    use super::super::Problem;
    use super::*;
    use crate::chain::EndpointHealth;
    use crate::telemetry::catalogue::{CHAIN_RPC_HEALTHY, CHAIN_RPC_HEIGHT, CHAIN_RPC_REQUESTS};

    #[test]
    fn what_is_not_known_is_left_out_and_nodes_that_look_alike_are_told_apart() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(100);
        let mut status = ProviderStatus {
            info: Info {
                parent_target: 7,
                parent_committed_height: 5,
                para_committed_height: -1,
                ..Info::default()
            },
            ..ProviderStatus::default()
        };
        let node = |calls| EndpointHealth {
            endpoint: "wss://rpc.example/…".to_owned(),
            reachable: Some(true),
            calls,
            ..EndpointHealth::default()
        };
        status.relay.endpoints = vec![node(3), node(4)];
        let since = now - Duration::from_secs(30);
        status
            .problems
            .insert(Stage::Blocks, Problem { reason: String::new(), since, attempts: 1 });
        let mut samples = Samples::default();
        status.measure(now, &mut samples);
        assert_eq!(samples.get(&BLOB_HEIGHT, [RELAY, "stored"]), Some(5.0));
        assert_eq!(samples.get(&BLOB_HEIGHT, [PARA, "stored"]), None);
        assert_eq!(samples.get(&CHAIN_RPC_HEIGHT, [RELAY, "wss://rpc.example/…"]), None);
        for (name, calls) in [("wss://rpc.example/…", 3.0), ("wss://rpc.example/… #2", 4.0)] {
            assert_eq!(samples.get(&CHAIN_RPC_REQUESTS, [RELAY, name]), Some(calls));
            assert_eq!(samples.get(&CHAIN_RPC_HEALTHY, [RELAY, name]), Some(1.0));
        }
        assert_eq!(samples.get(&PROVIDER_STALLED, ["blocks"]), Some(30.0));
        assert_eq!(samples.get(&PROVIDER_STALLED, ["relay"]), Some(0.0));
        assert_eq!(samples.get(&PROVIDER_SECONDS_TO_TARGET, []), None);
    }
}
