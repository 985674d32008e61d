//! Rules by which Prometheus calls somebody, each with what to do then.

use std::fmt::Write;

use serde_json::json;

/// One rule.
struct Alert {
    name: &'static str,
    /// What must hold, in Prometheus's language.
    when: &'static str,
    /// For how long.
    lasting: &'static str,
    severity: Severity,
    /// What is wrong, in a line.
    summary: &'static str,
    /// What to do about it.
    remedy: &'static str,
}

/// How soon somebody must look.
#[derive(Clone, Copy)]
enum Severity {
    /// Now: workers lose what they would earn.
    Critical,
    /// Today.
    Warning,
}

impl Severity {
    fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
        }
    }
}

/// Few enough that each is looked at.
const ALERTS: &[Alert] = &[
    Alert {
        name: "PrbDown",
        when: r#"up{job="prb"} == 0"#,
        lasting: "2m",
        severity: Severity::Critical,
        summary: "{{ $labels.instance }} does not answer",
        remedy: "See whether the service runs (systemctl status 'prb-*', docker compose ps) and what it said last.",
    },
    Alert {
        name: "PrbNotReady",
        when: "prb_ready == 0",
        lasting: "15m",
        severity: Severity::Warning,
        summary: "{{ $labels.service }} at {{ $labels.instance }} cannot do its work",
        remedy: "Ask it why: curl http://{{ $labels.instance }}/readyz. A data provider that catches up for the first time is not ready for hours.",
    },
    Alert {
        name: "PrbNoFinalizedBlock",
        when: r#"changes(prb_chain_height{kind="finalized"}[5m]) == 0"#,
        lasting: "1m",
        severity: Severity::Critical,
        summary: "No finalized block of the {{ $labels.chain }} chain for five minutes",
        remedy: "Compare with a public explorer. If the network goes on, the nodes do not: restart them, or give the data provider another one.",
    },
    Alert {
        name: "PrbNodeUnwell",
        when: "prb_chain_rpc_healthy == 0",
        lasting: "10m",
        severity: Severity::Warning,
        summary: "The {{ $labels.chain }} node {{ $labels.endpoint }} is unwell",
        remedy: "See in /readyz and in the log whether it is away, behind its peers or of another chain. With a second endpoint the bridge goes on meanwhile.",
    },
    Alert {
        name: "PrbNodeWrong",
        when: "increase(prb_chain_rpc_refused_total[1h]) > 0",
        lasting: "0m",
        severity: Severity::Warning,
        summary: "The {{ $labels.chain }} node {{ $labels.endpoint }} gave something that does not verify",
        remedy: "Nothing wrong was stored. Look for the block in the data provider's log, and replace a node that does it again: its database may be damaged.",
    },
    Alert {
        name: "PrbProviderStalled",
        when: "prb_provider_stalled_seconds > 600",
        lasting: "1m",
        severity: Severity::Critical,
        summary: "The data provider's {{ $labels.stage }} has not gone on for ten minutes",
        remedy: "/readyz and the log name the block, the node and the reason. State already discarded means that an archive node is needed.",
    },
    Alert {
        name: "PrbStoreFull",
        when: "prb_store_free_bytes / prb_store_disk_bytes < 0.1",
        lasting: "10m",
        severity: Severity::Warning,
        summary: "Less than a tenth of the disk under the data provider's store is free",
        remedy: "Enlarge it, or move sealed chunks into a bucket (--bucket). A full disk stops ingestion; what is stored is still served.",
    },
    Alert {
        name: "PrbTaskRestarts",
        when: "increase(prb_task_restarts_total[1h]) > 3",
        lasting: "0m",
        severity: Severity::Warning,
        summary: "The task {{ $labels.task }} failed and began anew more than three times in an hour",
        remedy: "Report it with the log around each restart.",
    },
    Alert {
        name: "PrbNoDataProvider",
        when: r#"prb_walkie_peers{role="data-provider"} == 0 and on (instance) prb_up{service="lifecycle"}"#,
        lasting: "5m",
        severity: Severity::Critical,
        summary: "The lifecycle manager at {{ $labels.instance }} knows no data provider",
        remedy: "Workers stand still. See that one runs in the same namespace (--bridge-identity) and chain, and name it with --boot-node where multicast does not reach.",
    },
    Alert {
        name: "PrbWorkerUnwell",
        when: "prb_worker_healthy == 0",
        lasting: "10m",
        severity: Severity::Critical,
        summary: "Worker {{ $labels.worker }} needs attention",
        remedy: "prb worker explain {{ $labels.worker }} says what is missing until it earns, and what to do.",
    },
    Alert {
        name: "PrbWorkerNotComputing",
        when: r#"prb_worker_state{state=~"synced|preparing"} == 1"#,
        lasting: "30m",
        severity: Severity::Warning,
        summary: "Worker {{ $labels.worker }} is in sync and does not compute",
        remedy: "prb worker explain {{ $labels.worker }}: often the pool has too little free stake, or the operator cannot pay.",
    },
    Alert {
        name: "PrbWorkerBehind",
        when: "prb_worker_lag_blocks > 50 and deriv(prb_worker_lag_blocks[10m]) >= 0",
        lasting: "10m",
        severity: Severity::Critical,
        summary: "Worker {{ $labels.worker }} is {{ $value }} blocks behind and does not catch up",
        remedy: "prb worker status shows its last message. Many at once: look at the data provider and the network; one alone: at its machine.",
    },
    Alert {
        name: "PrbWorkerSilent",
        when: "time() - prb_worker_last_success_timestamp_seconds > 600 and on (instance, worker) prb_worker_healthy",
        lasting: "1m",
        severity: Severity::Critical,
        summary: "Worker {{ $labels.worker }} has said nothing for ten minutes",
        remedy: "See that its machine runs and that its endpoint can be reached from the lifecycle manager; then prb worker restart {{ $labels.worker }}.",
    },
    Alert {
        name: "PrbJobsWait",
        when: "prb_tx_oldest_seconds > 600",
        lasting: "1m",
        severity: Severity::Critical,
        summary: "A job of {{ $labels.account }} has waited for more than ten minutes",
        remedy: "prb trader accounts shows why nothing is sent; prb queue list active shows what waits. Heartbeats among it expire.",
    },
    Alert {
        name: "PrbJobsPileUp",
        when: r#"prb_tx_queue_depth{state="waiting"} > 1000"#,
        lasting: "10m",
        severity: Severity::Warning,
        summary: "{{ $value }} jobs wait in the queue",
        remedy: "See that the trader is ready and that its node takes extrinsics; one trader signs some hundred calls in a block.",
    },
    Alert {
        name: "PrbJobsFail",
        when: r#"increase(prb_tx_total{result="failed"}[15m]) > 0"#,
        lasting: "0m",
        severity: Severity::Warning,
        summary: "Jobs failed for good",
        remedy: "prb queue list failed, or the queue page, says which call was refused and why; prb queue retry ID asks for it again.",
    },
    Alert {
        name: "PrbAccountInDoubt",
        when: "prb_tx_settling == 1",
        lasting: "15m",
        severity: Severity::Critical,
        summary: "{{ $labels.account }} sends nothing until it is known what became of earlier extrinsics",
        remedy: "It ends by itself once the longest era has passed (some minutes). If it does not, somebody else signs with this account: look for it.",
    },
    Alert {
        name: "PrbBalanceLow",
        when: "prb_operator_balance_low == 1",
        lasting: "0m",
        severity: Severity::Warning,
        summary: "{{ $labels.account }} can soon not pay for extrinsics",
        remedy: "Send it some tokens. Without them workers are not registered and heartbeats not sent.",
    },
];

/// All of them as Prometheus reads them.
pub(super) fn rules() -> String {
    let mut text = String::from(
        "# Made by `prb metrics alerts`; change them there.\ngroups:\n  - name: prb\n    rules:\n",
    );
    for Alert { name, when, lasting, severity, summary, remedy } in ALERTS {
        let severity = severity.name();
        let (when, summary, remedy) = (quoted(when), quoted(summary), quoted(remedy));
        // Writing into a string cannot fail.
        let _ = write!(
            text,
            "      - alert: {name}\n        expr: {when}\n        for: {lasting}\n        \
             labels:\n          severity: {severity}\n        annotations:\n          \
             summary: {summary}\n          description: {remedy}\n"
        );
    }
    text
}

/// All of them as a table in Markdown.
pub(super) fn table() -> String {
    let mut table = String::from(
        "| Alert | Severity | When, and for how long | What to do |\n|---|---|---|---|\n",
    );
    for Alert { name, when, lasting, severity, remedy, .. } in ALERTS {
        let (severity, when) = (severity.name(), when.replace('|', "\\|"));
        let remedy = remedy.replace("{{ $labels.", "").replace(" }}", "");
        let _ = writeln!(table, "| {name} | {severity} | `{when}`, {lasting} | {remedy} |");
    }
    table
}

/// All of them for programs.
pub(super) fn json() -> serde_json::Value {
    let told = |it: &Alert| {
        json!({
            "name": it.name,
            "severity": it.severity.name(),
            "when": it.when,
            "lasting": it.lasting,
            "summary": it.summary,
            "remedy": it.remedy,
        })
    };
    json!({ "alerts": ALERTS.iter().map(told).collect::<Vec<_>>() })
}

/// A string in double quotes: what JSON writes is what YAML reads.
fn quoted(text: &str) -> serde_json::Value {
    serde_json::Value::from(text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use prb_core::telemetry::catalogue::ALL;

    use super::*;

    /// The figures that an expression names, each with what stands in braces after it.
    fn named(when: &str) -> Vec<(String, String)> {
        let starts = when.match_indices("prb_").map(|(at, _)| at);
        let figure = |at: usize| {
            let text = &when[at..];
            let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let (name, rest) = text.split_at(end.unwrap_or(text.len()));
            let braces = rest.strip_prefix('{').and_then(|rest| rest.split_once('}'));
            (name.to_owned(), braces.map_or(String::new(), |(inner, _)| inner.to_owned()))
        };
        starts.map(figure).collect()
    }

    #[test]
    fn rules_name_figures_and_labels_that_there_are() {
        let known: BTreeMap<_, _> = ALL.iter().map(|it| (it.name, it.labels)).collect();
        for Alert { name, when, summary, remedy, .. } in ALERTS {
            let mut labels = vec!["instance", "job"];
            for (figure, matchers) in named(when) {
                let of = known.get(figure.as_str());
                let of = of.unwrap_or_else(|| panic!("{name}: there is no {figure}"));
                for matcher in matchers.split(',').filter(|it| !it.is_empty()) {
                    let label = matcher.split(['=', '!', '~']).next().unwrap();
                    assert!(of.contains(&label), "{name}: {figure} has no label {label}");
                }
                labels.extend(*of);
            }
            for (at, before) in [*summary, *remedy].join(" ").match_indices("$labels.") {
                let texts = [*summary, *remedy].join(" ");
                let label = texts[at + before.len()..].split(' ').next().unwrap();
                assert!(labels.contains(&label), "{name}: no label {label}");
            }
        }
    }
}
