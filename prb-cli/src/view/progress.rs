//! How a data provider gets on, as a line.

use std::collections::BTreeMap;
use std::time::Duration;

use prb_core::data_provider::{ProviderStatus, Stage};
use prb_walkie::proto::data_provider::{Info, Status};
use serde_json::{Value, json};

use super::text::{single_line, time};

/// Columns of the bar.
const BAR: i64 = 20;
/// Lines come with so many steps on the way to the target.
const STEPS: i64 = 20;
/// At the tip, lines come when the parachain passes a multiple of this many blocks.
const TIP_STEP: i32 = 100;

/// For a terminal: a bar, heights, rates and the time to go.
pub(crate) fn bar(status: &ProviderStatus) -> String {
    let full = usize::try_from(done(&status.info, BAR)).unwrap_or(0);
    let bar = format!("{}{}", "█".repeat(full), "░".repeat(BAR as usize - full));
    format!("{bar} {}", text(status))
}

/// A line for people.
pub(crate) fn line(elapsed: Duration, status: &ProviderStatus) -> String {
    format!("{} {:<10} {}", time(elapsed), "provider", text(status))
}

/// A line of JSON: `t` is in seconds since the start.
pub(crate) fn json(elapsed: Duration, status: &ProviderStatus) -> String {
    let Info { parent_committed_height, para_committed_height, .. } = status.info;
    let problems: BTreeMap<_, _> = status
        .problems
        .iter()
        .map(|(stage, problem)| {
            let value = json!({ "reason": problem.reason, "attempts": problem.attempts });
            (stage.to_string(), value)
        })
        .collect();
    let line = json!({
        "t": (elapsed.as_secs_f64() * 1000.0).round() / 1000.0,
        "event": "progress",
        "idle": is_idle(status),
        "relay": height(parent_committed_height),
        "relay_target": height(status.info.parent_target),
        "relay_rate": status.info.parent_rate,
        "para": height(para_committed_height),
        "para_target": height(status.info.para_target),
        "para_rate": status.info.para_rate,
        "seconds_to_target": status.info.seconds_to_target,
        "refused": status.refused,
        "repaired": status.repaired,
        "problems": problems,
    });
    line.to_string()
}

/// Whether a line is due when `told` was the last one.
pub(crate) fn is_news(told: Option<&ProviderStatus>, now: &ProviderStatus) -> bool {
    let Some(told) = told else { return true };
    let moved = if is_idle(now) {
        told.info.para_committed_height / TIP_STEP != now.info.para_committed_height / TIP_STEP
    } else {
        done(&told.info, STEPS) != done(&now.info, STEPS)
    };
    let stages = |status: &ProviderStatus| status.problems.keys().copied().collect::<Vec<Stage>>();
    moved
        || is_idle(told) != is_idle(now)
        || stages(told) != stages(now)
        || told.refused != now.refused
        || told.repaired != now.repaired
}

fn text(status: &ProviderStatus) -> String {
    let info = &status.info;
    let chain = |name: &str, stored: i32, target: i32, rate: f64| {
        format!("{name} {}/{} ({rate:.1}/s)", shown(stored), shown(target))
    };
    let mut parts = vec![
        chain("relay", info.parent_committed_height, info.parent_target, info.parent_rate),
        chain("para", info.para_committed_height, info.para_target, info.para_rate),
        to_go(info),
    ];
    parts.extend(status.problems.iter().map(|(stage, problem)| {
        format!("{stage}: {} ({} attempts)", single_line(&problem.reason), problem.attempts)
    }));
    parts.join(" · ")
}

fn to_go(info: &Info) -> String {
    match info.seconds_to_target {
        _ if info.parent_target < 0 => "starting".to_owned(),
        Some(0.0) => "at the tip".to_owned(),
        Some(seconds) => format!("{} to go", duration(seconds)),
        None => "standing".to_owned(),
    }
}

fn duration(seconds: f64) -> String {
    let seconds = seconds.ceil() as u64;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds.div_ceil(60)),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

/// How much of the way to the targets is done, in parts of `of`: that of the chain farther behind.
fn done(info: &Info, of: i64) -> i64 {
    let part = |start: i32, stored: i32, target: i32| {
        let way = i64::from(target) - i64::from(start);
        let gone = i64::from(stored) - i64::from(start);
        if way > 0 { gone.clamp(0, way) * of / way } else { 0 }
    };
    // The relay chain is older than what workers start from.
    part(info.parent_start_header - 1, info.parent_committed_height, info.parent_target).min(part(
        info.para_start_header.max(0),
        info.para_committed_height,
        info.para_target,
    ))
}

fn is_idle(status: &ProviderStatus) -> bool {
    status.info.status() == Status::SIdle
}

fn shown(height: i32) -> String {
    super::text::height(u32::try_from(height).ok())
}

/// -1 stands for nothing known.
fn height(height: i32) -> Value {
    u32::try_from(height).map_or(Value::Null, Value::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(relay: i32, para: i32) -> ProviderStatus {
        let info = Info {
            parent_start_header: 1,
            parent_committed_height: relay,
            parent_target: 1000,
            parent_rate: 12.34,
            para_committed_height: para,
            para_target: 500,
            para_rate: 5.0,
            seconds_to_target: Some(90.0),
            ..Info::default()
        };
        ProviderStatus { info, ..ProviderStatus::default() }
    }

    #[test]
    fn a_bar_shows_the_chain_that_is_farther_behind() {
        let bar = bar(&status(1000, 250));
        assert!(bar.starts_with("██████████░░░░░░░░░░ relay 1000/1000 (12.3/s) · "), "{bar}");
        assert!(bar.contains("para 250/500 (5.0/s) · 2 min to go"), "{bar}");
    }

    #[test]
    fn the_way_begins_where_workers_start() {
        let mut late = status(900, 400);
        late.info.parent_start_header = 801;
        assert_eq!(done(&late.info, 20), 10);
    }

    #[test]
    fn nothing_known_is_said_so() {
        let mut nothing = status(-1, -1);
        (nothing.info.parent_target, nothing.info.seconds_to_target) = (-1, None);
        let line = line(Duration::from_secs(1), &nothing);
        assert!(line.contains("relay -/- ") && line.ends_with("starting"), "{line}");
        assert!(json(Duration::ZERO, &nothing).contains(r#""relay":null"#));
    }

    #[test]
    fn lines_come_by_steps_and_with_problems() {
        let before = status(500, 250);
        assert!(is_news(None, &before));
        assert!(!is_news(Some(&before), &status(501, 251)));
        assert!(is_news(Some(&before), &status(600, 300)));
        let mut troubled = before.clone();
        troubled.refused += 1;
        assert!(is_news(Some(&before), &troubled));
        let mut idle = before.clone();
        idle.info.set_status(Status::SIdle);
        assert!(is_news(Some(&before), &idle));
    }

    #[test]
    fn times_are_told_as_people_do() {
        let told = [0.2, 59.5, 3599.0, 7260.0, 90_000.0].map(duration);
        assert_eq!(told, ["1 s", "1 min", "60 min", "2 h 1 min", "1 d 1 h"]);
    }
}
