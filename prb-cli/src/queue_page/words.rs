//! What a job does, in words.

use prb_core::lifecycle::Amount;
use prb_core::queue::{Action, Job, Progress};
use prb_core::trader::calls::{Call, calls_of};

/// What a job does.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Words {
    /// The call, `Pallet.call`.
    pub(super) call: String,
    /// What is done for which worker.
    pub(super) does: String,
    /// What is staked.
    pub(super) amount: Option<String>,
}

pub(super) fn of(job: &Job) -> Words {
    let amount = match &job.action {
        Action::StartComputing { stake, .. } | Action::RestartComputing { stake, .. } => {
            Some(Amount(*stake).to_string())
        }
        _ => None,
    };
    match calls_of(job) {
        Ok(calls) => {
            let first = calls.calls.first();
            let mut does = first.map(|it| it.words.clone()).unwrap_or_default();
            if amount.is_some() {
                // The amount has a place of its own.
                does.truncate(does.find(" with a stake").unwrap_or(does.len()));
            }
            if let more @ 1.. = calls.calls.len().saturating_sub(1) {
                does = format!("{does}, and {more} more");
            }
            Words { call: first.map(Call::name).unwrap_or_default(), does, amount }
        }
        Err(error) => Words { call: String::new(), does: error.to_string(), amount },
    }
}

/// How far a job has come.
pub(super) fn progress(progress: Progress) -> &'static str {
    match progress {
        Progress::Init => "taken",
        Progress::Preprocessed => "calls are built",
        Progress::Working => "sent",
        Progress::ShouldRetry => "will be tried again",
        Progress::Finished => "final",
        Progress::Failed => "failed for good",
    }
}

/// The ends of a long run of hex digits are enough to tell it from others.
pub(super) fn shorten(text: &str) -> String {
    let short = |word: &str| {
        let (word, comma) = match word.strip_suffix(',') {
            Some(word) => (word, ","),
            None => (word, ""),
        };
        match (word.starts_with("0x"), word.get(..8), word.get(word.len().saturating_sub(4)..)) {
            (true, Some(begin), Some(end)) if word.len() > 20 => format!("{begin}…{end}{comma}"),
            _ => format!("{word}{comma}"),
        }
    };
    text.split(' ').map(short).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_are_told_by_call_worker_and_amount() {
        let key = [0xab; 32];
        let stake = 10_000_000_000_000_000;
        let told = of(&Job { pid: 7, action: Action::StartComputing { public_key: key, stake } });
        assert_eq!(told.call, "PhalaStakePoolv2.start_computing");
        assert_eq!(shorten(&told.does), "start worker 0xababab…abab");
        assert_eq!(told.amount.as_deref(), Some("10000 PHA"));
        let told = of(&Job { pid: 7, action: Action::AddWorker { public_key: key } });
        assert_eq!(shorten(&told.does), "add worker 0xababab…abab to pool 7");
        assert_eq!(told.amount, None);
        let wrong = of(&Job { pid: 7, action: Action::SyncMessages { messages: vec![vec![1]] } });
        assert!(wrong.does.contains("message 0"), "{wrong:?}");
    }
}
