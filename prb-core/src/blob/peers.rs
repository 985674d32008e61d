//! Data providers among the peers of a node.
//!
//! A task follows the node's table and asks every provider of this chain and namespace how it is.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use prb_walkie::PeerId;
use prb_walkie::discovery::boot::BootState;
use prb_walkie::discovery::table::{Peer, Standing};
use prb_walkie::node::Walkie;
use prb_walkie::proto::data_provider::Info;
use prb_walkie::proto::{Empty, WalkieRoles};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::{Request, Status};
use tracing::Instrument;

use super::candidates::{Candidate, Candidates, rank};

/// How often each provider is asked how it is.
const ASK_EVERY: Duration = Duration::from_secs(2);
/// A provider that takes longer does not answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// More providers than this are passed over.
const MOST: usize = 64;

/// The data providers that a node knows, with their health.
pub struct PeerCandidates {
    shared: Arc<Shared>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

struct Shared {
    walkie: Walkie,
    known: Mutex<BTreeMap<PeerId, Candidate>>,
    ranked: watch::Sender<Arc<[Candidate]>>,
}

/// What a provider said, and how long that took.
type Answer = (PeerId, Duration, Result<Info, Status>);

impl PeerCandidates {
    /// Begins to follow the node's peers. Must be called within a tokio runtime.
    pub fn start(walkie: Walkie) -> Self {
        let ranked = watch::Sender::new(Arc::from([]));
        let shared = Arc::new(Shared { walkie, known: Mutex::default(), ranked });
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let following = Arc::clone(&shared).follow(stop.clone());
        tasks.spawn(following.instrument(tracing::info_span!("data_providers")));
        tasks.close();
        Self { shared, stop, tasks }
    }

    /// Stops asking; returns when that has ended.
    pub async fn shutdown(&self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}

impl Drop for PeerCandidates {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Candidates for PeerCandidates {
    fn subscribe(&self) -> watch::Receiver<Arc<[Candidate]>> {
        self.shared.ranked.subscribe()
    }

    fn failed(&self, id: &str) {
        self.shared.change(|known| {
            if let Some(candidate) = known.values_mut().find(|candidate| *candidate.id == *id) {
                candidate.failures = candidate.failures.max(1);
            }
        });
    }

    fn why_none(&self) -> String {
        why_none(&self.shared.walkie)
    }
}

impl Shared {
    async fn follow(self: Arc<Self>, stop: CancellationToken) {
        let mut view = self.walkie.subscribe();
        let mut ticks = tokio::time::interval(ASK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut asked = FuturesUnordered::new();
        let mut waiting_for = std::collections::BTreeSet::new();
        loop {
            let ask: Vec<PeerId> = tokio::select! {
                () = stop.cancelled() => return,
                Some(answer) = asked.next() => {
                    let answer: Answer = answer;
                    waiting_for.remove(&answer.0);
                    self.answered(answer);
                    continue;
                }
                changed = view.changed() => match changed {
                    // Who is new is asked at once.
                    Ok(()) => self.update(),
                    Err(_) => return,
                },
                _ = ticks.tick() => {
                    self.update();
                    self.lock().keys().copied().collect()
                }
            };
            for peer in ask {
                if waiting_for.insert(peer) {
                    asked.push(self.ask(peer));
                }
            }
        }
    }

    /// Takes over who is there; those who are new.
    fn update(&self) -> Vec<PeerId> {
        let live = self.walkie.live(WalkieRoles::WrDataProviderInt);
        let mut new = Vec::new();
        self.change(|known| {
            known.retain(|id, _| live.iter().any(|peer| peer.id == *id));
            for peer in live.into_iter().take(MOST) {
                let addresses = addresses(&peer);
                let candidate = known.entry(peer.id).or_insert_with(|| {
                    tracing::info!(provider = %peer.id, host = peer.hostname, "found a data provider");
                    new.push(peer.id);
                    Candidate {
                        id: peer.id.to_base58().into(),
                        addresses: Vec::new(),
                        info: None,
                        latency: Duration::ZERO,
                        failures: 0,
                    }
                });
                candidate.addresses = addresses;
            }
        });
        new
    }

    fn ask(&self, peer: PeerId) -> BoxFuture<'static, Answer> {
        let mut client = self.walkie.client(peer);
        Box::pin(async move {
            let mut request = Request::new(Empty {});
            request.set_timeout(PATIENCE);
            let asked = Instant::now();
            let answer = client.get_data_provider_info(request).await;
            (peer, asked.elapsed(), answer.map(tonic::Response::into_inner))
        })
    }

    fn answered(&self, (peer, latency, answer): Answer) {
        self.change(|known| {
            let Some(candidate) = known.get_mut(&peer) else { return };
            match answer {
                Ok(info) => {
                    if candidate.failures > 0 {
                        tracing::info!(provider = %peer, "the data provider answers again");
                    }
                    *candidate =
                        Candidate { info: Some(info), latency, failures: 0, ..candidate.clone() };
                }
                Err(status) => {
                    if candidate.failures == 0 {
                        let reason = status.message();
                        tracing::warn!(provider = %peer, reason, "the data provider does not answer");
                    }
                    candidate.failures = candidate.failures.saturating_add(1);
                }
            }
        });
    }

    /// Changes what is known and shows it anew.
    fn change(&self, change: impl FnOnce(&mut BTreeMap<PeerId, Candidate>)) {
        let mut known = self.lock();
        change(&mut known);
        let mut candidates: Vec<_> = known.values().cloned().collect();
        rank(&mut candidates);
        // Shown under the lock, or an older state could be shown last.
        self.ranked.send_if_modified(|ranked| {
            let changed = **ranked != *candidates;
            if changed {
                *ranked = candidates.into();
            }
            changed
        });
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<PeerId, Candidate>> {
        // A change that panicked half way is made good by the next answer.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn addresses(peer: &Peer) -> Vec<String> {
    peer.addresses.iter().map(ToString::to_string).collect()
}

/// What became of everybody who could have been a data provider of ours.
fn why_none(walkie: &Walkie) -> String {
    let role = WalkieRoles::WrDataProviderInt;
    let providers = walkie.peers().into_iter().filter(|peer| peer.role == role);
    let mut reasons: Vec<_> = providers
        .map(|peer| match peer.standing {
            Standing::Live => format!("{} does not answer", peer.id),
            Standing::Lost => format!("{} was there and is not any more", peer.id),
            Standing::Ignored(reason) => format!("{} is not ours: {reason}", peer.id),
        })
        .collect();
    reasons.extend(walkie.boot_nodes().into_iter().filter_map(|node| match node.state {
        BootState::Unreachable(reason) | BootState::Unusable(reason) => {
            Some(format!("boot node {}: {reason}", node.text))
        }
        BootState::Waiting | BootState::Reached(_) => None,
    }));
    if reasons.is_empty() { "none was found".to_owned() } else { reasons.join("; ") }
}
