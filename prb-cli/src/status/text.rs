//! A report as one screen for people.

use std::fmt::Write as _;
use std::time::Duration;

use prb_core::chain::health::EndpointHealth;
use prb_walkie::proto::WorkerState;
use prb_walkie::proto::data_provider::{self, Info};
use prb_walkie::proto::trader;

use super::facts::{Facts, Queue, Service};
use super::problems::{Problem, Severity};
use super::report::{Report, by_state};
use crate::output::{Paint, table};
use crate::trader::account_table;
use crate::view::text::single_line;

/// All lines.
pub(super) fn of(report: &Report, paint: Paint) -> String {
    let mut text = problems(&report.problems, paint);
    for part in [
        chains(&report.facts),
        providers(&report.facts.providers),
        managers(&report.facts.managers),
        traders(&report.facts.traders),
        queue(&report.facts),
    ] {
        text.push('\n');
        text.push_str(&part);
    }
    text
}

fn problems(problems: &[Problem], paint: Paint) -> String {
    if problems.is_empty() {
        return format!("{}\n", paint.good("nothing is wrong"));
    }
    let mut text = String::new();
    for it in problems {
        let mark = match it.severity {
            Severity::Critical => paint.critical("CRITICAL"),
            Severity::Warning => paint.warning("warning "),
        };
        let [about, problem, remedy] =
            [&it.about, &it.problem, &it.remedy].map(|part| single_line(part));
        let _infallible = writeln!(text, "{mark} {about}: {problem}\n         -> {remedy}");
    }
    text
}

fn chains(facts: &Facts) -> String {
    let [relay, para] = facts.finalized();
    let mut rows = Vec::new();
    for (chain, height, nodes) in
        [("relay chain", relay, &facts.relay), ("parachain", para, &facts.para)]
    {
        rows.push(vec![chain.to_owned(), number(height), String::new(), String::new()]);
        for node in nodes {
            let latency = node.latency.map(|it| format!("{} ms", it.as_millis()));
            rows.push(vec![
                format!("  {}", node.endpoint),
                number(node.finalized),
                of_node(node).to_owned(),
                latency.unwrap_or_default(),
            ]);
        }
    }
    table(&["CHAIN", "FINALIZED", "STATE", "ANSWERS IN"], &rows)
}

fn of_node(node: &EndpointHealth) -> &'static str {
    match (node.other_chain, node.reachable, node.synced) {
        (true, ..) => "another chain",
        (_, Some(true), Some(false)) => "syncing",
        (_, Some(true), _) => "synced",
        _ => "away",
    }
}

fn providers(providers: &[Service<Info>]) -> String {
    let row = |service: &Service<Info>| {
        let mut row = vec![host(service)];
        row.extend(match &service.told {
            Err(_) => vec!["no answer".to_owned()],
            Ok(info) => vec![
                state(info),
                out_of(info.parent_committed_height, info.parent_target),
                out_of(info.para_committed_height, info.para_target),
                to_go(info),
            ],
        });
        row
    };
    let of = |rows: &[Vec<String>]| {
        table(&["DATA PROVIDER", "STATE", "RELAY STORED", "PARA STORED", "TO GO"], rows)
    };
    listed(providers, "no data provider", row, of)
}

fn state(info: &Info) -> String {
    match info.status() {
        data_provider::Status::SUnknown => "begins",
        data_provider::Status::SSyhching => "catching up",
        data_provider::Status::SIdle => "at the tip",
    }
    .to_owned()
}

fn to_go(info: &Info) -> String {
    if info.status() == data_provider::Status::SIdle {
        return String::new();
    }
    // The rest of a second is of no use, and no duration is longer than a century.
    let seconds = info.seconds_to_target.filter(|seconds| seconds.is_finite() && *seconds >= 0.0);
    let whole = |seconds: f64| Duration::from_secs(seconds.min(3e9) as u64);
    seconds.map_or_else(String::new, |it| humantime::format_duration(whole(it)).to_string())
}

fn managers(managers: &[Service<Vec<WorkerState>>]) -> String {
    let row = |service: &Service<Vec<WorkerState>>| {
        let mut row = vec![host(service)];
        match &service.told {
            Err(_) => row.push("no answer".to_owned()),
            Ok(states) => {
                let counts = by_state(states).into_iter();
                let counts: Vec<_> =
                    counts.map(|(state, count)| format!("{count} {state}")).collect();
                row.extend([states.len().to_string(), counts.join(", ")]);
            }
        }
        row
    };
    let of = |rows: &[Vec<String>]| table(&["LIFECYCLE MANAGER", "WORKERS", "BY STATE"], rows);
    listed(managers, "no lifecycle manager", row, of)
}

fn traders(traders: &[Service<trader::Status>]) -> String {
    let row = |service: &Service<trader::Status>| {
        let mut row = vec![host(service)];
        match &service.told {
            Err(_) => row.push("no answer".to_owned()),
            Ok(status) => {
                let sum = |of: fn(&trader::Account) -> u32| {
                    status.accounts.iter().map(of).sum::<u32>().to_string()
                };
                row.extend([
                    if status.waiting_for.is_empty() { "trades" } else { "waits" }.to_owned(),
                    status.accounts.len().to_string(),
                    sum(|it| it.in_flight),
                    sum(|it| it.pending),
                ]);
            }
        }
        row
    };
    let of = |rows: &[Vec<String>]| {
        table(&["TRADER", "STATE", "ACCOUNTS", "IN FLIGHT", "PENDING"], rows)
    };
    listed(traders, "no trader of its own: a manager without Redis trades itself", row, of)
}

fn queue(facts: &Facts) -> String {
    let queue: &Queue = match &facts.queue {
        None => return "queue and accounts: not asked, as no --redis is given\n".to_owned(),
        Some(Err(_)) => return "queue and accounts: not known\n".to_owned(),
        Some(Ok(queue)) => queue,
    };
    let it = queue.counts;
    let counts = [it.waiting, it.active, it.delayed, it.succeeded, it.failed];
    let counts = counts.map(|count| count.to_string()).to_vec();
    let row = [std::iter::once(String::new()).chain(counts).collect()];
    let names = ["QUEUE", "WAITING", "ACTIVE", "DELAYED", "SUCCEEDED", "FAILED"];
    let accounts = if queue.accounts.is_empty() {
        "no trader has told of an account in the last minute\n".to_owned()
    } else {
        account_table(&queue.accounts)
    };
    format!("{}\n{accounts}", table(&names, &row))
}

fn listed<T>(
    items: &[Service<T>],
    none: &str,
    row: impl Fn(&Service<T>) -> Vec<String>,
    of: impl Fn(&[Vec<String>]) -> String,
) -> String {
    if items.is_empty() {
        return format!("{none}\n");
    }
    of(&items.iter().map(row).collect::<Vec<_>>())
}

fn host<T>(service: &Service<T>) -> String {
    // The first digits of an id tell services of one host apart.
    let id: String = service.peer_id.chars().take(10).collect();
    match service.hostname.as_str() {
        "" => service.address.clone(),
        name => format!("{name} {id}"),
    }
}

fn out_of(stored: i32, target: i32) -> String {
    let height = |height: i32| u32::try_from(height).ok();
    format!("{}/{}", number(height(stored)), number(height(target)))
}

fn number(height: Option<u32>) -> String {
    height.map_or_else(|| "-".to_owned(), |height| height.to_string())
}
