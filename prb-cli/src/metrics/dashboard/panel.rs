//! One panel, and how a figure becomes one.

use prb_core::telemetry::{Description, Kind};
use serde_json::{Value, json};

use super::{WIDTH, grows};

/// Of more workers than that, those are shown that stand out.
const MOST: u32 = 20;

/// A panel that shows one expression.
pub(super) struct Panel {
    title: String,
    help: String,
    /// In Prometheus's language.
    expression: String,
    /// What a line is called.
    legend: String,
    /// Grafana's name of the unit.
    unit: &'static str,
    /// A number that is red from this on, instead of a graph.
    alarm: Option<f64>,
}

/// The Prometheus that is chosen.
pub(super) fn source() -> Value {
    json!({ "type": "prometheus", "uid": "${datasource}" })
}

/// What to look at first.
pub(super) fn glance() -> Vec<Panel> {
    let of = |title: &str, expression: &str, unit, alarm| Panel {
        title: title.to_owned(),
        help: String::new(),
        expression: expression.to_owned(),
        legend: String::new(),
        unit,
        alarm: Some(alarm),
    };
    vec![
        of(
            "Services that are not ready",
            r#"sum(1 - prb_ready{instance=~"$instance"})"#,
            "short",
            1.0,
        ),
        of(
            "Workers in need of attention",
            r#"sum(1 - prb_worker_healthy{instance=~"$instance"})"#,
            "short",
            1.0,
        ),
        of(
            "Farthest worker behind",
            r#"max(prb_worker_lag_blocks{instance=~"$instance"})"#,
            "short",
            50.0,
        ),
        of(
            "Nodes unwell",
            r#"sum(1 - prb_chain_rpc_healthy{instance=~"$instance"})"#,
            "short",
            1.0,
        ),
        of(
            "Failed jobs that are kept",
            r#"max(prb_tx_queue_depth{state="failed",instance=~"$instance"})"#,
            "short",
            1.0,
        ),
        of("Oldest job", r#"max(prb_tx_oldest_seconds{instance=~"$instance"})"#, "s", 600.0),
    ]
}

impl Panel {
    /// How a figure is shown: what grows as its rate, points in time as their age.
    pub(super) fn of(metric: &Description) -> Self {
        let selected = format!("{}{{instance=~\"$instance\"}}", metric.name);
        let is_time = metric.name.ends_with("_timestamp_seconds");
        let mut expression = match (metric.kind, is_time) {
            (Kind::Counter, _) => format!("rate({selected}[$__rate_interval])"),
            (Kind::Durations, _) => slowest(metric),
            (Kind::Gauge, true) => format!("time() - {selected}"),
            (Kind::Gauge, false) => selected,
        };
        if metric.labels.contains(&"worker") {
            expression = format!("topk({MOST}, {expression})");
        }
        let labels = metric.labels.iter().map(|label| format!("{{{{{label}}}}}"));
        let legend = labels.chain(["{{instance}}".to_owned()]).collect::<Vec<_>>().join(" ");
        let mut help = metric.help.to_owned();
        if metric.kind == Kind::Durations {
            help.push_str(" (99 of 100 are shorter)");
        } else if grows(metric) {
            help.push_str(" (shown per second)");
        } else if is_time {
            help.push_str(" (shown as how long ago)");
        }
        let title = metric.name.trim_start_matches("prb_").replace('_', " ");
        Self { title, help, expression, legend, unit: unit(metric), alarm: None }
    }

    pub(super) fn width(&self) -> u32 {
        if self.alarm.is_some() { WIDTH / 6 } else { WIDTH / 3 }
    }

    pub(super) fn to_json(&self, id: usize, place: &Value) -> Value {
        let kind = if self.alarm.is_some() { "stat" } else { "timeseries" };
        let steps = match self.alarm {
            Some(alarm) => json!([
                { "color": "green", "value": null },
                { "color": "red", "value": alarm },
            ]),
            None => json!([{ "color": "green", "value": null }]),
        };
        json!({
            "id": id,
            "type": kind,
            "title": self.title,
            "description": self.help,
            "datasource": source(),
            "gridPos": place,
            "fieldConfig": {
                "defaults": {
                    "unit": self.unit,
                    "thresholds": { "mode": "absolute", "steps": steps },
                },
                "overrides": [],
            },
            "targets": [{
                "refId": "A",
                "datasource": source(),
                "expr": self.expression,
                "legendFormat": self.legend,
            }],
        })
    }
}

/// How long all but one of a hundred take at most.
fn slowest(metric: &Description) -> String {
    let by = ["le", "instance"].into_iter().chain(metric.labels.iter().copied());
    let by = by.collect::<Vec<_>>().join(", ");
    let name = metric.name;
    let classes = format!("{name}_bucket{{instance=~\"$instance\"}}[$__rate_interval]");
    format!("histogram_quantile(0.99, sum by ({by}) (rate({classes})))")
}

/// The unit that a name ends in, as Grafana calls it.
fn unit(metric: &Description) -> &'static str {
    let name = metric.name.trim_end_matches("_total");
    match (name.rsplit('_').next(), grows(metric)) {
        (Some("bytes"), true) => "Bps",
        (Some("bytes"), false) => "bytes",
        (Some("seconds"), false) => "s",
        _ => "short",
    }
}
