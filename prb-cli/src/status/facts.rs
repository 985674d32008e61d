//! What was found out about a bridge, by asking everybody at one moment.

use prb_core::chain::health::EndpointHealth;
use prb_core::queue::QueueCounts;
use prb_core::trader::PublishedAccount;
use prb_walkie::proto::data_provider::Info;
use prb_walkie::proto::{WalkieRoles, WorkerState, trader};

/// What somebody said, or for people why there is no answer.
pub(super) type Told<T> = Result<T, String>;

/// A bridge at one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    /// The nodes that were named.
    pub(super) relay: Vec<EndpointHealth>,
    pub(super) para: Vec<EndpointHealth>,
    pub(super) providers: Vec<Service<Info>>,
    pub(super) managers: Vec<Service<Vec<WorkerState>>>,
    pub(super) traders: Vec<Service<trader::Status>>,
    /// Boot nodes at which nobody was found, each with the reason.
    pub(super) unreached: Vec<(String, String)>,
    /// Whether other hosts' services were looked for.
    pub(super) looked_around: bool,
    /// None if no Redis was named.
    pub(super) queue: Option<Told<Queue>>,
}

/// A service of some role.
#[derive(Clone, Debug)]
pub(super) struct Service<T> {
    /// Base58; empty if it never said.
    pub(super) peer_id: String,
    /// The name of its host.
    pub(super) hostname: String,
    /// Where it was asked.
    pub(super) address: String,
    pub(super) told: Told<T>,
}

/// The queue in Redis, and what traders say beside it.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    pub(super) counts: QueueCounts,
    pub(super) accounts: Vec<PublishedAccount>,
    /// What the newest failed job failed with.
    pub(super) last_failure: Option<String>,
}

impl Facts {
    /// Adds a service with what it told, which is in the terms of its role.
    pub(super) fn add(&mut self, of: Service<Answer>, role: WalkieRoles) {
        match role {
            WalkieRoles::WrDataProviderInt | WalkieRoles::WrDataProviderExt => {
                self.providers.push(of.map(Answer::provider));
            }
            WalkieRoles::WrLifecycleManager => self.managers.push(of.map(Answer::manager)),
            WalkieRoles::WrTrader => self.traders.push(of.map(Answer::trader)),
            // It has nothing to say.
            WalkieRoles::WrClient => {}
        }
    }

    /// Finalized heights of the relay chain and the parachain, as whoever is furthest sees them.
    pub(super) fn finalized(&self) -> [Option<u32>; 2] {
        let providers = || self.providers.iter().filter_map(|it| it.told.as_ref().ok());
        let seen = |target: fn(&Info) -> i32| {
            providers().filter_map(move |info| u32::try_from(target(info)).ok()).max()
        };
        let of = |nodes: &[EndpointHealth], target: fn(&Info) -> i32| {
            let own = nodes.iter().filter(|node| !node.other_chain);
            own.filter_map(|node| node.finalized).max().max(seen(target))
        };
        [of(&self.relay, |it| it.parent_target), of(&self.para, |it| it.para_target)]
    }
}

/// What a service of any role told.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    Provider(Info),
    Manager(Vec<WorkerState>),
    Trader(trader::Status),
}

/// What is said of an answer that is not its role's.
const NO_SUCH: &str = "it answers as a service of another role";

impl Answer {
    fn provider(self) -> Told<Info> {
        if let Self::Provider(info) = self { Ok(info) } else { Err(NO_SUCH.to_owned()) }
    }

    fn manager(self) -> Told<Vec<WorkerState>> {
        if let Self::Manager(workers) = self { Ok(workers) } else { Err(NO_SUCH.to_owned()) }
    }

    fn trader(self) -> Told<trader::Status> {
        if let Self::Trader(status) = self { Ok(status) } else { Err(NO_SUCH.to_owned()) }
    }
}

impl<T> Service<T> {
    fn map<U>(self, of: impl FnOnce(T) -> Told<U>) -> Service<U> {
        let Self { peer_id, hostname, address, told } = self;
        Service { peer_id, hostname, address, told: told.and_then(of) }
    }

    /// Which it is, for people.
    pub(super) fn name(&self, role: &str) -> String {
        match (self.hostname.as_str(), self.address.as_str()) {
            ("", address) => format!("{role} at {address}"),
            (host, _) => format!("{role} on {host}"),
        }
    }
}
