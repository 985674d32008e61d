//! What is worth a line between two moments.

use serde::Serialize;

use super::{Heights, Provider, State, View, Worker};

/// Chain heights get a line when they pass a multiple of this many parachain blocks.
const CHAIN_STEP: u32 = 50;
/// A worker that catches up gets a line when it passes a multiple of this many percent.
const SYNC_STEP: u64 = 10;

/// Something that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Change {
    /// Something to know about the run.
    Note {
        /// In words.
        text: String,
    },
    /// The chains grew, or the data provider began or ceased to have a problem.
    Chain {
        /// Relay chain.
        relay: Heights,
        /// Parachain.
        para: Heights,
        /// The data provider, once it runs.
        #[serde(skip_serializing_if = "Option::is_none")]
        provider: Option<Provider>,
    },
    /// A worker's state or message changed, or it came on.
    Worker {
        /// As it is now.
        #[serde(flatten)]
        worker: Worker,
        /// The chains it follows.
        relay_chain: Heights,
        /// The chains it follows.
        para_chain: Heights,
    },
    /// All workers compute on chain, which they did not before.
    Computing {
        /// How many.
        workers: usize,
    },
}

/// What changed from `old` to `new`, in the order to tell it.
pub fn changes(old: &View, new: &View) -> Vec<Change> {
    let notes = new.notes.iter().skip(old.notes.len());
    let mut changes: Vec<_> = notes.map(|text| Change::Note { text: text.clone() }).collect();
    let problem = |view: &View| view.provider.as_ref().map(|it| it.problem.is_empty());
    if old.para.finalized / CHAIN_STEP != new.para.finalized / CHAIN_STEP
        || problem(old) != problem(new)
    {
        let provider = new.provider.clone();
        changes.push(Change::Chain { relay: new.relay, para: new.para, provider });
    }
    changes.extend(new.workers.iter().filter(|worker| is_news(old, new, worker)).map(|worker| {
        Change::Worker { worker: worker.clone(), relay_chain: new.relay, para_chain: new.para }
    }));
    if new.all_computing() && !old.all_computing() {
        changes.push(Change::Computing { workers: new.workers.len() });
    }
    changes
}

fn is_news(old: &View, new: &View, worker: &Worker) -> bool {
    let Some(before) = old.workers.iter().find(|before| before.name == worker.name) else {
        return true;
    };
    before.state != worker.state
        || !wording(&before.message).eq(wording(&worker.message))
        || (worker.state == State::Syncing
            && step(before.blocks, old.para) != step(worker.blocks, new.para))
}

fn step(blocks: Option<u32>, para: Heights) -> u64 {
    u64::from(blocks.unwrap_or(0)) * 100 / u64::from(para.finalized.max(1)) / SYNC_STEP
}

/// A message without its figures: those move with every block.
fn wording(message: &str) -> impl Iterator<Item = char> {
    message.chars().filter(|character| !character.is_ascii_digit())
}
