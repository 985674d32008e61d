//! What keeps a data provider from its work, as of its status. Pure.

use std::time::{Duration, SystemTime};

use super::ProviderStatus;
use crate::chain::EndpointHealth;
use crate::telemetry::Obstacle;

/// A stage that has not gone on for so long is not merely waiting for the next block.
const PATIENCE: Duration = Duration::from_secs(10);
/// Whoever is farther behind than that has not caught up: some ten minutes of blocks.
const RELAY_BEHIND: i32 = 100;
const PARA_BEHIND: i32 = 50;

impl ProviderStatus {
    /// What keeps it from its work at `now`. Blocks that are known and not stored for
    /// `stall_after` count, whatever the stages say of themselves.
    pub fn obstacles(&self, now: SystemTime, stall_after: Duration) -> Vec<Obstacle> {
        let mut obstacles = Vec::new();
        let info = &self.info;
        if info.parent_start_header < 0 {
            let reason = "what workers start from is not known yet".to_owned();
            obstacles.push(Obstacle { part: "genesis".to_owned(), reason, since: self.started });
        }
        for (stage, problem) in &self.problems {
            if age(problem.since, now) >= PATIENCE {
                obstacles.push(Obstacle {
                    part: stage.to_string(),
                    reason: format!("{} ({} attempts)", problem.reason, problem.attempts),
                    since: Some(problem.since),
                });
            }
        }
        if self.serves_only {
            return obstacles;
        }
        let relay = (info.parent_committed_height, info.parent_target, RELAY_BEHIND);
        let para = (info.para_committed_height, info.para_target, PARA_BEHIND);
        for (name, chain, (stored, target, limit)) in
            [("relay chain", &self.relay, relay), ("parachain", &self.para, para)]
        {
            let obstacle = |reason, since| Obstacle { part: name.to_owned(), reason, since };
            if let Some(reason) = EndpointHealth::none_answers(&chain.endpoints) {
                obstacles.push(obstacle(reason, None));
            }
            let since = chain.last_stored.or(self.started);
            if target < 0 {
                obstacles.push(obstacle("its height is not known yet".to_owned(), self.started));
            } else if stored < target && since.is_some_and(|since| age(since, now) >= stall_after) {
                let reason = format!("nothing was stored since block {stored} of {target}");
                obstacles.push(obstacle(reason, since));
            } else if target.saturating_sub(stored) > limit {
                obstacles
                    .push(obstacle(format!("catching up, at block {stored} of {target}"), None));
            }
        }
        obstacles
    }
}

/// A clock that was set back makes nothing old.
fn age(since: SystemTime, now: SystemTime) -> Duration {
    now.duration_since(since).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use prb_walkie::proto::data_provider::Info;

    use super::super::{ChainStatus, Problem, Stage};
    use super::*;

    const STALL: Duration = Duration::from_mins(1);

    fn at(second: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(second)
    }

    /// All is stored at second 1000.
    fn fine() -> ProviderStatus {
        let info = Info {
            parent_start_header: 2,
            parent_target: 1000,
            parent_committed_height: 1000,
            para_target: 500,
            para_committed_height: 500,
            ..Info::default()
        };
        let node = EndpointHealth { reachable: Some(true), ..EndpointHealth::default() };
        let chain = ChainStatus {
            endpoints: vec![node],
            last_stored: Some(at(1000)),
            ..ChainStatus::default()
        };
        let started = Some(at(0));
        let (relay, para) = (chain.clone(), chain);
        ProviderStatus { info, relay, para, started, ..ProviderStatus::default() }
    }

    fn found(status: &ProviderStatus, second: u64) -> Vec<String> {
        let obstacles = status.obstacles(at(second), STALL);
        obstacles.into_iter().map(|found| format!("{}: {}", found.part, found.reason)).collect()
    }

    #[test]
    fn nothing_keeps_it_at_the_tip_however_long_no_block_comes() {
        assert_eq!(found(&fine(), 5000), [""; 0]);
    }

    #[test]
    fn what_it_starts_from_comes_first() {
        let mut status = fine();
        status.info.parent_start_header = -1;
        assert_eq!(found(&status, 1000), ["genesis: what workers start from is not known yet"]);
    }

    #[test]
    fn while_no_height_is_known_it_is_not_ready() {
        let mut status = fine();
        (status.info.parent_target, status.info.parent_committed_height) = (-1, -1);
        assert_eq!(found(&status, 1000), ["relay chain: its height is not known yet"]);
    }

    #[test]
    fn a_problem_counts_once_it_lasts() {
        let mut status = fine();
        let problem = Problem { reason: "no proof".to_owned(), since: at(1000), attempts: 3 };
        status.problems.insert(Stage::Relay, problem);
        assert_eq!(found(&status, 1009), [""; 0]);
        assert_eq!(found(&status, 1010), ["relay: no proof (3 attempts)"]);
    }

    #[test]
    fn blocks_that_are_not_stored_count_also_where_no_stage_says_anything() {
        let mut status = fine();
        status.info.para_target = 510;
        assert_eq!(found(&status, 1059), [""; 0]);
        assert_eq!(found(&status, 1060), ["parachain: nothing was stored since block 500 of 510"]);
        // Neither does one that never stored anything go unseen.
        (status.para.last_stored, status.started) = (None, Some(at(500)));
        assert_eq!(found(&status, 1000), ["parachain: nothing was stored since block 500 of 510"]);
        status.para.last_stored = Some(at(1000));
        status.info.para_target = 551;
        assert_eq!(found(&status, 1000), ["parachain: catching up, at block 500 of 551"]);
        status.serves_only = true;
        assert_eq!(found(&status, 9000), [""; 0]);
    }

    #[test]
    fn a_chain_is_out_of_reach_when_all_its_nodes_are() {
        let mut status = fine();
        let mut away = status.relay.endpoints[0].clone();
        (away.reachable, away.endpoint) = (Some(false), "ws://a".to_owned());
        status.relay.endpoints.push(away.clone());
        assert_eq!(found(&status, 1000), [""; 0]);
        away.problem = Some("timed out".to_owned());
        let other = EndpointHealth { other_chain: true, ..away.clone() };
        status.relay.endpoints = vec![away, other];
        assert_eq!(
            found(&status, 1000),
            ["relay chain: no node answers: ws://a: timed out; ws://a: timed out"]
        );
    }
}
