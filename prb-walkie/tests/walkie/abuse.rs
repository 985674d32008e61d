//! Peers that abuse a node: it refuses them, its memory stays bounded, and others go on.

use std::future::Future;
use std::time::{Duration, Instant};

use futures::future::join_all;
use prb_walkie::node::{Multiplexing, Walkie};
use prb_walkie::proto::data_provider::GetBlobByKey;
use prb_walkie::proto::{
    WalkieRoles, WalkieRpcRequestWrapper, WalkieRpcResponseWrapper, WalkieSystemInfo,
};
use prb_walkie::{Multiaddr, PeerId};
use prost::Message;

use crate::fixture::{CHAIN, body, config, eventually, start};
use crate::processes::{Server, run, said};
use crate::stranger::{self, Said};

const MEGABYTE: usize = 1 << 20;
const PATIENCE: Duration = Duration::from_secs(3);

/// Somebody who calls as one should, and is always answered.
struct Honest {
    walkie: Walkie,
    server: PeerId,
}

impl Honest {
    async fn meet(place: &Multiaddr) -> Self {
        let walkie = start(config(WalkieRoles::WrClient)).await;
        let server = walkie.dial(place.clone()).await.unwrap();
        let honest = Self { walkie, server };
        for at in 0..20 {
            honest.call(at).await;
        }
        honest
    }

    async fn call(&self, at: usize) {
        let key = format!("size:10000#{at}");
        let request = GetBlobByKey { key: key.clone(), ..Default::default() };
        let answer = self.walkie.client(self.server).get_blob_by_key(request).await.unwrap();
        assert_eq!(answer.into_inner().data, body(&key, 10_000));
    }

    /// Calls again and again until the abuse is over.
    async fn calls_during<T>(&self, abuse: impl Future<Output = T>) -> T {
        let (started, mut calls, mut slowest) = (Instant::now(), 0, Duration::ZERO);
        let calling = async {
            loop {
                let asked = Instant::now();
                self.call(calls).await;
                slowest = slowest.max(asked.elapsed());
                calls += 1;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let outcome = tokio::select! {
            outcome = abuse => outcome,
            () = calling => unreachable!("it goes on"),
        };
        let took = started.elapsed();
        eprintln!("{calls} calls were answered in {took:.1?}, the slowest in {slowest:.1?}");
        assert!(calls > 0, "no call went on meanwhile");
        outcome
    }
}

/// Runs the abuse, and holds the most memory that the server ever took against `most` more bytes
/// than it had before.
async fn abused<T>(
    server: &Server,
    honest: &Honest,
    most: usize,
    abuse: impl Future<Output = T>,
) -> T {
    let (before, _) = server.memory();
    let outcome = honest.calls_during(abuse).await;
    let (after, peak) = server.memory();
    let [grown, kept] = [peak, after].map(|bytes| bytes.saturating_sub(before) / MEGABYTE);
    eprintln!("its memory grew by {grown} MiB, and then was {kept} MiB more than before");
    assert!(grown <= most / MEGABYTE, "its memory grew by {grown} MiB");
    outcome
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_connections_of_another_process_do_not_disturb_a_peer() {
    let server = Server::start(128 * MEGABYTE, 512 * MEGABYTE, PATIENCE);
    let honest = Honest::meet(&server.place).await;
    let port = server.place.to_string().rsplit('/').next().unwrap().to_owned();
    let flood = tokio::task::spawn_blocking(move || {
        said(run("connections", &format!("127.0.0.1:{port}"), 0), "opened")
    });
    let opened = abused(&server, &honest, 64 * MEGABYTE, flood).await.unwrap();
    let opened: usize = opened.parse().unwrap();
    eprintln!("{opened} connections were made");
    assert!(opened > 9_000, "{opened} connections were made");

    // The handshakes that never came are given up within ten seconds, then others get in.
    let late = start(config(WalkieRoles::WrClient)).await;
    let deadline = Instant::now() + Duration::from_secs(30);
    while late.dial(server.place.clone()).await.is_err() {
        assert!(Instant::now() < deadline, "nobody gets in any more");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Four peers at once, each saying `said` on so many streams; all are refused.
async fn refused(server: &Server, multiplexing: Multiplexing, streams: usize, said: &Said) {
    // Over mplex a stream that is given up is often not told so while nothing else goes that way.
    let told = multiplexing == Multiplexing::YamuxFirst;
    let within = if told { Duration::from_mins(1) } else { 3 * PATIENCE };
    let peers = (0..4).map(|_| {
        let said = vec![said.clone(); streams];
        tokio::spawn(stranger::say(server.place.clone(), multiplexing, said, within))
    });
    for outcomes in join_all(peers).await {
        let outcomes = outcomes.unwrap();
        assert!(!told || outcomes.len() == streams, "{} of {streams}", outcomes.len());
        for outcome in outcomes {
            // Nothing at all is what a stream that is given up leaves.
            assert!(outcome.is_err() || outcome.as_ref().is_ok_and(Vec::is_empty), "{outcome:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_over_the_limit_take_no_memory_and_others_go_on() {
    let server = Server::start(4 * MEGABYTE, 32 * MEGABYTE, Duration::from_secs(30));
    let honest = Honest::meet(&server.place).await;
    let long = Said { bytes: vec![0; 24 * MEGABYTE], ends: true };
    for multiplexing in [Multiplexing::YamuxFirst, Multiplexing::MplexAlone] {
        let abuse = refused(&server, multiplexing, 10, &long);
        abused(&server, &honest, 96 * MEGABYTE, abuse).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_that_never_end_are_given_up_and_others_go_on() {
    let server = Server::start(4 * MEGABYTE, 32 * MEGABYTE, PATIENCE);
    let honest = Honest::meet(&server.place).await;
    for (streams, length) in [(400, 1), (20, 3 * MEGABYTE)] {
        let endless = Said { bytes: vec![0; length], ends: false };
        for multiplexing in [Multiplexing::YamuxFirst, Multiplexing::MplexAlone] {
            let started = Instant::now();
            let abuse = refused(&server, multiplexing, streams, &endless);
            abused(&server, &honest, 96 * MEGABYTE, abuse).await;
            assert!(started.elapsed() >= PATIENCE, "they were waited for");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_answers_for_another_is_not_listed_and_others_are() {
    let other = PeerId::random().to_base58();
    let (greetings, mut greeted) = tokio::sync::mpsc::channel(8);
    let place = stranger::listen(move |request| {
        let request = WalkieRpcRequestWrapper::decode(&request[..]).unwrap();
        let _enough_were_counted = greetings.try_send(request.method);
        let role = WalkieRoles::WrDataProviderInt.into();
        let lie = WalkieSystemInfo {
            role,
            peer_id: other.clone(),
            chain_identity: CHAIN.into(),
            bridge_identity: "default".into(),
            ..WalkieSystemInfo::default()
        };
        let answer = WalkieRpcResponseWrapper {
            request_nonce: request.nonce,
            data: lie.encode_to_vec().into(),
            ..WalkieRpcResponseWrapper::default()
        };
        answer.encode_to_vec()
    })
    .await;
    let provider = start(config(WalkieRoles::WrDataProviderInt)).await;
    let mut manager = config(WalkieRoles::WrLifecycleManager);
    manager.discovery.boot_nodes =
        [&place, &provider.listeners()[0]].map(ToString::to_string).into();
    let manager = start(manager).await;
    let found = |walkie: &Walkie| walkie.live(WalkieRoles::WrDataProviderInt).pop();
    let found = eventually(&manager, Duration::from_secs(20), found).await;
    assert_eq!(found.id, provider.peer_id());
    for _ in 0..3 {
        let method = tokio::time::timeout(Duration::from_secs(30), greeted.recv()).await;
        assert_eq!(method.expect("it is greeted").unwrap(), "Hello");
    }
    assert_eq!(manager.peers().len(), 1, "the liar is not among them");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: longer than a connection may be idle"]
async fn a_connection_that_is_used_lasts() {
    let server = Server::start(4 * MEGABYTE, 32 * MEGABYTE, PATIENCE);
    let honest = Honest::meet(&server.place).await;
    honest.calls_during(tokio::time::sleep(Duration::from_secs(75))).await;
}
