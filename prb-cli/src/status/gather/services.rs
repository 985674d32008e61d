//! The services: those of this host over gRPC, the others as peers.

use std::future::Future;
use std::time::Duration;

use anyhow::Result;
use futures::future::join_all;
use prb_walkie::discovery::table::{Peer, Standing};
use prb_walkie::node::Walkie;
use prb_walkie::proto::lifecycle::UuidQueryRequest;
use prb_walkie::proto::{Empty, WalkieRoles, WalkieSystemInfo, WorkerStateUpdate};

use super::super::facts::{Answer, Service, Told};
use crate::args::ReachArgs;
use crate::peer::Client;
use crate::services::{DATA_PROVIDER, LIFECYCLE, Role, TRADER};

/// Asks all that can be found, each once.
pub(super) async fn ask(
    reach: &ReachArgs,
    walkie: Option<&Walkie>,
) -> Vec<(WalkieRoles, Service<Answer>)> {
    let here = [&DATA_PROVIDER, &LIFECYCLE, &TRADER].map(|role| of_this_host(role, reach));
    let peers = walkie.map(Walkie::peers).unwrap_or_default();
    let elsewhere = walkie.into_iter().flat_map(|walkie| {
        let known = peers.iter().filter(|peer| peer.role != WalkieRoles::WrClient);
        known.map(|peer| of_peer(walkie, peer, reach.timeout()))
    });
    let (here, elsewhere) = tokio::join!(join_all(here), join_all(elsewhere));
    let mut services: Vec<_> = here.into_iter().flatten().collect();
    for (role, service) in elsewhere {
        if !services.iter().any(|(_, it)| it.peer_id == service.peer_id) {
            services.push((role, service));
        }
    }
    // The same order whoever answered first.
    services.sort_by(|(_, a), (_, b)| (&a.hostname, &a.peer_id).cmp(&(&b.hostname, &b.peer_id)));
    services
}

async fn of_this_host(role: &Role, reach: &ReachArgs) -> Option<(WalkieRoles, Service<Answer>)> {
    let silent = |reason| Service {
        peer_id: String::new(),
        hostname: String::new(),
        address: "this host".to_owned(),
        told: Err(reason),
    };
    let asked = async {
        let Some(client) = Client::on_this_host(role, reach).await? else { return Ok(None) };
        let hello: WalkieSystemInfo = client.ask("Hello", &WalkieSystemInfo::default()).await?;
        let told = tell(&client, role.wire).await.map_err(reason);
        let (peer_id, hostname) = (hello.peer_id, hello.hostname);
        Ok(Some(Service { peer_id, hostname, address: client.whom(), told }))
    };
    match within(reach.timeout(), asked).await {
        Ok(None) => None,
        Ok(Some(service)) => Some((role.wire, service)),
        Err(reason) => Some((role.wire, silent(reason))),
    }
}

async fn of_peer(
    walkie: &Walkie,
    peer: &Peer,
    patience: Duration,
) -> (WalkieRoles, Service<Answer>) {
    let client = Client::Peer { walkie: walkie.clone(), peer: peer.id, timeout: patience };
    let told = match &peer.standing {
        Standing::Live => within(patience, tell(&client, peer.role)).await,
        Standing::Lost => Err("it answered once and does not now".to_owned()),
        Standing::Ignored(reason) => Err(reason.clone()),
    };
    let service = Service {
        peer_id: peer.id.to_base58(),
        hostname: peer.hostname.clone(),
        address: peer.addresses.first().map(ToString::to_string).unwrap_or_default(),
        told,
    };
    (peer.role, service)
}

async fn tell(client: &Client, role: WalkieRoles) -> Result<Answer> {
    Ok(match role {
        WalkieRoles::WrDataProviderInt | WalkieRoles::WrDataProviderExt => {
            Answer::Provider(client.ask("GetDataProviderInfo", &Empty {}).await?)
        }
        WalkieRoles::WrLifecycleManager => {
            let all = UuidQueryRequest::default();
            let mut told: WorkerStateUpdate = client.ask("GetWorkerStatus", &all).await?;
            let name = |state: &prb_walkie::proto::WorkerState| {
                state.worker.as_ref().map(|worker| worker.name.clone())
            };
            told.worker_states.sort_by_key(name);
            Answer::Manager(told.worker_states)
        }
        WalkieRoles::WrTrader => Answer::Trader(client.ask("GetTraderStatus", &Empty {}).await?),
        WalkieRoles::WrClient => anyhow::bail!("it is no service"),
    })
}

async fn within<T>(patience: Duration, asked: impl Future<Output = Result<T>>) -> Told<T> {
    match tokio::time::timeout(patience, asked).await {
        Ok(told) => told.map_err(reason),
        Err(_) => Err(format!("it does not answer within {patience:?}")),
    }
}

fn reason(error: anyhow::Error) -> String {
    crate::exit::reasons(Err(error.into())).join("; ")
}
