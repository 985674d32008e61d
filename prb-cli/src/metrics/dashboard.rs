//! A Grafana dashboard with every figure there is: what matters first, then all by subject.

use prb_core::telemetry::{Description, Kind};
use serde_json::{Value, json};

mod panel;

use panel::Panel;

/// Width of the dashboard in Grafana's units.
const WIDTH: u32 = 24;
/// Height of a panel.
const HEIGHT: u32 = 8;

/// Subjects, each with the second words of its figures' names.
const SUBJECTS: [(&str, &[&str]); 7] = [
    ("Services", &["build", "up", "ready", "task", "walkie"]),
    ("Chains", &["chain"]),
    ("Data provider", &["provider", "store"]),
    ("Blobs", &["blob"]),
    ("Lifecycle manager", &["lifecycle"]),
    ("Workers", &["workers", "worker"]),
    ("Queue and trader", &["tx", "trader", "operator"]),
];

/// The dashboard of these figures. One that belongs to no subject has a row of its own at the end.
pub(super) fn of(metrics: &[Description]) -> Value {
    let mut panels = Vec::new();
    let mut top = 0;
    row("At a glance", panel::glance(), &mut top, &mut panels);
    for (subject, words) in SUBJECTS {
        let of_it = metrics.iter().filter(|it| words.contains(&second_word(it.name)));
        row(subject, of_it.map(Panel::of).collect(), &mut top, &mut panels);
    }
    let known =
        |it: &Description| SUBJECTS.iter().any(|(_, words)| words.contains(&second_word(it.name)));
    let others: Vec<_> = metrics.iter().filter(|it| !known(it)).map(Panel::of).collect();
    if !others.is_empty() {
        row("Others", others, &mut top, &mut panels);
    }
    json!({
        "uid": "prb",
        "title": "prb, the Runtime Bridge",
        "description": "Made by `prb metrics dashboard`; change it there.",
        "tags": ["prb"],
        "schemaVersion": 39,
        "editable": true,
        "refresh": "30s",
        "time": { "from": "now-6h", "to": "now" },
        "timezone": "browser",
        "templating": { "list": variables() },
        "annotations": { "list": [] },
        "panels": panels,
    })
}

fn second_word(name: &str) -> &str {
    name.split('_').nth(1).unwrap_or_default()
}

/// What can be chosen above the panels.
fn variables() -> Value {
    json!([
        {
            "name": "datasource",
            "label": "Data source",
            "type": "datasource",
            "query": "prometheus",
        },
        {
            "name": "instance",
            "label": "Instance",
            "type": "query",
            "datasource": panel::source(),
            "query": "label_values(prb_up, instance)",
            "refresh": 2,
            "multi": true,
            "includeAll": true,
            "allValue": ".*",
            "current": { "text": "All", "value": "$__all" },
        },
    ])
}

/// Appends a row with its panels below it, from left to right.
fn row(title: &str, members: Vec<Panel>, top: &mut u32, panels: &mut Vec<Value>) {
    let id = |panels: &Vec<Value>| panels.len() + 1;
    panels.push(json!({
        "id": id(panels),
        "type": "row",
        "title": title,
        "collapsed": false,
        "gridPos": { "h": 1, "w": WIDTH, "x": 0, "y": *top },
        "panels": [],
    }));
    *top += 1;
    let mut left = 0;
    for member in members {
        let width = member.width();
        if left + width > WIDTH {
            (left, *top) = (0, *top + HEIGHT);
        }
        let place = json!({ "h": HEIGHT, "w": width, "x": left, "y": *top });
        panels.push(member.to_json(id(panels), &place));
        left += width;
    }
    if left > 0 {
        *top += HEIGHT;
    }
}

/// Whether a figure is shown as how fast it grows.
fn grows(metric: &Description) -> bool {
    metric.kind == Kind::Counter
}

#[cfg(test)]
mod tests {
    use prb_core::telemetry::catalogue::ALL;

    use super::*;

    #[test]
    fn every_figure_is_shown_under_its_subject_and_no_panel_covers_another() {
        let dashboard = of(ALL);
        let panels = dashboard["panels"].as_array().unwrap();
        let text = dashboard.to_string();
        for metric in ALL {
            let ending = if metric.kind == Kind::Durations { "_bucket" } else { "" };
            let selected = format!("{}{ending}{{", metric.name);
            assert!(text.contains(&selected), "{} is not shown", metric.name);
        }
        assert!(!text.contains("\"Others\""), "a figure belongs to no subject");
        let mut taken = std::collections::BTreeSet::new();
        for panel in panels {
            let place = |name: &str| panel["gridPos"][name].as_u64().unwrap();
            assert!(place("x") + place("w") <= 24, "{panel}");
            for x in place("x")..place("x") + place("w") {
                for y in place("y")..place("y") + place("h") {
                    assert!(taken.insert((x, y)), "{panel} covers another");
                }
            }
        }
    }
}
