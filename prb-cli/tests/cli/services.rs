//! Devnet, data provider and lifecycle manager as processes of their own, on one machine and on
//! several: they find each other, come to computing, and go on when a provider moves.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use prb_devnet::ports::unused_port;
use serde_json::{Value, json};

use crate::fixture::{Prb, text};
use crate::machines::{self, Machine, Machines};
use crate::shapes;

/// Generous: a machine that is busy with other tests must not fail this one.
pub(crate) const LONG: Duration = Duration::from_mins(3);
/// Ports that nobody else has.
pub(crate) const LOCAL: &str = "--grpc-listen 127.0.0.1:0 --admin-listen 127.0.0.1:0";
const STOP: Duration = Duration::from_secs(20);
pub(crate) const WORKERS: usize = 2;

/// A process that writes what it says into a file.
pub(crate) struct Service {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Service {
    pub(crate) fn start(prb: &Prb, machine: &Machine, name: &str, words: &str) -> Self {
        Self::spawn(prb, name, machine.command(prb.command(words)))
    }

    /// On this machine, in an environment.
    pub(crate) fn start_in(prb: &Prb, name: &str, words: &str, variables: &[(&str, &str)]) -> Self {
        let mut command = prb.command(words);
        command.envs(variables.iter().copied());
        Self::spawn(prb, name, command)
    }

    /// One by another command.
    pub(crate) fn spawn(prb: &Prb, name: &str, mut command: Command) -> Self {
        let log = prb.folder.path().join(format!("{name}.log"));
        let said = File::create(&log).unwrap();
        command.stdin(Stdio::null()).stdout(said.try_clone().unwrap()).stderr(said);
        Self { name: name.into(), child: command.spawn().unwrap(), log }
    }

    pub(crate) fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits for a line that `wanted` takes.
    pub(crate) fn says<T>(&mut self, what: &str, mut wanted: impl FnMut(&str) -> Option<T>) -> T {
        let found = eventually(LONG, || self.said().lines().find_map(&mut wanted));
        found.unwrap_or_else(|| panic!("{} never said {what}:\n{}", self.name, self.said()))
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends it a signal, by the signal's name.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &id]).status();
        assert!(sent.unwrap().success());
    }

    /// Ends it as an operator does.
    pub(crate) fn stop(mut self) {
        self.signal("TERM");
        let ended = eventually(STOP, || self.child.try_wait().unwrap());
        let code = ended.and_then(|status| status.code());
        assert_eq!(code, Some(0), "{} did not end well:\n{}", self.name, self.said());
        assert!(!self.said().contains("did not stop"), "{}:\n{}", self.name, self.said());
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let said = self.said();
            let lines: Vec<_> = said.lines().collect();
            let tail = lines[lines.len().saturating_sub(30)..].join("\n");
            eprintln!("--- {} said last:\n{tail}", self.name);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "no executor runs here")]
pub(crate) fn eventually<T>(within: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + within;
    loop {
        let found = look();
        if found.is_some() || Instant::now() >= deadline {
            return found;
        }
        std::thread::sleep(Duration::from_millis(250));
    }
}

/// The network of one test: what runs where, and how they are to find each other.
pub(crate) struct Site<'a> {
    pub(crate) prb: &'a Prb,
    pub(crate) devnet: Machine,
    pub(crate) manager: Machine,
    /// Multicast finds peers; else they are told where the manager is.
    pub(crate) multicast: bool,
    /// Where the manager listens for peers.
    pub(crate) manager_at: String,
    /// The Redis through which a trader elsewhere has its jobs.
    pub(crate) redis: Option<String>,
}

impl<'a> Site<'a> {
    /// All on this machine: the manager is told at an unused port of it, and there is no multicast.
    pub(crate) fn of_one_machine(prb: &'a Prb) -> Self {
        let this = Machine::this();
        let manager_at = format!("/ip4/127.0.0.1/tcp/{}", unused_port());
        Self { prb, devnet: this.clone(), manager: this, multicast: false, manager_at, redis: None }
    }
}

impl Site<'_> {
    pub(crate) fn path(&self, name: &str) -> String {
        self.prb.folder.path().join(name).display().to_string()
    }

    pub(crate) fn discovery(&self) -> String {
        if self.multicast {
            String::new()
        } else {
            format!("--no-mdns --boot-node {}", self.manager_at)
        }
    }

    pub(crate) fn start_devnet(&self) -> (Service, Value) {
        self.start_devnet_with(WORKERS)
    }

    pub(crate) fn start_devnet_with(&self, workers: usize) -> (Service, Value) {
        self.start_devnet_after(30, workers)
    }

    /// The same after so many parachain blocks.
    pub(crate) fn start_devnet_after(&self, history: u32, workers: usize) -> (Service, Value) {
        let address = &self.devnet.address;
        let words = format!(
            "run devnet --json --workers {workers} --history {history} --block-time 300 --log warn \
             --para-listen {address}:0 --relay-listen {address}:0 --worker-listen {address}:0"
        );
        let mut devnet = Service::start(self.prb, &self.devnet, "devnet", &words);
        let ready = devnet.says("that it is ready", |line| {
            let line: Value = serde_json::from_str(line).ok()?;
            (line["event"] == "ready").then_some(line)
        });
        (devnet, ready)
    }

    pub(crate) fn start_manager(&self, network: &Value) -> Service {
        self.start_manager_with(network, LOCAL)
    }

    pub(crate) fn start_manager_with(&self, network: &Value, options: &str) -> Service {
        let mut manager = self.spawn_manager_with(network, options);
        manager.says("that it runs", |line| line.contains("manager runs").then_some(()));
        manager.says("its peer id", |line| line.contains("Got my peer id: Qm").then_some(()));
        manager
    }

    /// A manager that may not run yet.
    pub(crate) fn spawn_manager(&self, network: &Value) -> Service {
        self.spawn_manager_with(network, LOCAL)
    }

    fn spawn_manager_with(&self, network: &Value, options: &str) -> Service {
        let words = format!(
            "run lifecycle --data-dir {} --key-dir {} --psk-file {} --para-endpoint {} \
             --walkie-listen {} {options} --skip-attestation --batch-age 300 {} {}",
            self.path("manager"),
            self.path("manager-keys"),
            self.path("psk"),
            network["para"].as_str().unwrap(),
            self.manager_at,
            if self.multicast { "" } else { "--no-mdns" },
            match &self.redis {
                Some(url) => format!("--redis {url} --built-in-trader false"),
                None => String::new(),
            },
        );
        Service::start(self.prb, &self.manager, "manager", &words)
    }

    /// The provider, with its folder and its keys, wherever it is.
    pub(crate) fn start_provider(
        &self,
        name: &str,
        machine: &Machine,
        network: &Value,
        options: &str,
    ) -> Service {
        self.start_provider_in("provider", name, machine, network, options)
    }

    /// The same in another folder.
    pub(crate) fn start_provider_in(
        &self,
        folder: &str,
        name: &str,
        machine: &Machine,
        network: &Value,
        options: &str,
    ) -> Service {
        let words = format!(
            "run data-provider --data-dir {} --key-dir {} --para-endpoint {} --relay-endpoint {} \
             --walkie-listen /ip4/{}/tcp/0 --grpc-listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 \
             --blob-port 0 {}",
            self.path(folder),
            self.path(&format!("{folder}-keys")),
            network["para"].as_str().unwrap(),
            network["relay"].as_str().unwrap(),
            machine.address,
            options,
        );
        Service::start(self.prb, machine, name, &words)
    }

    /// A trader beside the manager, as operators run it: folder and keys are the same. Where the
    /// manager has no Redis there is none.
    pub(crate) fn start_trader(&self, network: &Value) -> Service {
        let words = format!(
            "run trader --redis {} --data-dir {} --key-dir {} --psk-file {} --para-endpoint {} \
             --batch-age 300 --walkie-listen /ip4/{}/tcp/0 {LOCAL} {}",
            self.redis.as_deref().unwrap_or("redis://127.0.0.1:1"),
            self.path("manager"),
            self.path("manager-keys"),
            self.path("psk"),
            network["para"].as_str().unwrap(),
            self.manager.address,
            self.discovery(),
        );
        let mut trader = Service::start(self.prb, &self.manager, "trader", &words);
        trader.says("its peer id", |line| line.contains("Got my peer id: Qm").then_some(()));
        trader
    }

    /// What `prb peer` says on a machine, as JSON.
    pub(crate) fn peer(&self, on: &Machine, words: &str) -> Value {
        let words = format!("peer {words} --json");
        let answer = on.command(self.prb.command(&words)).output().unwrap();
        assert!(answer.status.success(), "{words}: {answer:?}");
        shapes::check(&words, &answer.stdout);
        serde_json::from_slice(&answer.stdout).unwrap()
    }

    /// Every service says who and how it is, on its own machine and to a stranger.
    fn everybody_answers(&self, provider_on: &Machine, stranger: &Machine) {
        let (provider, manager) = (self.path("provider"), self.path("manager"));
        let info =
            |on, whom: &str, folder| self.peer(on, &format!("info {whom} --data-dir {folder}"));
        let of_provider = info(provider_on, "data-provider", &provider);
        let (stored, target) = ("paraCommittedHeight", "paraTarget");
        let height = |field: &str| of_provider["status"][field].as_i64().unwrap();
        assert!(height(stored) > 0 && height(target) >= height(stored), "{of_provider}");
        let of_manager = info(&self.manager, "lifecycle", &manager);
        let states = of_manager["status"]["workerStates"].as_array().unwrap();
        assert_eq!(states.len(), WORKERS, "{of_manager}");
        let of_trader = info(&self.manager, "trader", &manager);
        assert!(!of_trader["status"]["waitingFor"].as_str().unwrap().is_empty(), "{of_trader}");

        let own = [&of_provider, &of_manager, &of_trader].map(|info| &info["service"]);
        let mut ids: Vec<_> = own.iter().map(|it| it["peerId"].as_str().unwrap()).collect();
        let roles = own.map(|it| it["role"].as_str().unwrap());
        assert_eq!(roles, ["WR_DATA_PROVIDER_INT", "WR_LIFECYCLE_MANAGER", "WR_TRADER"]);
        ids.sort_unstable();
        let listed = eventually(LONG, || {
            let list = self.peer(stranger, &format!("list --wait 5 {}", self.discovery()));
            let peers = list.as_array().unwrap().iter();
            let mut listed: Vec<_> =
                peers.map(|it| it["peerId"].as_str().unwrap().to_owned()).collect();
            listed.sort_unstable();
            (listed == ids).then_some(())
        });
        assert!(listed.is_some(), "not all of {ids:?} were found");

        let nowhere = self.path("nowhere");
        for (whom, service) in ["data-provider", "lifecycle", "trader"].into_iter().zip(own) {
            let reach = format!("--data-dir {nowhere} {}", self.discovery());
            let hello = self.peer(stranger, &format!("call {whom} Hello {reach}"));
            assert_eq!(hello["peerId"], service["peerId"]);
            assert_eq!(hello["role"], service["role"]);
        }
    }

    /// Calls as an operator of another machine, who has the shared key or not.
    pub(crate) fn call(
        &self,
        from: &Machine,
        method: &str,
        request: &Value,
        with_key: bool,
    ) -> Output {
        let whom = if self.multicast { "lifecycle" } else { &self.manager_at };
        let key = if with_key { format!("--psk-file {}", self.path("psk")) } else { String::new() };
        let nowhere = self.path("nowhere");
        let mdns = if self.multicast { "" } else { "--no-mdns" };
        let words = format!("peer call {whom} {method} - --data-dir {nowhere} {key} {mdns} --json");
        let mut command = from.command(self.prb.command(&words));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(request.to_string().as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    pub(crate) fn add_workers(&self, from: &Machine, network: &Value) {
        let owner = json!({ "mnemonic": "//Alice" });
        let pools =
            json!({ "pools": [{ "pid": 1, "name": "dev", "enabled": true, "owner": owner }] });
        let refused = self.call(from, "CreatePool", &pools, false);
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
        assert!(text(&refused.stderr).contains("CreatePool needs a grant"), "{refused:?}");
        let made = self.call(from, "CreatePool", &pools, true);
        assert!(made.status.success(), "{made:?}");
        let pool: Value = serde_json::from_slice(&made.stdout).unwrap();
        assert_eq!(pool["pools"][0]["pid"], "1");
        assert!(!text(&made.stdout).contains("Alice"), "{made:?}");
        let endpoints = network["workers"].as_array().unwrap();
        let workers = endpoints.iter().enumerate().map(|(at, endpoint)| {
            json!({ "pid": 1, "name": format!("w{at}"), "endpoint": endpoint, "enabled": true,
                    "stake": "10000000000000000" })
        });
        let workers = json!({ "workers": workers.collect::<Vec<_>>() });
        let made = self.call(from, "CreateWorker", &workers, true);
        assert!(made.status.success(), "{made:?}");
        let twice = self.call(from, "CreateWorker", &workers, true);
        assert!(text(&twice.stderr).contains("AlreadyExists"), "{twice:?}");
    }

    /// What the manager answers on its own machine.
    pub(crate) fn ask(&self, method: &str, request: &Value) -> Value {
        let folder = self.path("manager");
        let words = format!("peer call lifecycle {method} - --json --data-dir {folder}");
        let mut command = self.manager.command(self.prb.command(&words));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(request.to_string().as_bytes()).unwrap();
        let answer = child.wait_with_output().unwrap();
        assert!(answer.status.success(), "{method}: {answer:?}");
        serde_json::from_slice(&answer.stdout).unwrap()
    }

    /// The workers' states, asked on the manager's own machine.
    pub(crate) fn workers(&self) -> Vec<Value> {
        let answer = self.ask("GetWorkerStatus", &json!({}));
        answer["workerStates"].as_array().cloned().unwrap_or_default()
    }

    pub(crate) fn wait_for(
        &self,
        what: &str,
        manager: &Service,
        wanted: impl Fn(&[Value]) -> bool,
    ) -> f64 {
        let started = Instant::now();
        let mut last = Vec::new();
        let found = eventually(LONG, || {
            last = self.workers();
            wanted(&last).then_some(())
        });
        assert!(found.is_some(), "not {what}: {last:#?}\n{}", manager.said());
        let seconds = started.elapsed().as_secs_f64();
        eprintln!("{what} after {seconds:.1} s");
        seconds
    }

    /// From nothing to computing, then on when the provider is killed and comes back elsewhere.
    fn comes_to_computing_and_goes_on(&self, provider_on: &Machine, elsewhere: &Machine) {
        fs::write(Path::new(&self.path("psk")), "a key that operators share").unwrap();
        let (devnet, network) = self.start_devnet();
        let manager = self.start_manager(&network);
        self.add_workers(elsewhere, &network);
        self.wait_for("saying that there is no provider", &manager, |workers| {
            workers.iter().all(|it| it["lastMessage"].as_str().unwrap().contains("data provider"))
        });

        let mut provider =
            self.start_provider("provider", provider_on, &network, &self.discovery());
        self.wait_for("fed by a provider started last", &manager, |workers| {
            workers.iter().all(|it| dispatched(it) > 0)
        });
        self.wait_for("computing", &manager, |workers| {
            workers.len() == WORKERS && workers.iter().all(|it| it["status"] == "S_ACTIVE")
        });

        let trader = self.start_trader(&network);
        self.everybody_answers(provider_on, elsewhere);

        provider.kill();
        let before = self.workers().iter().map(dispatched).max().unwrap();
        // Its peers know it by its id, and elsewhere, and not from multicast this time.
        let told = format!("--no-mdns --boot-node {}", self.manager_at);
        let moved = self.start_provider("moved", elsewhere, &network, &told);
        self.wait_for("fed by the provider elsewhere", &manager, |workers| {
            workers.iter().all(|it| dispatched(it) > before + 10)
        });
        for service in [trader, manager, moved, devnet] {
            service.stop();
        }
        let found = fs::read_dir(self.path("manager")).unwrap().map(|it| it.unwrap().file_name());
        assert!(
            !found.into_iter().any(|name| name == "lifecycle.grpc"),
            "nobody is there any more"
        );
    }
}

pub(crate) fn dispatched(worker: &Value) -> i64 {
    worker["paraBlockDispatchedTo"].as_i64().unwrap()
}

#[test]
fn three_processes_on_one_machine_come_to_computing_and_go_on_when_the_provider_moves() {
    let prb = Prb::new();
    let this = Machine::this();
    let site = Site::of_one_machine(&prb);
    site.comes_to_computing_and_goes_on(&this, &this);
}

#[test]
fn three_machines_come_to_computing_and_go_on_when_the_provider_moves_to_a_fourth() {
    if machines::impossible() {
        return;
    }
    let prb = Prb::new();
    let machines = Machines::new(4);
    let manager = machines.get(1);
    let site = Site {
        prb: &prb,
        devnet: machines.get(0),
        multicast: true,
        manager_at: format!("/ip4/{}/tcp/28889", manager.address),
        redis: None,
        manager,
    };
    site.comes_to_computing_and_goes_on(&machines.get(2), &machines.get(3));
}
