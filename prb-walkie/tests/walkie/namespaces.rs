//! Several machines, as network namespaces on one switch: peers that know nothing of each other
//! but the network they are in.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use prb_walkie::identity::{Identity, Name};
use prb_walkie::node::Walkie;
use prb_walkie::proto::WalkieRoles;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout};

use crate::fixture::{CHAIN, Role, config};

/// Set for the processes that are one node each: where its identity is.
const IDENTITY: &str = "PRB_TEST_NODE_IDENTITY";
const ROLE: &str = "PRB_TEST_NODE_ROLE";
/// Which multicast DNS they use: `both`, `mdns`, `older`, `none`.
const MULTICAST: &str = "PRB_TEST_NODE_MULTICAST";

/// The address of a boot node; empty for none.
const BOOT_NODE: &str = "PRB_TEST_NODE_BOOT_NODE";

/// A peer must be seen, missed and seen again within this.
const NOTICED: Duration = Duration::from_secs(30);

fn ip(arguments: &str) {
    let done = Command::new("ip").args(arguments.split(' ')).output().unwrap();
    assert!(done.status.success(), "ip {arguments}: {}", String::from_utf8_lossy(&done.stderr));
}

/// Namespaces `{name}0`, `{name}1`, … on one switch; removed with all that runs in them.
struct Machines {
    name: String,
    count: usize,
}

impl Machines {
    fn new(name: &str, count: usize) -> Self {
        let name = format!("prb{}{name}", std::process::id());
        let machines = Self { name, count };
        ip(&format!("netns add {}switch", machines.name));
        ip(&format!("-n {}switch link add switch type bridge", machines.name));
        ip(&format!("-n {}switch link set switch up", machines.name));
        for at in 0..count {
            machines.plug(at);
        }
        machines
    }

    fn plug(&self, at: usize) {
        let (switch, machine) = (format!("{}switch", self.name), format!("{}{at}", self.name));
        ip(&format!("netns add {machine}"));
        ip(&format!("link add lan netns {machine} type veth peer name port{at} netns {switch}"));
        ip(&format!("-n {switch} link set port{at} master switch"));
        ip(&format!("-n {switch} link set port{at} up"));
        ip(&format!("-n {machine} addr add 10.99.0.{}/24 dev lan", at + 1));
        ip(&format!("-n {machine} link set lan up"));
        ip(&format!("-n {machine} link set lo up"));
        ip(&format!("-n {machine} route add default via 10.99.0.254"));
    }

    fn unplug(&self, at: usize) {
        ip(&format!("-n {}switch link set port{at} down", self.name));
    }

    fn run(&self, at: usize, program: &mut tokio::process::Command) -> Node {
        let program = std::mem::replace(program, tokio::process::Command::new("true"));
        let inner = program.into_std();
        let mut command = tokio::process::Command::new("ip");
        command.args(["netns", "exec", &format!("{}{at}", self.name)]);
        command.arg(inner.get_program()).args(inner.get_args());
        command.envs(inner.get_envs().filter_map(|(key, value)| Some((key, value?))));
        if let Some(folder) = inner.get_current_dir() {
            command.current_dir(folder);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn().unwrap();
        let events = BufReader::new(process.stdout.take().unwrap()).lines();
        Node { process, events }
    }

    fn rust(&self, at: usize, role: WalkieRoles, identity: &Path) -> Node {
        self.rust_with(at, role, identity, "both", "")
    }

    fn rust_with(
        &self,
        at: usize,
        role: WalkieRoles,
        identity: &Path,
        multicast: &str,
        boot_node: &str,
    ) -> Node {
        let mut program = tokio::process::Command::new(std::env::current_exe().unwrap());
        program
            .args(["namespaces::one_node", "--exact", "--ignored", "--nocapture"])
            .env(IDENTITY, identity)
            .env(ROLE, role.as_str_name())
            .env(MULTICAST, multicast)
            .env(BOOT_NODE, boot_node);
        self.run(at, &mut program)
    }

    /// A peer of version 2.
    fn javascript(&self, at: usize, mut options: Value) -> Node {
        options["chainIdentity"] = CHAIN.into();
        options["bridgeIdentity"] = "default".into();
        options["listen"] = json!(["/ip4/0.0.0.0/tcp/0"]);
        let mut program = tokio::process::Command::new("node");
        program.arg("peer.js").arg(options.to_string()).current_dir(crate::interop::folder());
        self.run(at, &mut program)
    }
}

impl Drop for Machines {
    fn drop(&mut self) {
        for name in (0..self.count).map(|at| at.to_string()).chain(["switch".to_owned()]) {
            let machine = format!("{}{name}", self.name);
            let _gone_already = Command::new("ip").args(["netns", "del", &machine]).status();
        }
    }
}

struct Node {
    process: Child,
    events: Lines<BufReader<ChildStdout>>,
}

impl Node {
    /// Waits for a report that `wanted` takes; says how long that was.
    async fn reports(&mut self, what: &str, mut wanted: impl FnMut(&Value) -> bool) {
        let started = Instant::now();
        let search = async {
            loop {
                let line = self.events.next_line().await.unwrap().expect("the node goes on");
                // The test harness of the other process writes lines of its own.
                let Ok(event) = serde_json::from_str(&line) else { continue };
                if wanted(&event) {
                    return;
                }
            }
        };
        let found = tokio::time::timeout(NOTICED, search).await;
        assert!(found.is_ok(), "{what} was not noticed within {NOTICED:?}");
        eprintln!("{what}: {:.1?}", started.elapsed());
    }

    /// Where other machines reach it.
    async fn address(&mut self) -> String {
        let mut address = None;
        self.reports("an address", |event| {
            let addresses = event["addresses"].as_array().map(Vec::as_slice).unwrap_or_default();
            let mut others = addresses.iter().filter_map(Value::as_str);
            address = others.find(|address| address.starts_with("/ip4/10.99.")).map(str::to_owned);
            address.is_some()
        })
        .await;
        address.unwrap()
    }

    /// The peers of all reports so far.
    async fn reported(&mut self) -> Vec<String> {
        let mut reports = Vec::new();
        let pause = Duration::from_millis(500);
        while let Ok(line) = tokio::time::timeout(pause, self.events.next_line()).await {
            let line = line.unwrap().expect("the node goes on");
            if let Ok(event) = serde_json::from_str::<Value>(&line) {
                reports.push(event["peers"].to_string());
            }
        }
        reports
    }

    async fn sees(&mut self, role: &str, standing: &str) {
        let what = format!("{role} is {standing}");
        let wanted = |event: &Value| {
            let peers = event["peers"].as_array().map(Vec::as_slice).unwrap_or_default();
            peers.iter().any(|peer| peer["role"] == role && peer["standing"] == standing)
        };
        self.reports(&what, wanted).await;
    }
}

/// One node in a process of its own; does nothing when it is not asked for.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by the tests beside it"]
async fn one_node() {
    let Some(identity) = std::env::var_os(IDENTITY) else { return };
    let role = WalkieRoles::from_str_name(&std::env::var(ROLE).unwrap()).unwrap();
    let identity = Identity::load_or_create(identity.as_ref(), Name::Trade).unwrap();
    let mut config = config(role);
    config.listen = vec!["/ip4/0.0.0.0/tcp/0".parse().unwrap()];
    let multicast = std::env::var(MULTICAST).unwrap();
    config.discovery.mdns = ["both", "mdns"].contains(&multicast.as_str());
    config.discovery.older_mdns = ["both", "older"].contains(&multicast.as_str());
    let boot_node = std::env::var(BOOT_NODE).unwrap();
    config.discovery.boot_nodes.extend(Some(boot_node).filter(|address| !address.is_empty()));
    let walkie = Walkie::builder(config).service(Role).start(&identity).await.unwrap();
    let mut view = walkie.subscribe();
    loop {
        let shown = view.borrow_and_update().clone();
        let peers: Vec<_> = shown
            .peers
            .iter()
            .map(|peer| {
                let standing = format!("{:?}", peer.standing);
                json!({ "role": peer.role.as_str_name(), "standing": standing })
            })
            .collect();
        let listeners: Vec<_> = shown.listeners.iter().map(ToString::to_string).collect();
        println!("{}", json!({ "peers": peers, "addresses": listeners }));
        view.changed().await.unwrap();
    }
}

fn skipped() -> bool {
    if std::env::var_os("PRB_SKIP_NAMESPACES").is_some() {
        eprintln!("SKIPPED by PRB_SKIP_NAMESPACES: nothing was tested across machines");
        return true;
    }
    let able =
        Command::new("ip").args(["netns", "list"]).output().is_ok_and(|ip| ip.status.success());
    assert!(able, "this needs root and `ip` (package iproute2), or PRB_SKIP_NAMESPACES=1");
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_find_each_other_by_multicast_and_notice_who_moves() {
    use WalkieRoles::{WrDataProviderInt, WrLifecycleManager};
    if skipped() {
        return;
    }
    let machines = Machines::new("m", 4);
    let keys = tempfile::tempdir().unwrap();
    let (ours, theirs) = (keys.path().join("manager"), keys.path().join("provider"));
    let mut manager = machines.rust(0, WrLifecycleManager, &ours);

    let mut javascript = machines.javascript(1, json!({ "role": 4, "mdns": true }));
    manager.sees("WR_TRADER", "Live").await;
    let greeted = |event: &Value| event["info"]["role"] == "WR_LIFECYCLE_MANAGER";
    javascript.reports("version 2 sees the manager", greeted).await;

    let mut provider = machines.rust(2, WrDataProviderInt, &theirs);
    manager.sees("WR_DATA_PROVIDER_INT", "Live").await;
    provider.sees("WR_LIFECYCLE_MANAGER", "Live").await;
    provider.process.start_kill().unwrap();
    manager.sees("WR_DATA_PROVIDER_INT", "Lost").await;
    let _moved = machines.rust(3, WrDataProviderInt, &theirs);
    manager.sees("WR_DATA_PROVIDER_INT", "Live").await;

    // A machine that is gone without a word, then its provider on another one.
    machines.unplug(3);
    manager.sees("WR_DATA_PROVIDER_INT", "Lost").await;
    let _replaced = machines.rust(2, WrDataProviderInt, &theirs);
    manager.sees("WR_DATA_PROVIDER_INT", "Live").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_multicast_finds_peers_alone_and_none_finds_nobody() {
    use WalkieRoles::{WrDataProviderExt, WrDataProviderInt, WrLifecycleManager, WrTrader};
    if skipped() {
        return;
    }
    let machines = Machines::new("k", 4);
    let keys = tempfile::tempdir().unwrap();
    let key = |name: &str| keys.path().join(name);
    let mut deaf = machines.rust_with(0, WrDataProviderExt, &key("deaf"), "none", "");
    let mut manager = machines.rust_with(1, WrLifecycleManager, &key("manager"), "both", "");
    let mut newer = machines.rust_with(2, WrDataProviderInt, &key("newer"), "mdns", "");
    let mut older = machines.rust_with(3, WrTrader, &key("older"), "older", "");
    manager.sees("WR_DATA_PROVIDER_INT", "Live").await;
    newer.sees("WR_LIFECYCLE_MANAGER", "Live").await;
    manager.sees("WR_TRADER", "Live").await;
    older.sees("WR_LIFECYCLE_MANAGER", "Live").await;
    // A report for each address it comes to listen at, none of them of a peer.
    let reported = deaf.reported().await;
    assert!(!reported.is_empty(), "it was there all the time");
    assert!(reported.iter().all(|peers| peers == "[]"), "{reported:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_without_multicast_find_each_other_by_boot_nodes() {
    use WalkieRoles::{WrDataProviderInt, WrLifecycleManager};
    if skipped() {
        return;
    }
    let machines = Machines::new("b", 3);
    let keys = tempfile::tempdir().unwrap();
    let key = |name: &str| keys.path().join(name);
    let mut manager = machines.rust_with(0, WrLifecycleManager, &key("manager"), "none", "");
    let own = Identity::load_or_create(&key("manager"), Name::Trade).unwrap();
    let address = format!("{}/p2p/{}", manager.address().await, own.peer_id());

    let options = json!({ "role": 4, "bootNodes": [address] });
    let mut javascript = machines.javascript(1, options);
    let address = javascript.address().await;
    let greeted = |event: &Value| event["info"]["role"] == "WR_LIFECYCLE_MANAGER";
    javascript.reports("version 2 finds the manager", greeted).await;
    manager.sees("WR_TRADER", "Live").await;

    let mut provider = machines.rust_with(2, WrDataProviderInt, &key("provider"), "none", &address);
    provider.sees("WR_TRADER", "Live").await;
}
