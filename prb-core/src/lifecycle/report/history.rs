//! What happened to a worker of late.

use std::collections::VecDeque;

use uuid::Uuid;

use crate::lifecycle::machine::Phase;

/// Messages kept of a worker.
const MOST_MESSAGES: usize = 100;

/// Bytes of text kept of a worker, so that thousands of them stay small.
const MOST_BYTES: usize = 6 << 10;

/// Bytes kept of one text; an endpoint may answer with a page.
const LONGEST_TEXT: usize = 512;

/// Something that happened to a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerMessage {
    /// When it was first so, Unix milliseconds.
    pub at: u64,
    /// Where the worker stood.
    pub phase: Phase,
    /// What happened, for a person; cut after 512 bytes.
    pub text: Box<str>,
}

/// What happened to a worker of late.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerHistory {
    /// The worker's id in the inventory.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// At most 100 messages, the oldest first.
    pub messages: Vec<WorkerMessage>,
}

/// The last messages, the oldest first. Empty, it holds no memory.
#[derive(Debug, Default)]
pub(super) struct History {
    messages: VecDeque<WorkerMessage>,
    bytes: usize,
}

impl History {
    /// Takes what happened, unless it is what happened last.
    pub(super) fn push(&mut self, at: u64, phase: Phase, text: &str) {
        let text = cut(text);
        let last = self.messages.back();
        if last.is_some_and(|last| last.phase == phase && *last.text == *text) {
            return;
        }
        self.bytes += text.len();
        self.messages.push_back(WorkerMessage { at, phase, text: text.into() });
        while self.messages.len() > MOST_MESSAGES || self.bytes > MOST_BYTES {
            let Some(oldest) = self.messages.pop_front() else { break };
            self.bytes -= oldest.text.len();
        }
    }

    pub(super) fn messages(&self) -> impl Iterator<Item = &WorkerMessage> {
        self.messages.iter()
    }
}

/// As much of it as is kept, in whole characters.
fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST_TEXT)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(history: &History) -> Vec<&str> {
        history.messages().map(|message| &*message.text).collect()
    }

    #[test]
    fn the_last_hundred_stay_in_order_and_the_same_twice_is_one() {
        let mut history = History::default();
        for at in 0..150 {
            history.push(at, Phase::Syncing, &at.to_string());
            history.push(at + 1, Phase::Syncing, &at.to_string());
        }
        let wanted: Vec<_> = (50..150).map(|at: u64| at.to_string()).collect();
        assert_eq!(texts(&history), wanted);
        assert_eq!(history.messages().next().map(|message| message.at), Some(50));
        history.push(151, Phase::Failing, "149");
        assert_eq!(texts(&history).len(), 100, "another phase is another message");
        assert_eq!(texts(&history)[98..], ["149", "149"]);
    }

    #[test]
    fn long_texts_are_cut_between_characters_and_bytes_are_bounded() {
        let mut history = History::default();
        for at in 0..100 {
            history.push(at, Phase::Failing, &format!("{at:03}{}", "ü".repeat(4_000)));
        }
        assert_eq!(texts(&history).len(), MOST_BYTES / (LONGEST_TEXT - 1));
        assert!(texts(&history).iter().all(|text| text.len() == LONGEST_TEXT - 1));
        assert!(texts(&history)[0].starts_with("088"), "{}", texts(&history)[0]);
    }
}
