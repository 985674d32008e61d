//! What is told of workers, and when.

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use super::{Health, Notice, NoticeCounts, NoticeKind, NoticeWorker};
use crate::lifecycle::report::WorkerReport;

/// Names in a digest.
const NAMED: usize = 10;

/// How often is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pace {
    /// How long a worker must be well before it counts as recovered, milliseconds.
    pub(super) recovered_after: u64,
    /// After a notice of a worker, before its next trouble is told, milliseconds.
    pub(super) gap: u64,
    /// In a window of so many milliseconds, `most` notices of one worker and one digest are told;
    /// the rest waits for the next.
    pub(super) window: u64,
    /// See `window`.
    pub(super) most: usize,
}

/// Who was told of what so far.
#[derive(Debug)]
pub(super) struct Decision {
    pace: Pace,
    /// Workers that were told of, or are about to be.
    watched: BTreeMap<Uuid, Watched>,
    window: Window,
}

/// What may still be told before the next window.
#[derive(Debug, Default)]
struct Window {
    opened: Option<u64>,
    /// Notices of one worker told in it.
    told: usize,
    digested: bool,
}

/// One worker.
#[derive(Debug)]
struct Watched {
    health: Health,
    /// Since when its health is so.
    since: u64,
    /// What was told of it last, and when; none before.
    told: Option<(NoticeKind, u64)>,
}

impl Watched {
    /// What is to be told of it, once it is time.
    fn due(&self, now: u64, pace: &Pace) -> Option<NoticeKind> {
        let last = self.told.map_or(NoticeKind::Recovered, |(kind, _)| kind);
        let (kind, from) = match self.health.kind() {
            Some(trouble) => (trouble, self.told.map_or(0, |(_, at)| at + pace.gap)),
            None => (NoticeKind::Recovered, self.since + pace.recovered_after),
        };
        (kind != last && now >= from).then_some(kind)
    }

    /// Nothing is to be remembered of it.
    fn is_settled(&self, now: u64, pace: &Pace) -> bool {
        let quiet = self
            .told
            .is_none_or(|(kind, at)| kind == NoticeKind::Recovered && now >= at + pace.gap);
        self.health == Health::LeftAlone || self.health == Health::Well && quiet
    }
}

impl Decision {
    pub(super) fn new(pace: Pace) -> Self {
        Self { pace, watched: BTreeMap::new(), window: Window::default() }
    }

    /// How all workers are at `now`, Unix milliseconds; what is to be told of it.
    ///
    /// Trouble is told at once, for it has lasted when it is reported as such; that it is over is
    /// told when it stays so. A worker that is left alone or removed is forgotten.
    pub(super) fn observe(&mut self, reports: &[Arc<WorkerReport>], now: u64) -> Vec<Notice> {
        let known: BTreeMap<Uuid, &WorkerReport> =
            reports.iter().map(|report| (report.uuid, &**report)).collect();
        self.watched.retain(|uuid, _| known.contains_key(uuid));
        for (uuid, report) in &known {
            match self.watched.get_mut(uuid) {
                Some(watched) if watched.health != report.health => {
                    (watched.health, watched.since) = (report.health, now);
                }
                Some(_) => {}
                None if report.health.kind().is_none() => {}
                None => {
                    let watched = Watched { health: report.health, since: now, told: None };
                    self.watched.insert(*uuid, watched);
                }
            }
        }
        let pace = self.pace;
        self.watched.retain(|_, watched| !watched.is_settled(now, &pace));
        self.tell(&known, now)
    }

    fn tell(&mut self, known: &BTreeMap<Uuid, &WorkerReport>, now: u64) -> Vec<Notice> {
        let pace = self.pace;
        let due = |(uuid, watched): (&Uuid, &Watched)| {
            Some((*known.get(uuid)?, watched.due(now, &pace)?))
        };
        let due: Vec<_> = self.watched.iter().filter_map(due).collect();
        if due.is_empty() {
            return Vec::new();
        }
        if self.window.opened.is_none_or(|opened| now >= opened + pace.window) {
            self.window = Window { opened: Some(now), ..Window::default() };
        }
        let notices = if self.window.told + due.len() <= pace.most {
            self.window.told += due.len();
            due.iter().map(|(report, kind)| one(report, *kind, now)).collect()
        } else if !self.window.digested {
            self.window.digested = true;
            vec![digest(&due, now)]
        } else {
            return Vec::new();
        };
        for (report, kind) in due {
            if let Some(watched) = self.watched.get_mut(&report.uuid) {
                watched.told = Some((kind, now));
            }
        }
        notices
    }
}

fn one(report: &WorkerReport, kind: NoticeKind, now: u64) -> Notice {
    Notice {
        id: Uuid::new_v4(),
        at: now,
        kind,
        message: report.message.clone(),
        worker: Some(NoticeWorker {
            uuid: report.uuid,
            name: report.name.clone(),
            pid: report.pid,
        }),
        counts: None,
    }
}

fn digest(workers: &[(&WorkerReport, NoticeKind)], now: u64) -> Notice {
    let mut counts = NoticeCounts::default();
    for (_, kind) in workers {
        *match kind {
            NoticeKind::Offline => &mut counts.offline,
            NoticeKind::Unresponsive => &mut counts.unresponsive,
            NoticeKind::Recovered => &mut counts.recovered,
            NoticeKind::Error | NoticeKind::Digest => &mut counts.error,
        } += 1;
    }
    let names: Vec<_> = workers.iter().take(NAMED).map(|(report, _)| &*report.name).collect();
    let more = workers.len().saturating_sub(NAMED);
    let NoticeCounts { offline, unresponsive, error, recovered } = counts;
    let message = format!(
        "{offline} offline, {unresponsive} unresponsive, {error} in error, {recovered} recovered: \
         {}{}",
        names.join(", "),
        if more == 0 { String::new() } else { format!(" and {more} more") }
    );
    let (id, kind) = (Uuid::new_v4(), NoticeKind::Digest);
    Notice { id, at: now, kind, message, worker: None, counts: Some(counts) }
}

#[cfg(test)]
mod tests;
