//! Every figure there is, by name.

use super::metric::{Description, Kind, Metric};

/// Makes a constant of each figure, and the list of all.
macro_rules! catalogue {
    ($($constant:ident = $kind:ident $name:literal [$($label:literal),*] $help:literal;)*) => {
        $(
            #[doc = concat!("`", $name, "`: ", $help, ".")]
            pub static $constant: Metric<{ <[&str]>::len(&[$($label),*]) }> = Metric {
                name: $name,
                kind: Kind::$kind,
                labels: [$($label),*],
                help: $help,
            };
        )*

        /// All of them, in the order in which they are shown.
        pub static ALL: &[Description] = &[$($constant.describe()),*];
    };
}

catalogue! {
    BUILD_INFO = Gauge "prb_build_info" ["service", "version"]
        "Always 1: which service runs, in which version";
    UP = Gauge "prb_up" ["service"]
        "Always 1: the service answers";
    READY = Gauge "prb_ready" ["service"]
        "1 while nothing keeps the service from its work, else 0";

    CHAIN_HEIGHT = Gauge "prb_chain_height" ["chain", "kind"]
        "Height of a chain as its nodes tell it";
    CHAIN_RPC_HEALTHY = Gauge "prb_chain_rpc_healthy" ["chain", "endpoint"]
        "1 while a node of the chain is asked without reserve, else 0";
    CHAIN_RPC_HEIGHT = Gauge "prb_chain_rpc_height" ["chain", "endpoint"]
        "Newest finalized block of a node";
    CHAIN_RPC_LATENCY = Gauge "prb_chain_rpc_latency_seconds" ["chain", "endpoint"]
        "How long a node takes to answer what costs it nothing";
    CHAIN_RPC_REQUESTS = Counter "prb_chain_rpc_requests_total" ["chain", "endpoint"]
        "Requests to a node";
    CHAIN_RPC_FAILURES = Counter "prb_chain_rpc_failures_total" ["chain", "endpoint"]
        "Requests that a node did not answer";
    CHAIN_RPC_REFUSED = Counter "prb_chain_rpc_refused_total" ["chain", "endpoint"]
        "Answers of a node that were wrong";
    CHAIN_RECONNECTS = Counter "prb_chain_reconnects_total" ["chain", "endpoint"]
        "Connections to a node that were made anew";
    CHAIN_RPC_BYTES = Counter "prb_chain_rpc_bytes_total" ["chain", "endpoint"]
        "Bytes of JSON in a node's answers";

    PROVIDER_STALLED = Gauge "prb_provider_stalled_seconds" ["stage"]
        "How long a stage of the data provider has not gone on, 0 while it does";
    PROVIDER_FAILURES = Counter "prb_provider_failures_total" ["stage"]
        "Attempts of a stage of the data provider that failed";
    TASK_RESTARTS = Counter "prb_task_restarts_total" ["task"]
        "Times that a task began anew because it failed";
    PROVIDER_REFUSED = Counter "prb_provider_refused_total" []
        "Answers of nodes that the data provider refused as wrong";
    PROVIDER_REPAIRED = Counter "prb_provider_repaired_total" []
        "Blocks fetched anew because a worker could not use them";
    PROVIDER_RATE = Gauge "prb_provider_blocks_per_second" ["chain"]
        "Blocks stored per second over the last minute";
    PROVIDER_SECONDS_TO_TARGET = Gauge "prb_provider_seconds_to_target" []
        "Time until all that is final is stored, absent where that is not known";
    PROVIDER_LAST_STORED = Gauge "prb_provider_last_stored_timestamp_seconds" ["chain"]
        "When a block of the chain was last stored, in seconds since 1970";

    STORE_BYTES = Gauge "prb_store_bytes" ["kind"]
        "Bytes of sealed chunks";
    STORE_CHUNKS = Gauge "prb_store_chunks" ["kind"]
        "Sealed chunks";
    STORE_DISK_BYTES = Gauge "prb_store_disk_bytes" []
        "Size of the file system that the store's folder is on";
    STORE_FREE_BYTES = Gauge "prb_store_free_bytes" []
        "Room left on it";

    BLOB_HEIGHT = Gauge "prb_blob_height" ["chain", "kind"]
        "Height up to which blocks are fetched, verified and stored";
    BLOB_BYTES = Counter "prb_blob_bytes_total" []
        "Bytes of blobs served over TCP";
    BLOB_ANSWERS = Counter "prb_blob_answers_total" []
        "Gets answered over TCP";
    BLOB_EMPTY_ANSWERS = Counter "prb_blob_empty_answers_total" ["reason"]
        "Gets answered over TCP with nothing, as there is nothing or the store failed";
    BLOB_SERVE_TIME = Durations "prb_blob_serve_seconds" []
        "Time from a get's turn to its answer, of those that were not too early";
    BLOB_CONNECTIONS = Gauge "prb_blob_connections" []
        "Open connections of the blob server";
    BLOB_CONNECTIONS_CUT = Counter "prb_blob_connections_cut_total" ["reason"]
        "Connections that the blob server closed";
    BLOB_UNSENT_BYTES = Gauge "prb_blob_unsent_bytes" []
        "Bytes of answers that nobody has taken yet";

    LIFECYCLE_HEIGHT = Gauge "prb_lifecycle_height" ["kind"]
        "Height up to which workers can be fed, and at which they are judged";
    WORKERS = Gauge "prb_workers" ["state"]
        "Workers, by where they stand";
    WORKER_STATE = Gauge "prb_worker_state" ["worker", "pool", "state"]
        "Always 1: where a worker stands";
    WORKER_STATE_SINCE = Gauge "prb_worker_state_since_timestamp_seconds" ["worker"]
        "Since when a worker stands there, in seconds since 1970";
    WORKER_HEALTHY = Gauge "prb_worker_healthy" ["worker"]
        "1 while a worker needs nobody's attention, else 0; absent while it is left alone";
    WORKER_HEIGHT = Gauge "prb_worker_height" ["worker", "kind"]
        "Last block of each kind that a worker accepted";
    WORKER_LAG = Gauge "prb_worker_lag_blocks" ["worker"]
        "Parachain blocks between a worker and what it can be fed";
    WORKER_LAST_SUCCESS = Gauge "prb_worker_last_success_timestamp_seconds" ["worker"]
        "When a worker last told how it is or accepted something, in seconds since 1970";
    WORKER_FAILURES = Counter "prb_worker_failures_total" ["cause"]
        "Attempts at something for a worker that failed, all workers together";
    WORKER_MESSAGES = Counter "prb_worker_messages_total" []
        "Messages of workers that were put into the queue";
    WORKER_JOBS = Counter "prb_worker_jobs_total" ["action"]
        "Jobs that were put into the queue for workers";
    WORKER_RESTARTS = Counter "prb_worker_restarts_total" []
        "Workers that operators began anew with";

    TX_QUEUE = Gauge "prb_tx_queue_depth" ["state"]
        "Jobs in the queue, by state, as a trader last counted them";
    TX_PENDING = Gauge "prb_tx_pending" ["account"]
        "Jobs that a trader took and that are in no extrinsic yet";
    TX_IN_FLIGHT = Gauge "prb_tx_in_flight" ["account"]
        "Extrinsics that are sent and not final";
    TX_OLDEST = Gauge "prb_tx_oldest_seconds" ["account"]
        "How long a trader has had the oldest job that has not ended, 0 without any";
    TX_SETTLING = Gauge "prb_tx_settling" ["account"]
        "1 while nothing new is sent until it is known what became of earlier extrinsics, else 0";
    TX_JOBS = Counter "prb_tx_total" ["result", "class"]
        "Jobs that ended, and tries that are repeated";
    TX_SECONDS = Counter "prb_tx_seconds_total" []
        "How long the jobs that ended were with the trader, added up";
    TX_EXTRINSICS = Counter "prb_tx_extrinsics_total" ["result"]
        "Extrinsics given to nodes, by what these said";
    TX_NONCE_RESYNCS = Counter "prb_tx_nonce_resync_total" []
        "Times that an account had to find out what became of its extrinsics";
    TRADER_HEIGHT = Gauge "prb_trader_height" []
        "Newest finalized block in which a trader looks for what it sent";
    OPERATOR_BALANCE = Gauge "prb_operator_balance" ["account"]
        "Free balance of a signing account at the newest finalized block, in PHA";
    OPERATOR_BALANCE_LOW = Gauge "prb_operator_balance_low" ["account"]
        "1 while a signing account has less than the trader's limit, else 0";

    WALKIE_PEERS = Gauge "prb_walkie_peers" ["role"]
        "Peers that are known, by what they are";
    WALKIE_REQUESTS = Counter "prb_walkie_requests_total" ["method", "outcome"]
        "Requests of peers and gRPC clients that were answered, by how that ended";
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_name(text: &str) -> bool {
        let mut bytes = text.bytes();
        bytes.next().is_some_and(|first| first.is_ascii_lowercase())
            && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    }

    #[test]
    fn names_are_those_that_prometheus_takes_and_say_what_may_fall() {
        let mut names: Vec<_> = ALL.iter().map(|metric| metric.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len(), "a name stands twice");
        for metric in ALL {
            assert!(metric.name.starts_with("prb_") && is_name(metric.name), "{}", metric.name);
            assert_eq!(metric.name.ends_with("_total"), metric.kind == Kind::Counter, "{metric:?}");
            let takes_time = metric.kind == Kind::Durations;
            assert!(!takes_time || metric.name.ends_with("_seconds"), "{metric:?}");
            assert!(metric.labels.iter().all(|label| is_name(label)), "{metric:?}");
            assert!(!metric.help.is_empty() && !metric.help.ends_with('.'), "{metric:?}");
        }
    }

    #[test]
    fn all_are_as_checked_in() {
        let lines = ALL.iter().map(|Description { name, kind, labels, help }| {
            format!("{name} {kind:?} [{}] {help}\n", labels.join(", "))
        });
        let lines: String = lines.collect();
        assert_eq!(lines, include_str!("catalogue.txt"), "{lines}");
    }
}
