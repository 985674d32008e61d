use proptest::prelude::*;

use super::*;

fn family() -> Family {
    Family {
        chain_identity: "0xabc".into(),
        bridge_identity: "default".into(),
        any_bridge: false,
        any_chain: false,
    }
}

fn table() -> PeerTable {
    PeerTable::new(PeerId::random(), family())
}

fn info(role: WalkieRoles, chain: &str, bridge: &str) -> WalkieSystemInfo {
    WalkieSystemInfo {
        role: role.into(),
        chain_identity: chain.into(),
        bridge_identity: bridge.into(),
        ..WalkieSystemInfo::default()
    }
}

fn provider() -> WalkieSystemInfo {
    info(WalkieRoles::WrDataProviderInt, "0xabc", "default")
}

fn address(port: u16) -> Multiaddr {
    format!("/ip4/127.0.0.1/tcp/{port}").parse().unwrap()
}

fn standing(table: &PeerTable, peer: PeerId) -> Option<Standing> {
    table.peers().into_iter().find(|known| known.id == peer).map(|known| known.standing)
}

#[test]
fn a_found_peer_is_greeted_at_once_and_listed_when_it_answers() {
    let (mut table, peer, now) = (table(), PeerId::random(), Instant::now());
    table.found(peer, Some(address(1)), now);
    assert_eq!(table.due(now), [peer]);
    assert!(table.due(now).is_empty(), "one greeting at a time");
    assert!(table.peers().is_empty());
    table.greeted(peer, provider(), now);
    assert_eq!(standing(&table, peer), Some(Standing::Live));
    assert!(table.due(now).is_empty());
    assert_eq!(table.due(now + GREET_EVERY).len(), 1);
}

#[test]
fn a_silent_peer_is_lost_within_half_a_minute_and_found_again() {
    let call = Duration::from_secs(5);
    let (mut table, peer, start) = (table(), PeerId::random(), Instant::now());
    table.greeted(peer, provider(), start);
    let mut now = start;
    while standing(&table, peer) == Some(Standing::Live) {
        now += Duration::from_millis(100);
        if !table.due(now).is_empty() {
            now += call;
            table.failed(peer, now, 1.0);
        }
    }
    assert_eq!(standing(&table, peer), Some(Standing::Lost));
    assert!(now - start < Duration::from_secs(30), "{:?}", now - start);

    for _ in 0..20 {
        now += RETRY.longest;
        assert_eq!(table.due(now).len(), 1, "it is tried at least every ten seconds");
        table.failed(peer, now, 1.0);
    }
    table.found(peer, Some(address(9)), now);
    assert_eq!(table.due(now), [peer], "a new address is tried at once");
    table.greeted(peer, provider(), now);
    assert_eq!(standing(&table, peer), Some(Standing::Live));
}

#[test]
fn others_families_are_ignored_but_clients_are_not() {
    use WalkieRoles::{WrClient, WrLifecycleManager};
    let cases = [
        (info(WrLifecycleManager, "0xabc", "default"), false),
        (info(WrLifecycleManager, "0xdef", "default"), true),
        (info(WrLifecycleManager, "0xabc", "test"), true),
        (info(WrClient, "client", "client"), false),
    ];
    for (info, ignored) in cases {
        let (mut table, peer, now) = (table(), PeerId::random(), Instant::now());
        table.greeted(peer, info.clone(), now);
        let standing = standing(&table, peer).unwrap();
        assert_eq!(matches!(standing, Standing::Ignored(_)), ignored, "{info:?}");
        assert_eq!(table.is_live(&peer), !ignored);
    }
    let any = Family { any_bridge: true, ..family() };
    assert_eq!(any.ignores(&info(WrLifecycleManager, "0xabc", "test")), None);
    assert!(any.ignores(&info(WrLifecycleManager, "0xdef", "test")).is_some());
    let client = Family { any_chain: true, ..any };
    assert_eq!(client.ignores(&info(WrLifecycleManager, "0xdef", "test")), None);
}

#[test]
fn a_service_that_introduces_itself_is_asked_in_return() {
    let (mut table, peer, now) = (table(), PeerId::random(), Instant::now());
    table.heard(peer, provider(), now);
    assert!(table.peers().is_empty());
    assert_eq!(table.due(now).len(), 1);
    table.greeted(peer, provider(), now);
    table.heard(peer, provider(), now);
    assert!(table.due(now).is_empty(), "it is known to answer");
}

#[test]
fn a_client_is_not_called_back() {
    let (mut table, peer, now) = (table(), PeerId::random(), Instant::now());
    table.found(peer, None, now);
    table.connected(peer, true, now);
    table.heard(peer, info(WalkieRoles::WrClient, "client", "client"), now);
    assert_eq!(table.peers().len(), 1);
    table.connected(peer, false, now);
    assert!(table.peers().is_empty());
    assert!(table.due(now + FORGET_AFTER).is_empty());
}

#[test]
fn who_never_answers_is_forgotten() {
    let (mut table, stranger) = (table(), PeerId::random());
    let mut now = Instant::now();
    table.found(stranger, Some(address(1)), now);
    for _ in 0..10 {
        now += RETRY.longest;
        for peer in table.due(now) {
            table.failed(peer, now, 0.5);
        }
    }
    assert!(table.entries.is_empty());
}

#[test]
fn the_address_that_worked_comes_first() {
    let (mut table, peer, now) = (table(), PeerId::random(), Instant::now());
    for port in 1..=40 {
        table.found(peer, Some(address(port)), now);
    }
    assert_eq!(table.addresses(&peer).len(), 16);
    assert_eq!(table.addresses(&peer)[0], address(40));
    table.reached(peer, &address(30));
    assert_eq!(table.addresses(&peer)[0], address(30));
}

#[test]
fn it_does_not_know_itself() {
    let (mut table, now) = (table(), Instant::now());
    let own = table.own;
    table.found(own, Some(address(1)), now);
    table.greeted(own, provider(), now);
    assert!(table.due(now).is_empty() && table.peers().is_empty());
}

#[test]
fn strangers_make_room_and_greeted_peers_do_not() {
    let (mut table, now) = (table(), Instant::now());
    let greeted: Vec<_> = (0..MOST_PEERS / 2).map(|_| PeerId::random()).collect();
    for peer in &greeted {
        table.greeted(*peer, provider(), now);
    }
    for _ in 0..2 * MOST_PEERS {
        table.found(PeerId::random(), None, now);
    }
    assert_eq!(table.entries.len(), MOST_PEERS);
    assert_eq!(table.peers().len(), greeted.len());
}

#[derive(Debug, Clone)]
enum Event {
    Found(usize),
    Greeted(usize),
    Failed(usize),
    Connected(usize, bool),
    Due,
}

fn events() -> impl Strategy<Value = Vec<(Event, u64)>> {
    let event = (0..6usize, 0..5u8, any::<bool>()).prop_map(|(at, kind, flag)| match kind {
        0 => Event::Found(at),
        1 => Event::Greeted(at),
        2 => Event::Failed(at),
        3 => Event::Connected(at, flag),
        _ => Event::Due,
    });
    prop::collection::vec((event, 0..5_000u64), 0..200)
}

proptest! {
    /// Whatever happens in whatever order, no two greetings of a peer are under way at once and
    /// nobody waits longer than the longest wait.
    #[test]
    fn greetings_never_overlap_or_stop(events in events()) {
        let peers: Vec<_> = (0..6).map(|_| PeerId::random()).collect();
        let (mut table, mut now) = (table(), Instant::now());
        let mut under_way = std::collections::HashSet::new();
        for (event, later) in events {
            now += Duration::from_millis(later);
            match event {
                Event::Found(at) => table.found(peers[at], Some(address(at as u16)), now),
                Event::Greeted(at) => {
                    table.greeted(peers[at], provider(), now);
                    under_way.remove(&peers[at]);
                }
                Event::Failed(at) => {
                    table.failed(peers[at], now, 0.3);
                    under_way.remove(&peers[at]);
                }
                Event::Connected(at, flag) => table.connected(peers[at], flag, now),
                Event::Due => {
                    for peer in table.due(now) {
                        prop_assert!(under_way.insert(peer));
                    }
                }
            }
        }
        let known = table.entries.len();
        let idle = table.entries.values().filter(|entry| !entry.greeting).count();
        prop_assert!(known <= peers.len());
        prop_assert_eq!(table.due(now + RETRY.longest.max(GREET_EVERY)).len(), idle);
    }
}
