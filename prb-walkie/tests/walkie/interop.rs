//! Against a peer made of the packages that version 2 is made of: js-libp2p with mplex alone.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use prb_walkie::node::Walkie;
use prb_walkie::proto::data_provider::{GetBlobByKey, WantBlob};
use prb_walkie::proto::lifecycle::{CreatePool, CreateWorker, UpdateWorker};
use prb_walkie::proto::{Empty, WalkieRoles, db};
use prb_walkie::rpc::status::NOT_IMPLEMENTED as MISSING;
use prb_walkie::rpc::{Method, method, methods};
use prb_walkie::{Multiaddr, PeerId, access};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tonic::{Code, Request};

use crate::fixture::{CHAIN, body, config, eventually, identity, start};

const SOON: Duration = Duration::from_mins(1);

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/interop/walkie")
}

/// Whether to leave these tests out; without Node.js or its packages they fail loudly.
fn skipped() -> bool {
    if std::env::var_os("PRB_SKIP_INTEROP").is_some() {
        eprintln!("SKIPPED by PRB_SKIP_INTEROP: nothing was tested against a version 2 peer");
        return true;
    }
    assert!(
        folder().join("node_modules/libp2p").exists(),
        "no packages in {}: run `npm ci` there, or set PRB_SKIP_INTEROP=1",
        folder().display()
    );
    false
}

/// A running JavaScript peer.
struct JavaScript {
    _process: Child,
    commands: ChildStdin,
    events: Lines<BufReader<ChildStdout>>,
    id: PeerId,
    address: Multiaddr,
}

impl JavaScript {
    async fn start(options: Value) -> Self {
        let mut process = Command::new("node")
            .arg("peer.js")
            .arg(options.to_string())
            .current_dir(folder())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("Node.js is needed for these tests, or PRB_SKIP_INTEROP=1");
        let commands = process.stdin.take().unwrap();
        let mut events = BufReader::new(process.stdout.take().unwrap()).lines();
        let ready = next(&mut events, "ready").await;
        let id = ready["peerId"].as_str().unwrap().parse().unwrap();
        let address = ready["addresses"][0].as_str().unwrap().parse().unwrap();
        Self { _process: process, commands, events, id, address }
    }

    async fn event(&mut self, name: &str) -> Value {
        next(&mut self.events, name).await
    }

    async fn ask(&mut self, command: Value) -> Vec<Value> {
        self.commands.write_all(format!("{command}\n").as_bytes()).await.unwrap();
        let Value::Array(results) = self.event("answered").await["results"].take() else {
            panic!("no results")
        };
        results
    }

    async fn call(&mut self, walkie: &Walkie, method: &str, request: Value) -> Value {
        let command = json!({ "target": target(walkie), "method": method, "request": request });
        self.ask(command).await.remove(0)
    }
}

async fn next(events: &mut Lines<BufReader<ChildStdout>>, name: &str) -> Value {
    let search = async {
        loop {
            let line = events.next_line().await.unwrap().expect("the JavaScript peer goes on");
            let event: Value = serde_json::from_str(&line).unwrap();
            assert_ne!(event["event"], "failed", "{event}");
            if event["event"] == name {
                return event;
            }
        }
    };
    tokio::time::timeout(SOON * 3, search).await.unwrap_or_else(|_| panic!("no {name}"))
}

fn target(walkie: &Walkie) -> String {
    walkie.listeners()[0].clone().with_p2p(walkie.peer_id()).unwrap().to_string()
}

async fn open_manager() -> Walkie {
    let mut config = config(WalkieRoles::WrLifecycleManager);
    config.access.mode = access::Mode::Open;
    start(config).await
}

fn manager() -> Value {
    json!({ "role": 3, "chainIdentity": CHAIN, "bridgeIdentity": "default" })
}

type Expected = Option<(&'static str, Value)>;

/// Every method, a request for it, and a value in the answer; what is not handled by peers of the
/// field has none.
fn every_method() -> Vec<(&'static str, Value, Expected)> {
    let pool = || json!({ "name": "new", "pid": "7", "syncOnly": true });
    let worker = || json!({ "name": "new", "stake": "1000000000000000000000" });
    let ids = || json!({ "ids": ["a"] });
    let name = |of: &'static str| Some((of, json!("new")));
    let status = |status: &str| Some(("/workerStates/0/status", json!(status)));
    vec![
        ("Hello", json!({ "role": 0 }), Some(("/role", json!("WR_LIFECYCLE_MANAGER")))),
        ("Auth", json!({ "type": 1, "authString": "00" }), Some(("/status", json!("AS_REJECTED")))),
        ("GetDataProviderInfo", json!({}), Some(("/paraId", json!(2004)))),
        ("GetBlobByKey", json!({ "key": "size:77" }), Some(("/bytes", json!(77)))),
        ("WantBlob", json!({ "number": 1 }), None),
        ("GetBlobWithToken", json!({ "token": "t" }), None),
        ("ReportBadBlock", json!({ "number": 1 }), None),
        ("GetTraderStatus", json!({}), None),
        ("ExplainWorker", ids(), None),
        ("ListWorkerMessage", ids(), None),
        ("CheckpointWorker", ids(), None),
        ("DrainWorker", ids(), None),
        ("StopWorker", ids(), None),
        ("RetireWorker", ids(), None),
        ("StartWorker", ids(), None),
        ("ListPool", json!({}), Some(("/pools/0/pid", json!("1099511627776")))),
        ("CreatePool", json!({ "pools": [pool()] }), name("/pools/0/name")),
        (
            "UpdatePool",
            json!({ "items": [{ "id": { "pid": "7" }, "pool": pool() }] }),
            name("/pools/0/name"),
        ),
        ("ListWorker", json!({}), Some(("/workers/0/name", json!("worker")))),
        ("CreateWorker", json!({ "workers": [worker()] }), name("/workers/0/name")),
        (
            "UpdateWorker",
            json!({ "items": [{ "id": { "name": "w" }, "worker": worker() }] }),
            name("/workers/0/name"),
        ),
        ("RestartWorker", ids(), status("S_STARTING")),
        ("RefreshRaAndRestartWorker", ids(), status("S_PRE_ACTIVE")),
        ("KickWorker", ids(), status("S_KICKED")),
        ("GetWorkerStatus", ids(), status("S_IDLE")),
    ]
}

#[test]
fn every_method_is_tried() {
    let tried: HashSet<_> = every_method().into_iter().map(|(name, ..)| name).collect();
    let unary = methods().filter(|method| !method.is_streaming()).map(Method::name);
    assert_eq!(tried, unary.collect());
}

#[tokio::test(flavor = "multi_thread")]
async fn javascript_calls_every_method() {
    if skipped() {
        return;
    }
    let walkie = open_manager().await;
    let mut js = JavaScript::start(json!({})).await;
    for (method, request, expected) in every_method() {
        let answer = js.call(&walkie, method, request).await;
        match expected {
            Some((at, value)) => {
                assert_eq!(answer["data"].pointer(at), Some(&value), "{method}: {answer}");
            }
            None => {
                assert_eq!(answer["error"], json!({ "type": 2, "message": MISSING }), "{method}");
            }
        }
    }
    let hello = js.call(&walkie, "Hello", json!({ "role": 0 })).await;
    assert_eq!(hello["data"]["peerId"], walkie.peer_id().to_base58(), "{hello}");
    let info = js.call(&walkie, "GetDataProviderInfo", json!({})).await;
    assert_eq!(info["data"]["paraTarget"], 0, "zeros are written out: {info}");
    let pools = js.call(&walkie, "ListPool", json!({})).await;
    assert_eq!(pools["data"]["pools"][0]["deleted"], false);
    let states = js.call(&walkie, "GetWorkerStatus", json!({ "ids": ["a"] })).await;
    assert_eq!(states["data"]["workerStates"][0]["parentHeaderSynchedTo"], -1);
    let errors = [
        ("CreateWorker", 3, "worker exists"),
        ("UpdatePool", 2, "Pool not found!"),
        ("UpdateWorker", 1, "stake: not a number"),
        ("NoSuch", 2, MISSING),
        ("toString", 2, MISSING),
    ];
    for (method, kind, message) in errors {
        let answer = js.call(&walkie, method, json!({})).await;
        assert_eq!(answer["error"], json!({ "type": kind, "message": message }), "{method}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn we_call_every_method_of_javascript() {
    if skipped() {
        return;
    }
    let walkie = start(config(WalkieRoles::WrClient)).await;
    let js = JavaScript::start(manager()).await;
    let peer = walkie.dial(js.address.clone()).await.unwrap();
    assert_eq!(peer, js.id);
    for (name, request, expected) in every_method() {
        let method = method(name).unwrap();
        let answer = walkie.call_json(peer, method, &request, SOON).await.unwrap();
        match expected {
            Some(("/bytes", _)) => assert_eq!(answer["data"]["key"], "size:77", "{answer}"),
            Some((at, value)) => {
                assert_eq!(answer["data"].pointer(at), Some(&value), "{name}: {answer}");
            }
            None => assert_eq!(answer["error"], json!({ "type": 2, "message": MISSING }), "{name}"),
        }
    }
    let mut client = walkie.client(peer);
    let info = client.get_data_provider_info(Empty {}).await.unwrap().into_inner();
    assert_eq!((info.para_id, info.para_committed_height), (2004, -1));
    let refused = client.update_worker(UpdateWorker::default()).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    assert_eq!(refused.message(), "Worker no-such-id not found!");
    let refused = client.create_worker(CreateWorker::default()).await.unwrap_err();
    assert_eq!(refused.code(), Code::AlreadyExists);
    let missing = client.want_blob(WantBlob::default()).await.unwrap_err();
    assert_eq!(missing.code(), Code::Unimplemented);
    let thrown = client
        .get_blob_by_key(GetBlobByKey { key: "throw:1".into(), ..Default::default() })
        .await
        .unwrap_err();
    assert_eq!((thrown.code(), thrown.message()), (Code::Internal, "TypeError: as asked"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_shows_anothers_key_gets_no_connection() {
    if skipped() {
        return;
    }
    let walkie = open_manager().await;
    let (caller, victim) = (start(config(WalkieRoles::WrClient)).await, identity());
    let peer = caller.dial(walkie.listeners()[0].clone()).await.unwrap();
    let public_key = hex::encode(victim.public_key());
    let mut liar = JavaScript::start(json!({ "impersonate": public_key })).await;
    let command = json!({
        "target": target(&walkie), "method": "Hello", "request": { "role": 0 }, "rounds": 5, "width": 4,
        "keep": true,
    });
    let lies = liar.ask(command.clone());
    let calls = async {
        for _ in 0..50 {
            caller.client(peer).list_pool(Empty {}).await.unwrap();
        }
    };
    for refused in futures::future::join(lies, calls).await.0 {
        assert!(refused["failed"].is_string(), "{refused}");
    }
    let victim = victim.peer_id().to_string();
    assert!(walkie.peers().iter().all(|peer| peer.id.to_string() != victim));
    let mut honest = JavaScript::start(json!({})).await;
    for answer in honest.ask(command).await {
        assert_eq!(answer["data"]["peerId"], walkie.peer_id().to_base58(), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_megabytes_go_through_mplex_both_ways() {
    if skipped() {
        return;
    }
    let walkie = open_manager().await;
    let mut js = JavaScript::start(manager()).await;
    let key = "size:20000000";
    let fetched = js.call(&walkie, "GetBlobByKey", json!({ "key": key })).await;
    assert_eq!(fetched["data"]["bytes"], 20_000_000, "{fetched}");
    let name = "n".repeat(20_000_000);
    let mut created = js.call(&walkie, "CreatePool", json!({ "pools": [{ "name": name }] })).await;
    assert_eq!(created["data"]["pools"][0]["name"].take(), name.as_str());

    let peer = walkie.dial(js.address.clone()).await.unwrap();
    let mut request = Request::new(GetBlobByKey { key: key.into(), ..Default::default() });
    request.set_timeout(Duration::from_mins(2));
    let blob = walkie.client(peer).get_blob_by_key(request).await.unwrap().into_inner();
    assert_eq!(blob.data, body(key, 20_000_000));
    let pools = vec![db::Pool { name, ..db::Pool::default() }];
    let mut request = Request::new(CreatePool { pools });
    request.set_timeout(Duration::from_mins(2));
    let created = walkie.client(peer).create_pool(request).await.unwrap().into_inner();
    assert_eq!(created.pools[0].name.len(), 20_000_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_calls_at_once_twenty_times_all_get_their_own_answer() {
    if skipped() {
        return;
    }
    let walkie = open_manager().await;
    let mut js = JavaScript::start(manager()).await;
    let started = Instant::now();
    let mut command = json!({
        "target": target(&walkie), "method": "GetBlobByKey", "request": { "key": "size:2000#%" },
        "rounds": 20, "width": 50, "keep": true,
    });
    let results = js.ask(command.clone()).await;
    assert_eq!(results.len(), 1000);
    for (at, result) in results.iter().enumerate() {
        assert_eq!(result["data"]["key"], format!("size:2000#{at}"), "{result}");
    }
    eprintln!("JavaScript to us: 1000 calls in {:?}", started.elapsed());

    // As version 2 does it: a connection for each call.
    command["rounds"] = 20.into();
    command["width"] = 1.into();
    command["keep"] = false.into();
    for (at, result) in js.ask(command).await.iter().enumerate() {
        assert_eq!(result["data"]["key"], format!("size:2000#{at}"), "{result}");
    }

    let peer = walkie.dial(js.address.clone()).await.unwrap();
    let started = Instant::now();
    for round in 0..20 {
        let calls = (0..50).map(|at| {
            let mut client = walkie.client(peer);
            async move {
                let key = format!("size:2000#{round}-{at}");
                let request = GetBlobByKey { key: key.clone(), ..Default::default() };
                let blob = client.get_blob_by_key(request).await.unwrap().into_inner();
                assert_eq!((blob.data, blob.key.as_str()), (body(&key, 2000), key.as_str()));
            }
        });
        futures::future::join_all(calls).await;
    }
    eprintln!("We to JavaScript: 1000 calls in {:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn javascript_finds_us_by_boot_node_and_we_find_it() {
    if skipped() {
        return;
    }
    let walkie = start(config(WalkieRoles::WrDataProviderInt)).await;
    let mut options = manager();
    options["bootNodes"] = json!([target(&walkie)]);
    let mut js = JavaScript::start(options).await;
    let greeted = js.event("greeted").await;
    assert_eq!(greeted["info"]["role"], "WR_DATA_PROVIDER_INT");
    assert_eq!(greeted["info"]["chainIdentity"], CHAIN);
    let live = |walkie: &Walkie| walkie.live(WalkieRoles::WrLifecycleManager).pop();
    let peer = eventually(&walkie, SOON, live).await;
    assert_eq!((peer.id, peer.hostname.as_str()), (js.id, "javascript"));
}

#[tokio::test(flavor = "multi_thread")]
async fn javascript_is_found_by_our_boot_node() {
    if skipped() {
        return;
    }
    let js = JavaScript::start(manager()).await;
    let mut ours = config(WalkieRoles::WrDataProviderInt);
    ours.discovery.boot_nodes = vec![js.address.to_string()];
    let walkie = start(ours).await;
    let live = |walkie: &Walkie| walkie.live(WalkieRoles::WrLifecycleManager).pop();
    assert_eq!(eventually(&walkie, SOON, live).await.id, js.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_older_multicast_dns_works_both_ways() {
    if skipped() {
        return;
    }
    let mut ours = config(WalkieRoles::WrDataProviderInt);
    ours.listen = vec!["/ip4/0.0.0.0/tcp/0".parse().unwrap()];
    ours.discovery.older_mdns = true;
    let walkie = start(ours).await;
    let mut options = manager();
    options["mdns"] = true.into();
    options["listen"] = json!(["/ip4/0.0.0.0/tcp/0"]);
    let mut js = JavaScript::start(options).await;
    let live = |walkie: &Walkie| walkie.live(WalkieRoles::WrLifecycleManager).pop();
    assert_eq!(eventually(&walkie, SOON, live).await.id, js.id);
    // Other nodes on this host may be announced too.
    while js.event("greeted").await["peerId"] != walkie.peer_id().to_base58() {}
}

#[tokio::test(flavor = "multi_thread")]
async fn raw_bytes_and_streams_that_never_end_are_refused_and_others_go_on() {
    if skipped() {
        return;
    }
    let mut config = config(WalkieRoles::WrLifecycleManager);
    config.limits.request = Duration::from_secs(2);
    config.limits.message_bytes = 1 << 20;
    let walkie = start(config).await;
    let mut js = JavaScript::start(json!({})).await;
    let to = target(&walkie);
    let garbage = js.ask(json!({ "target": to, "hex": "ff00ff" })).await.remove(0);
    assert!(garbage["hex"].as_str().unwrap().len() > 20, "it is told what is wrong: {garbage}");
    let endless = json!({ "target": to, "hex": "0a01", "open": true, "width": 20 });
    let started = Instant::now();
    for refused in js.ask(endless).await {
        assert!(refused["failed"].is_string() || refused["hex"] == "", "{refused}");
    }
    assert!(started.elapsed() >= Duration::from_secs(2), "they were waited for");
    let long = json!({ "target": to, "hex": "00".repeat(1_200_000) });
    let refused = js.ask(long).await.remove(0);
    assert!(refused["failed"].is_string() || refused["hex"] == "", "a body over the limit");
    let hello = js.call(&walkie, "Hello", json!({ "role": 0 })).await;
    assert_eq!(hello["data"]["peerId"], walkie.peer_id().to_base58(), "{hello}");
}
