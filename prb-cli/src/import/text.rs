//! What an import does, for people and for programs.

use std::fmt::Write as _;

use prb_core::lifecycle::import::{Change, Difference};
use serde_json::{Value, json};

use crate::manager::Answer;
use crate::view::text::single_line;

/// `name` gives the name and the pool's pid.
pub(super) fn answer<T>(
    difference: &Difference<T>,
    dry_run: bool,
    name: impl Fn(&T) -> (String, u64),
) -> Answer {
    let create: Vec<Value> = difference
        .create
        .iter()
        .map(|it| {
            let (name, pid) = name(it);
            json!({ "name": name, "pid": pid.to_string() })
        })
        .collect();
    let update: Vec<Value> = difference
        .update
        .iter()
        .map(|it| {
            let changes: Vec<_> = it.changes.iter().map(change).collect();
            json!({ "name": it.name, "uuid": it.uuid, "changes": changes })
        })
        .collect();
    let text = text(&create, &update, difference.unchanged, dry_run);
    let unchanged = difference.unchanged;
    let json = json!({
        "dryRun": dry_run, "create": create, "update": update, "unchanged": unchanged,
    });
    Answer { json, text }
}

fn change(change: &Change) -> Value {
    json!({ "field": change.field.to_string(), "from": change.from, "to": change.to })
}

fn text(create: &[Value], update: &[Value], unchanged: usize, dry_run: bool) -> String {
    let mut text = String::new();
    let field = |value: &Value| single_line(value.as_str().unwrap_or_default());
    for item in create {
        let _infallible =
            writeln!(text, "new      {} in pool {}", field(&item["name"]), field(&item["pid"]));
    }
    for item in update {
        let changes = item["changes"].as_array().into_iter().flatten().map(|change| {
            let (from, to) = (field(&change["from"]), field(&change["to"]));
            format!("{} {from:?} -> {to:?}", field(&change["field"]))
        });
        let changes = changes.collect::<Vec<_>>().join(", ");
        let _infallible = writeln!(text, "changed  {}: {changes}", field(&item["name"]));
    }
    let (new, changed) = (create.len(), update.len());
    let ending = if dry_run { "; nothing was done" } else { "" };
    let _infallible =
        writeln!(text, "{new} new, {changed} changed, {unchanged} as they should be{ending}");
    text
}
