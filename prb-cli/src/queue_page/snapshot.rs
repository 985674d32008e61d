//! The queue at one moment.

use std::time::Duration;

use maud::{Markup, html};
use prb_core::queue::{JobQueue, JobRecord, JobState, QueueCounts, QueueError};
use prb_core::trader::PublishedAccount;

use super::{account, job};
use crate::web::live::Part;

/// All who look within this time see the same.
pub(super) const AGE: Duration = Duration::from_millis(900);
/// Newest jobs shown of each state.
const MOST: usize = 100;

const STATES: [JobState; 5] =
    [JobState::Waiting, JobState::Active, JobState::Delayed, JobState::Succeeded, JobState::Failed];

/// Where the rows are, and what is in place of them.
const ROWS: &str = "jobs";
const COUNTS: &str = "counts";
const TROUBLE: &str = "trouble";
const ACCOUNTS: &str = "accounts";
/// What is always there is in the page.
const PAGE: &str = "page";

/// The queue at one moment, or why nothing is known of it.
pub(super) struct Snapshot(Result<Known, QueueError>);

struct Known {
    counts: QueueCounts,
    jobs: Vec<JobRecord>,
    accounts: Vec<PublishedAccount>,
}

/// Looks at the queue.
pub(super) async fn take(queue: &dyn JobQueue) -> Snapshot {
    Snapshot(look(queue).await)
}

async fn look(queue: &dyn JobQueue) -> Result<Known, QueueError> {
    let counts = queue.counts().await?;
    let mut jobs = Vec::new();
    for state in STATES {
        jobs.extend(queue.list(state, MOST).await?);
    }
    let published = queue.published_accounts().await?;
    // What a newer trader publishes otherwise is left out, not an error.
    let accounts = published.iter().filter_map(|json| serde_json::from_slice(json).ok()).collect();
    Ok(Known { counts, jobs, accounts })
}

impl Snapshot {
    /// Everything on the page that changes.
    pub(super) fn parts(&self) -> Vec<Part> {
        let mut parts = vec![
            Part::new(TROUBLE, PAGE, self.trouble()),
            Part::new(COUNTS, PAGE, self.counts()),
            Part::new(ACCOUNTS, PAGE, self.accounts()),
        ];
        // Without an answer the rows that are shown stay.
        let jobs = self.0.as_ref().map(|known| known.jobs.as_slice()).unwrap_or_default();
        parts.extend(jobs.iter().map(|it| Part::new(job::element(it), ROWS, job::row(it))));
        parts
    }

    pub(super) fn page(&self) -> Markup {
        let jobs = self.0.as_ref().map(|known| known.jobs.as_slice()).unwrap_or_default();
        html! {
            div #(PAGE) {
                (self.trouble())
                (self.counts())
                section.card {
                    h2 { "Jobs" }
                    div.tools {
                        input type="search" placeholder="Filter" aria-label="Filter jobs" data-filter=(ROWS);
                        span.soft data-selected {}
                        span.rest {}
                        button disabled data-post="/retry" data-with-selection { "Retry" }
                        button.danger disabled data-post="/remove" data-with-selection
                            data-confirm="Forget the selected jobs? Managers ask again for what the chain still lacks."
                            { "Remove" }
                        button.main data-post="/retry-failed" { "Retry all failed" }
                    }
                    div.wide { table.stack {
                        thead { tr {
                            th { input type="checkbox" aria-label="Select all" data-select-all=(ROWS); }
                            @for (key, name) in job::COLUMNS {
                                th.number[job::is_number(key)] data-key=(key) { button.plain data-sort=(key) data-rows=(ROWS) { (name) } }
                            }
                            th {}
                        } }
                        tbody #(ROWS) data-list data-sort="-created" {
                            @for it in jobs { (job::row(it)) }
                        }
                    } }
                    p.soft.small { "The newest " (MOST) " of each state." }
                }
                (self.accounts())
            }
        }
    }

    fn trouble(&self) -> Markup {
        html! {
            div #(TROUBLE) {
                @if let Err(error) = &self.0 { p.trouble role="alert" { "Nothing is known now: " (error) } }
            }
        }
    }

    fn counts(&self) -> Markup {
        let counts = self.0.as_ref().map(|known| known.counts).ok();
        let of = |count: fn(&QueueCounts) -> u64| {
            counts.as_ref().map_or_else(|| "–".to_owned(), |counts| count(counts).to_string())
        };
        html! {
            div.counts #(COUNTS) role="group" aria-label="Jobs by state" {
                (count("waiting", &of(|it| it.waiting)))
                (count("active", &of(|it| it.active)))
                (count("delayed", &of(|it| it.delayed)))
                (count("succeeded", &of(|it| it.succeeded)))
                (count("failed", &of(|it| it.failed)))
            }
        }
    }

    fn accounts(&self) -> Markup {
        let accounts = self.0.as_ref().map(|known| known.accounts.as_slice()).unwrap_or_default();
        html! {
            section #(ACCOUNTS) {
                h2 { "Accounts" }
                @if accounts.is_empty() {
                    p.soft { "No trader has told of an account in the last minute." }
                }
                div.cards { @for it in accounts { (account::card(it)) } }
            }
        }
    }
}

/// How many there are, and the way to see only those.
fn count(state: &str, number: &str) -> Markup {
    html! {
        button data-only=(ROWS) data-state=(state) aria-pressed="false" { b { (number) } (state) }
    }
}
