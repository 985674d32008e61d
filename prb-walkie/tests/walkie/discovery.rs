//! Finding peers, losing them, finding them again.

use std::time::{Duration, Instant};

use prb_walkie::discovery::boot::BootState;
use prb_walkie::discovery::table::Standing;
use prb_walkie::node::Walkie;
use prb_walkie::proto::WalkieRoles;

use crate::fixture::{config, eventually, identity, start};

const SOON: Duration = Duration::from_secs(10);

fn live(role: WalkieRoles) -> impl FnMut(&Walkie) -> Option<prb_walkie::PeerId> {
    move |walkie| walkie.live(role).pop().map(|peer| peer.id)
}

fn booted(role: WalkieRoles, at: &Walkie) -> prb_walkie::node::Config {
    let mut config = config(role);
    config.discovery.boot_nodes = vec![at.listeners()[0].to_string()];
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn a_boot_node_and_its_visitor_find_each_other() {
    let manager = start(config(WalkieRoles::WrLifecycleManager)).await;
    let provider = start(booted(WalkieRoles::WrDataProviderInt, &manager)).await;
    let found = eventually(&provider, SOON, live(WalkieRoles::WrLifecycleManager)).await;
    assert_eq!(found, manager.peer_id());
    let found = eventually(&manager, SOON, live(WalkieRoles::WrDataProviderInt)).await;
    assert_eq!(found, provider.peer_id());
    let peer = manager.peers().remove(0);
    assert_eq!((peer.hostname.as_str(), peer.chain_identity.as_str()), ("test", "0xabc"));
    assert!(peer.addresses.contains(&provider.listeners()[0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn visitors_of_one_boot_node_find_each_other_through_it() {
    let boot = start(config(WalkieRoles::WrTrader)).await;
    let manager = start(booted(WalkieRoles::WrLifecycleManager, &boot)).await;
    eventually(&manager, SOON, live(WalkieRoles::WrTrader)).await;
    let provider = start(booted(WalkieRoles::WrDataProviderInt, &boot)).await;
    let within = Duration::from_secs(30);
    let found = eventually(&manager, within, live(WalkieRoles::WrDataProviderInt)).await;
    assert_eq!(found, provider.peer_id());
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_ignored_with_a_reason() {
    let manager = start(config(WalkieRoles::WrLifecycleManager)).await;
    let mut other = booted(WalkieRoles::WrDataProviderInt, &manager);
    other.introduction.bridge_identity = "test".into();
    let other = start(other).await;
    let ignored = |walkie: &Walkie| match walkie.peers().pop()?.standing {
        Standing::Ignored(reason) => Some(reason),
        _ => None,
    };
    let reason = eventually(&manager, SOON, ignored).await;
    assert_eq!(reason, "it is in another namespace (test)");
    eventually(&other, SOON, ignored).await;
    assert!(manager.live(WalkieRoles::WrDataProviderInt).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn boot_nodes_that_cannot_be_used_are_said_and_tried_again() {
    let spare = start(config(WalkieRoles::WrTrader)).await;
    let place = spare.listeners()[0].clone();
    spare.shutdown().await;

    let mut hopeful = config(WalkieRoles::WrLifecycleManager);
    hopeful.discovery.boot_nodes =
        vec!["/ip4/127.0.0.1/tcp/0".into(), "nonsense".into(), place.to_string()];
    let hopeful = start(hopeful).await;
    let failed = |walkie: &Walkie| {
        let states: Vec<_> = walkie.boot_nodes().into_iter().map(|node| node.state).collect();
        matches!(states[2], BootState::Unreachable(_)).then_some(states)
    };
    let states = eventually(&hopeful, SOON, failed).await;
    assert!(matches!(states[0], BootState::Unusable(_)));
    assert!(matches!(states[1], BootState::Unusable(_)));

    let mut late = config(WalkieRoles::WrDataProviderInt);
    late.listen = vec![place];
    let late = start(late).await;
    let found =
        eventually(&hopeful, Duration::from_secs(30), live(WalkieRoles::WrDataProviderInt)).await;
    assert_eq!(found, late.peer_id());
    assert_eq!(hopeful.boot_nodes()[2].state, BootState::Reached(late.peer_id()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_stops_is_lost_and_found_again_elsewhere() {
    let manager = start(config(WalkieRoles::WrLifecycleManager)).await;
    let key = identity();
    let provider = booted(WalkieRoles::WrDataProviderInt, &manager);
    let first = Walkie::builder(provider.clone()).start(&key).await.unwrap();
    eventually(&manager, SOON, live(WalkieRoles::WrDataProviderInt)).await;

    first.shutdown().await;
    let stopped = Instant::now();
    let lost = |walkie: &Walkie| (walkie.peers()[0].standing == Standing::Lost).then_some(());
    eventually(&manager, Duration::from_secs(30), lost).await;
    assert!(manager.live(WalkieRoles::WrDataProviderInt).is_empty());

    let again = Walkie::builder(provider).start(&key).await.unwrap();
    assert_ne!(again.listeners(), first.listeners());
    let found =
        eventually(&manager, Duration::from_secs(30), live(WalkieRoles::WrDataProviderInt)).await;
    assert_eq!(found, again.peer_id());
    eprintln!("lost and found within {:?}", stopped.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_its_own_boot_node_does_not_list_itself() {
    let mut own = config(WalkieRoles::WrLifecycleManager);
    own.listen = vec!["/ip4/127.0.0.1/tcp/28471".parse().unwrap()];
    own.discovery.boot_nodes = vec!["/ip4/127.0.0.1/tcp/28471".into()];
    let own = start(own).await;
    let said = |walkie: &Walkie| match walkie.boot_nodes().pop()?.state {
        BootState::Unreachable(reason) => Some(reason),
        _ => None,
    };
    let reason = eventually(&own, SOON, said).await;
    assert!(reason.ends_with("that is this node"), "{reason}");
    assert!(own.peers().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_port_is_one_clear_error_and_no_ipv6_is_none() {
    let first = start(config(WalkieRoles::WrTrader)).await;
    let mut second = config(WalkieRoles::WrTrader);
    second.listen = first.listeners();
    let error = Walkie::builder(second).start(&identity()).await.unwrap_err().to_string();
    assert!(error.starts_with("cannot listen on /ip4/127.0.0.1/tcp/"), "{error}");
    assert!(error.contains("in use"), "{error}");

    let mut both = config(WalkieRoles::WrTrader);
    both.listen =
        ["/ip4/0.0.0.0/tcp/28472", "/ip6/::/tcp/28472"].map(|at| at.parse().unwrap()).into();
    let both = start(both).await;
    assert!(!both.listeners().is_empty());
}
