//! What is known and thought of a provider.

use std::net::SocketAddr;
use std::time::Duration;

use prb_walkie::proto::data_provider::Info;
use tokio::time::Instant;

use super::failure::Failure;

/// The first offence is forgotten after this time, each further one takes twice as long.
const DISTRUST: Duration = Duration::from_secs(15);
const MAX_DISTRUST: Duration = Duration::from_mins(10);
/// Weight of the newest heartbeat in the mean.
const NEWEST: f64 = 0.25;

/// A provider as a client sees it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ProviderHealth {
    /// Its name.
    pub name: String,
    /// Where it may be.
    pub addresses: Vec<SocketAddr>,
    /// Why it is not asked, or asked only if there is nobody else; none if all is well.
    pub problem: Option<String>,
    /// Last relay block it has.
    pub relay_height: Option<u32>,
    /// Last parachain block it has.
    pub para_height: Option<u32>,
    /// Mean time it takes to answer a heartbeat.
    pub latency: Option<Duration>,
    /// Requests it has not answered yet.
    pub in_flight: usize,
    /// Blobs it gave.
    pub blobs: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// Gets that were moved to another provider.
    pub moved: u64,
    /// Times that it served what is no good.
    pub offences: u32,
}

/// What is known of a provider; a value.
#[derive(Clone, Debug, Default)]
pub(super) struct Standing {
    info: Option<Info>,
    latency: Option<Duration>,
    problem: Option<String>,
    offence: Option<Offence>,
    offences: u32,
    pub(super) blobs: u64,
    pub(super) bytes: u64,
    pub(super) moved: u64,
}

#[derive(Clone, Debug)]
struct Offence {
    until: Instant,
    reason: String,
}

impl Standing {
    /// A heartbeat was answered.
    pub(super) fn alive(&mut self, info: Info, took: Duration) {
        let mean = self.latency.map_or(took, |mean| {
            Duration::from_secs_f64(
                mean.as_secs_f64() * (1.0 - NEWEST) + took.as_secs_f64() * NEWEST,
            )
        });
        self.latency = Some(mean);
        self.info = Some(info);
        self.problem = None;
    }

    /// A request failed; what it gives from now on may be doubted.
    pub(super) fn failed(&mut self, failure: &Failure, now: Instant) {
        if failure.is_offence() {
            self.offend(failure.to_string(), now);
        }
    }

    /// A heartbeat failed: it is not asked until one is answered.
    pub(super) fn gone(&mut self, failure: &Failure) {
        self.info = None;
        self.problem = Some(failure.to_string());
    }

    /// It was tried and cannot be asked.
    pub(super) fn is_gone(&self) -> bool {
        self.info.is_none() && self.problem.is_some()
    }

    /// It served what is no good.
    pub(super) fn offend(&mut self, reason: String, now: Instant) {
        let doubled = 1_u32.checked_shl(self.offences).unwrap_or(u32::MAX);
        let until = now + DISTRUST.saturating_mul(doubled).min(MAX_DISTRUST);
        self.offences = self.offences.saturating_add(1);
        self.offence = Some(Offence { until, reason });
    }

    /// How far it is and how its chunks are cut, if it can be asked.
    pub(super) fn info(&self) -> Option<&Info> {
        self.info.as_ref()
    }

    pub(super) fn is_trusted(&self, now: Instant) -> bool {
        self.offence.as_ref().is_none_or(|offence| offence.until <= now)
    }

    pub(super) fn latency(&self) -> Duration {
        self.latency.unwrap_or_default()
    }

    pub(super) fn problem(&self, now: Instant) -> Option<String> {
        let offence = self.offence.as_ref().filter(|offence| offence.until > now);
        let offence = offence.map(|offence| {
            let left = (offence.until - now).as_secs();
            format!("not trusted for {left} s: {}", offence.reason)
        });
        match (&self.info, &self.problem) {
            (Some(_), _) => offence,
            (None, Some(problem)) => Some(problem.clone()),
            (None, None) => Some("not connected yet".to_owned()),
        }
    }

    pub(super) fn offences(&self) -> u32 {
        self.offences
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_offence_is_remembered_longer() {
        let (mut standing, start) = (Standing::default(), Instant::now());
        standing.alive(Info::default(), Duration::from_millis(1));
        for seconds in [15, 30, 60, 120, 240, 480, 600, 600] {
            standing.offend("a test".to_owned(), start);
            let end = start + Duration::from_secs(seconds);
            assert!(!standing.is_trusted(end - Duration::from_millis(1)), "{seconds}");
            assert!(standing.is_trusted(end), "{seconds}");
            assert!(standing.problem(start).unwrap().contains("a test"));
            assert_eq!(standing.problem(end), None);
        }
    }

    #[test]
    fn who_is_gone_is_asked_after_the_next_heartbeat() {
        let mut standing = Standing::default();
        assert!(standing.info().is_none());
        standing.alive(Info::default(), Duration::from_millis(4));
        standing.alive(Info::default(), Duration::from_millis(8));
        assert_eq!(standing.latency(), Duration::from_millis(5));
        standing.gone(&Failure::Ended("a test".to_owned()));
        assert!(standing.info().is_none());
        assert!(standing.problem(Instant::now()).unwrap().contains("a test"));
        standing.alive(Info::default(), Duration::from_millis(5));
        assert_eq!(standing.problem(Instant::now()), None);
    }
}
