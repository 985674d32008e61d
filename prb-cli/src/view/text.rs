//! Changes as lines.

use std::time::Duration;

use serde::Serialize;

use super::{Change, Heights, Provider, Worker};

/// A change as a line for people.
pub fn human(elapsed: Duration, change: &Change) -> String {
    let (subject, text) = match change {
        Change::Note { text } => ("prb", single_line(text)),
        Change::Chain { relay, para, provider } => {
            let provider = provider.as_ref().map(stored).unwrap_or_default();
            let text = format!("relay {} · para {}{provider}", heights(*relay), heights(*para));
            ("chain", text)
        }
        Change::Worker { worker: w, relay_chain, para_chain } => {
            return format!("{} {}", time(elapsed), worker(w, *relay_chain, *para_chain));
        }
        Change::Computing { workers } => ("prb", format!("all {workers} workers are computing")),
    };
    format!("{} {subject:<10} {text}", time(elapsed))
}

/// A change as a line of JSON: `t` is in seconds since the start.
pub fn json(elapsed: Duration, change: &Change) -> String {
    #[derive(Serialize)]
    struct Line<'a> {
        t: f64,
        #[serde(flatten)]
        change: &'a Change,
    }
    let t = (elapsed.as_secs_f64() * 1000.0).round() / 1000.0;
    // Maps with string keys and finite numbers always serialize.
    serde_json::to_string(&Line { t, change }).unwrap_or_default()
}

/// A worker's line without the time.
pub(super) fn worker(worker: &Worker, relay: Heights, para: Heights) -> String {
    let Worker { name, state, relay: relay_header, para: para_header, blocks, message } = worker;
    let message =
        if message.is_empty() { String::new() } else { format!(" · {}", single_line(message)) };
    format!(
        "{name:<10} {:<10} relay {}/{} para {}/{} blocks {}/{}{message}",
        state.as_str(),
        height(*relay_header),
        relay.finalized,
        height(*para_header),
        para.finalized,
        height(*blocks),
        para.finalized,
    )
}

/// What a data provider has, to be put behind the chains.
pub(super) fn stored(provider: &Provider) -> String {
    let problem = match provider.problem.as_str() {
        "" => String::new(),
        problem => format!(" · {}", single_line(problem)),
    };
    format!(" · stored relay {} para {}{problem}", provider.relay, provider.para)
}

/// A height that may not be there yet.
pub(super) fn height(height: Option<u32>) -> String {
    height.map_or_else(|| "-".into(), |height| height.to_string())
}

fn heights(heights: Heights) -> String {
    format!("{} (final {})", heights.best, heights.finalized)
}

pub(super) fn time(elapsed: Duration) -> String {
    format!("{:>7.1}s", elapsed.as_secs_f64())
}

/// Messages come from elsewhere: control characters must not reach a terminal, or break a line.
pub(crate) fn single_line(text: &str) -> String {
    text.split(char::is_control).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}
