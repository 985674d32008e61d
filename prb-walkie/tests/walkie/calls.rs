//! Calls between two nodes.

use std::time::{Duration, Instant};

use futures::future::join_all;
use prb_walkie::node::{Multiplexing, Walkie};
use prb_walkie::proto::data_provider::{GetBlob, GetBlobByKey};
use prb_walkie::proto::lifecycle::{
    CreatePool, CreateWorker, UpdatePool, UpdateWorker, UuidQueryRequest, update_pool,
    update_worker,
};
use prb_walkie::proto::worker_state::Status as Stage;
use prb_walkie::proto::{AuthRequest, AuthStatus, Empty, WalkieRoles, WalkieSystemInfo, db};
use prb_walkie::rpc::{CallError, method};
use prb_walkie::{PeerId, access};
use serde_json::json;
use tonic::{Code, Request};

use crate::fixture::{body, config, held, pair, start};

async fn blob(walkie: &Walkie, peer: PeerId, key: &str) -> Result<Vec<u8>, tonic::Status> {
    let request = GetBlobByKey { key: key.into(), ..Default::default() };
    let blob = walkie.client(peer).get_blob_by_key(request).await?.into_inner();
    assert_eq!(blob.key, key, "another call's answer");
    Ok(blob.data.into())
}

#[tokio::test(flavor = "multi_thread")]
async fn hello_says_who_answers_and_what_the_caller_may() {
    let (caller, server) = pair().await;
    let hello = WalkieSystemInfo::default();
    let answer = caller.client(server.peer_id()).hello(hello).await.unwrap().into_inner();
    assert_eq!(answer.peer_id, server.peer_id().to_base58());
    assert_eq!(answer.role(), WalkieRoles::WrLifecycleManager);
    assert_eq!(answer.chain_identity, "0xabc");
    assert_eq!(answer.auth(), prb_walkie::proto::AuthStatus::AsNeedAuth);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lies_about_its_id_is_refused() {
    let (caller, server) = pair().await;
    let lie = WalkieSystemInfo {
        role: WalkieRoles::WrDataProviderInt.into(),
        peer_id: PeerId::random().to_base58(),
        ..WalkieSystemInfo::default()
    };
    let refused = caller.client(server.peer_id()).hello(lie).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
}

#[tokio::test(flavor = "multi_thread")]
async fn handlers_know_who_calls() {
    let (caller, server) = pair().await;
    let seen = blob(&caller, server.peer_id(), "caller").await.unwrap();
    assert_eq!(seen, caller.peer_id().to_base58().into_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn large_bodies_go_both_ways() {
    let (caller, mut server) = pair().await;
    let key = "size:20000000";
    let data = blob(&caller, server.peer_id(), key).await.unwrap();
    assert_eq!(data, body(key, 20_000_000));

    server.shutdown().await;
    let mut open = config(WalkieRoles::WrLifecycleManager);
    open.access.mode = access::Mode::Open;
    server = start(open).await;
    caller.dial(server.listeners()[0].clone()).await.unwrap();
    let name = "n".repeat(20_000_000);
    let pools = vec![db::Pool { name: name.clone(), ..db::Pool::default() }];
    let mut request = Request::new(CreatePool { pools });
    request.set_timeout(Duration::from_mins(2));
    let created = caller.client(server.peer_id()).create_pool(request).await.unwrap();
    assert_eq!(created.into_inner().pools[0].name, name);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_the_limit_is_refused_and_the_next_call_goes_through() {
    let mut small = config(WalkieRoles::WrDataProviderInt);
    small.limits.message_bytes = 1 << 20;
    let (caller, server) = (start(config(WalkieRoles::WrClient)).await, start(small).await);
    let peer = caller.dial(server.listeners()[0].clone()).await.unwrap();
    let long = GetBlobByKey { key: "x".repeat(2 << 20), ..Default::default() };
    assert!(caller.client(peer).get_blob_by_key(long).await.is_err());
    let refused = blob(&caller, peer, "size:1100000").await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert_eq!(blob(&caller, peer, "size:1000000").await.unwrap().len(), 1_000_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_keep_their_code_and_message() {
    let (caller, server) = pair().await;
    for code in 1..=16 {
        let refused = blob(&caller, server.peer_id(), &format!("refuse:{code}")).await.unwrap_err();
        assert_eq!(refused.code(), Code::from(code));
        if refused.code() != Code::Unimplemented {
            assert_eq!(refused.message(), "as asked");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_not_found() {
    let mut open = config(WalkieRoles::WrDataProviderInt);
    open.access.mode = access::Mode::Open;
    let (caller, server) = (start(config(WalkieRoles::WrClient)).await, start(open).await);
    let peer = caller.dial(server.listeners()[0].clone()).await.unwrap();
    let second = Duration::from_secs(5);
    for name in ["WantBlob", "constructor", "", "../Hello"] {
        let CallError::Refused { status, .. } =
            caller.call(peer, name, b"", second).await.unwrap_err()
        else {
            panic!("{name} is answered")
        };
        assert_eq!(
            (status.code(), status.message()),
            (Code::Unimplemented, "Handler not implemented.")
        );
    }
    let stream = caller.call(peer, "WatchWorkerStatus", b"", second).await.unwrap_err();
    assert!(stream.to_string().contains("call it over gRPC"), "{stream}");
    let malformed = caller.call(peer, "GetBlobByKey", b"\xff\xff", second).await.unwrap_err();
    assert!(matches!(malformed, CallError::Refused { .. }), "{malformed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_panics_fails_its_own_call_alone() {
    let (caller, server) = pair().await;
    let peer = server.peer_id();
    let calls = (0..40).map(|at| {
        let caller = caller.clone();
        async move {
            let key = if at % 4 == 0 { "panic".into() } else { format!("wait:100#{at}") };
            (at % 4 == 0, blob(&caller, peer, &key).await)
        }
    });
    for (panicked, answered) in join_all(calls).await {
        match answered {
            Ok(_) => assert!(!panicked),
            Err(status) => assert!(panicked && status.code() == Code::Internal, "{status}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_ends_at_its_deadline_and_so_does_its_handler() {
    let (caller, server) = pair().await;
    let mut request = Request::new(GetBlobByKey { key: "wait:60000".into(), ..Default::default() });
    request.set_timeout(Duration::from_millis(300));
    let started = Instant::now();
    let late = caller.client(server.peer_id()).get_blob_by_key(request).await.unwrap_err();
    assert_eq!(late.code(), Code::DeadlineExceeded);
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(blob(&caller, server.peer_id(), "size:1").await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_gives_a_call_up_makes_room_for_another() {
    let mut narrow = config(WalkieRoles::WrClient);
    narrow.limits.calls = 4;
    let (caller, server) = (start(narrow).await, start(config(WalkieRoles::WrTrader)).await);
    let peer = caller.dial(server.listeners()[0].clone()).await.unwrap();
    let hold = || {
        let caller = caller.clone();
        tokio::spawn(async move { blob(&caller, peer, "hold:1").await })
    };
    let held_calls: Vec<_> = (0..4).map(|_| hold()).collect();
    held(1, 4).await;
    let busy = blob(&caller, peer, "size:1").await.unwrap_err();
    assert_eq!(busy.code(), Code::ResourceExhausted);
    for call in held_calls {
        call.abort();
    }
    let freed = async {
        while blob(&caller, peer, "size:1").await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), freed).await.expect("calls go out again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_ends_with_its_callers_connection() {
    let (caller, server) = pair().await;
    let peer = server.peer_id();
    let calling = caller.clone();
    let call = tokio::spawn(async move { blob(&calling, peer, "hold:2").await });
    held(2, 1).await;
    caller.shutdown().await;
    held(2, 0).await;
    assert!(call.await.unwrap().is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_counted_by_method_and_by_how_they_ended() {
    let (caller, server) = pair().await;
    let (peer, requests) = (server.peer_id(), server.requests());
    for key in ["size:1", "size:2", "refuse:5", "panic"] {
        let _ = blob(&caller, peer, key).await;
    }
    for name in ["no method", "WatchWorkerStatus", "ListPool"] {
        assert!(caller.call(peer, name, b"", Duration::from_secs(30)).await.is_err());
    }
    let calling = caller.clone();
    let call = tokio::spawn(async move { blob(&calling, peer, "hold:4").await });
    held(4, 1).await;
    caller.shutdown().await;
    assert!(call.await.unwrap().is_err());
    held(4, 0).await;
    server.shutdown().await;
    let counted = requests.counts().into_iter().map(|it| (it.method, it.outcome, it.count));
    // Those greet each other when they please.
    let counted: Vec<_> = counted.filter(|(method, ..)| *method != "Hello").collect();
    let expected = [
        ("GetBlobByKey", "given_up", 1),
        ("GetBlobByKey", "internal", 1),
        ("GetBlobByKey", "not_found", 1),
        ("GetBlobByKey", "ok", 2),
        ("ListPool", "permission_denied", 1),
        ("WatchWorkerStatus", "not_found", 1),
        ("unknown", "unimplemented", 1),
    ];
    assert_eq!(counted, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_kinds_of_addresses_are_listened_on_and_called() {
    let mut both = config(WalkieRoles::WrTrader);
    both.listen = ["/ip4/127.0.0.1/tcp/0", "/ip6/::1/tcp/0", "/ip4/127.0.0.1/tcp/0"]
        .map(|at| at.parse().unwrap())
        .into();
    let server = start(both).await;
    let places = server.listeners();
    assert_eq!(places.len(), 3, "{places:?}");
    for place in places {
        let caller = start(config(WalkieRoles::WrClient)).await;
        let peer = caller.dial(place.clone()).await.unwrap();
        assert_eq!(blob(&caller, peer, "size:9").await.unwrap().len(), 9, "{place}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_go_through_mplex_alone_too() {
    let mut older = config(WalkieRoles::WrClient);
    older.multiplexing = Multiplexing::MplexAlone;
    let (caller, server) = (start(older).await, start(config(WalkieRoles::WrTrader)).await);
    let peer = caller.dial(server.listeners()[0].clone()).await.unwrap();
    let calls = (0..100).map(|at| {
        let caller = caller.clone();
        async move {
            let key = format!("size:{}#{at}", at * 2000);
            assert_eq!(blob(&caller, peer, &key).await.unwrap(), body(&key, at * 2000));
        }
    });
    join_all(calls).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_or_absent_peer_is_an_error_that_says_where_it_tried() {
    let (caller, server) = pair().await;
    let second = Duration::from_secs(5);
    let unknown = caller.call(PeerId::random(), "Hello", b"", second).await.unwrap_err();
    assert!(unknown.to_string().contains("no known address"), "{unknown}");

    let place = server.listeners()[0].clone();
    server.shutdown().await;
    let gone = caller.call(server.peer_id(), "Hello", b"", second).await.unwrap_err();
    assert!(matches!(gone, CallError::Unreachable { .. }), "{gone}");
    let refused = caller.dial(place).await.unwrap_err().to_string();
    assert!(refused.contains("refused"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_peer_at_the_address_is_not_taken_for_the_one_meant() {
    let (caller, server) = pair().await;
    let other = PeerId::random();
    let place = server.listeners()[0].clone().with_p2p(other).unwrap();
    let refused = caller.dial(place).await.unwrap_err().to_string();
    assert!(refused.contains("another peer is there"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_times_a_hundred_calls_at_once_all_get_their_own_answer() {
    let (caller, server) = pair().await;
    let peer = server.peer_id();
    for round in 0..20 {
        let calls = (0..100).map(|at| {
            let caller = caller.clone();
            async move {
                let (key, length) = match at % 3 {
                    0 => (format!("size:{}#{round}-{at}", at * 1000), at * 1000),
                    1 => (format!("size:{at}#{round}-{at}"), at),
                    _ => (format!("wait:5#{round}-{at}"), 10),
                };
                let data = blob(&caller, peer, &key).await.unwrap();
                assert_eq!(data, body(&key, length));
            }
        });
        join_all(calls).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_client_calls_every_method() {
    let (caller, _) = pair().await;
    let mut open = config(WalkieRoles::WrLifecycleManager);
    open.access.mode = access::Mode::Open;
    let server = start(open).await;
    let peer = caller.dial(server.listeners()[0].clone()).await.unwrap();
    let mut client = caller.client(peer);
    let info = client.get_data_provider_info(Empty {}).await.unwrap().into_inner();
    assert_eq!((info.para_id, info.para_committed_height), (2004, -1));
    assert_eq!(client.list_pool(Empty {}).await.unwrap().into_inner().pools[0].pid, 1 << 40);
    assert_eq!(client.list_worker(Empty {}).await.unwrap().into_inner().workers.len(), 1);
    let ids = || UuidQueryRequest { ids: vec!["a".into(), "b".into()] };
    let answers = [
        (client.get_worker_status(ids()).await, Stage::SIdle),
        (client.restart_worker(ids()).await, Stage::SStarting),
        (client.refresh_ra_and_restart_worker(ids()).await, Stage::SPreActive),
        (client.kick_worker(ids()).await, Stage::SKicked),
    ];
    for (answer, stage) in answers {
        let states = answer.unwrap().into_inner().worker_states;
        assert_eq!((states[1].public_key.as_str(), states[1].status()), ("b", stage));
    }
    let pool = || db::Pool { name: "new".into(), ..db::Pool::default() };
    let created = client.create_pool(CreatePool { pools: vec![pool()] }).await.unwrap();
    let items = vec![update_pool::Item { id: None, pool: Some(pool()) }];
    let updated = client.update_pool(UpdatePool { items }).await.unwrap();
    assert_eq!(
        (created.into_inner().pools, updated.into_inner().pools),
        (vec![pool()], vec![pool()])
    );
    let worker = || db::Worker { name: "new".into(), ..db::Worker::default() };
    let created = client.create_worker(CreateWorker { workers: vec![worker()] }).await.unwrap();
    let items = vec![update_worker::Item { id: None, worker: Some(worker()) }];
    let updated = client.update_worker(UpdateWorker { items }).await.unwrap();
    assert_eq!(created.into_inner().workers, updated.into_inner().workers);
    let rejected = client.auth(AuthRequest::default()).await.unwrap().into_inner();
    assert_eq!(rejected.status(), AuthStatus::AsRejected);
    let missing = client.get_blob_with_token(GetBlob::default()).await.unwrap_err();
    assert_eq!(missing.code(), Code::Unimplemented);
    let refused = client.update_worker(UpdateWorker::default()).await.unwrap_err();
    assert_eq!((refused.code(), refused.message()), (Code::InvalidArgument, "stake: not a number"));
}

#[tokio::test(flavor = "multi_thread")]
async fn json_shows_zeros_and_errors_as_older_peers_do() {
    let mut read = config(WalkieRoles::WrLifecycleManager);
    read.access.mode = access::Mode::Read;
    let (caller, server) = (start(config(WalkieRoles::WrClient)).await, start(read).await);
    let peer = caller.dial(server.listeners()[0].clone()).await.unwrap();
    let call = async |name: &str, request| {
        let method = method(name).unwrap();
        caller.call_json(peer, method, &request, Duration::from_secs(5)).await.unwrap()
    };
    let pools = call("ListPool", json!({})).await;
    assert_eq!(pools["hasError"], false);
    let pool = &pools["data"]["pools"][0];
    assert_eq!(pool["pid"], "1099511627776");
    assert_eq!(pool["deleted"], false);
    let states = call("GetWorkerStatus", json!({ "ids": ["a"] })).await;
    let state = &states["data"]["workerStates"][0];
    assert_eq!(state["status"], "S_IDLE");
    assert_eq!(state["paraHeaderSynchedTo"], 0);
    assert_eq!(state["parentHeaderSynchedTo"], -1);

    let refused = call("KickWorker", json!({ "ids": [] })).await;
    assert_eq!(refused["hasError"], true);
    assert_eq!(refused["error"]["type"], 4);
    assert_eq!(refused["meta"]["error"]["type"], "UNAUTHORIZED");
    assert!(refused.get("data").is_none());
}
