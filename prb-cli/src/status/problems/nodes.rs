//! What is wrong with the nodes of a chain.

use prb_core::chain::health::EndpointHealth;

use super::{Critical, Problem, Warning};

/// A node is behind when another one has finalized so many blocks more.
const BEHIND: u32 = 16;

/// What is wrong with these nodes, which were named by `option`.
pub(super) fn of(chain: &str, option: &str, nodes: &[EndpointHealth]) -> Vec<Problem> {
    let newest = nodes.iter().filter(|it| !it.other_chain).filter_map(|it| it.finalized).max();
    let wrongs: Vec<_> = nodes.iter().map(|node| wrong(node, newest.unwrap_or(0))).collect();
    // One that is left is enough to go on.
    let unusable = |wrong: &Option<Wrong>| matches!(wrong, Some(Wrong::Unusable(_)));
    let none_left = wrongs.iter().all(unusable);
    let tell = |(node, wrong): (&EndpointHealth, Option<Wrong>)| {
        let about = format!("{chain} node {}", node.endpoint);
        Some(match wrong? {
            Wrong::Unusable(problem) => {
                let severity = if none_left { Critical } else { Warning };
                let remedy = format!("start or repair the node, or correct {option}");
                Problem::new(severity, about, problem, remedy)
            }
            Wrong::Late(problem) => {
                let remedy = "wait until it has caught up, or name another node";
                Problem::new(Warning, about, problem, remedy)
            }
        })
    };
    nodes.iter().zip(wrongs).filter_map(tell).collect()
}

enum Wrong {
    Unusable(String),
    Late(String),
}

fn wrong(node: &EndpointHealth, newest: u32) -> Option<Wrong> {
    if node.other_chain {
        let problem = node.problem.as_deref().unwrap_or("it serves another chain");
        return Some(Wrong::Unusable(problem.to_owned()));
    }
    if node.reachable != Some(true) {
        let problem = node.problem.as_deref().unwrap_or("it does not answer");
        return Some(Wrong::Unusable(problem.to_owned()));
    }
    let behind = node.finalized.map_or(0, |height| newest.saturating_sub(height));
    if behind >= BEHIND {
        return Some(Wrong::Late(format!("it is {behind} blocks behind another node")));
    }
    (node.synced == Some(false)).then(|| Wrong::Late("it is syncing".to_owned()))
}
