//! Devnet, data provider, lifecycle manager, trader and Redis as processes of their own.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use prb_devnet::ports::unused_port;
use serde_json::Value;

use crate::fixture::{Prb, assert_refused, text};
use crate::machines::Machine;
use crate::services::{LOCAL, LONG, Service, Site, WORKERS, eventually};
use crate::watched::Admin;

/// A Redis without persistence, as the field runs it.
pub(crate) struct Redis {
    socket: PathBuf,
    child: Child,
}

impl Redis {
    pub(crate) fn start(folder: &Path) -> Self {
        let socket = folder.join("redis.sock");
        let child = Command::new("redis-server")
            .args(["--port", "0", "--appendonly", "no", "--save", "", "--unixsocket"])
            .arg(&socket)
            .arg("--dir")
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("tests/run.sh installs redis-server: {error}"));
        Self { socket, child }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis+unix://{}", self.socket.display())
    }

    /// From now on it asks for this password.
    fn ask_for(&self, password: &str) {
        let started = eventually(LONG, || self.socket.exists().then_some(()));
        assert!(started.is_some(), "Redis does not start");
        let mut cli = Command::new("redis-cli");
        cli.arg("-s").arg(&self.socket).args(["CONFIG", "SET", "requirepass", password]);
        assert_eq!(text(&cli.output().unwrap().stdout), "OK\n");
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn computing(workers: &[Value]) -> bool {
    workers.len() == WORKERS && workers.iter().all(|it| it["status"] == "S_ACTIVE")
}

/// The trader's accounts as it tells its peers.
fn status(site: &Site<'_>) -> Value {
    let words =
        format!("peer call trader GetTraderStatus --json --data-dir {}", site.path("manager"));
    let answer = site.prb.run(&words);
    assert!(answer.status.success(), "{answer:?}");
    serde_json::from_slice(&answer.stdout).unwrap()
}

/// What `prb queue` answers.
fn queue(site: &Site<'_>, redis: &Redis, words: &str) -> Value {
    let keys = site.path("manager-keys");
    let words = format!("queue {words} --redis {} --key-dir {keys} --json", redis.url());
    let answer = site.prb.run(&words);
    assert!(answer.status.success(), "{words}: {answer:?}");
    serde_json::from_slice(&answer.stdout).unwrap()
}

/// What `prb trader` answers.
fn ask_trader(site: &Site<'_>, redis: &Redis, words: &str) -> Value {
    let words = format!("trader {words} --redis {} --json", redis.url());
    let answer = site.prb.run(&words);
    assert!(answer.status.success(), "{words}: {answer:?}");
    serde_json::from_slice(&answer.stdout).unwrap()
}

/// What `prb status` says: how it ends, and all it knows.
fn overview(site: &Site<'_>, network: &Value) -> (Option<i32>, Value) {
    let words = format!(
        "status --json --data-dir {} --psk-file {} --redis {} --para-endpoint {} \
         --relay-endpoint {} --wait 2 {}",
        site.path("manager"),
        site.path("psk"),
        site.redis.as_deref().unwrap(),
        network["para"].as_str().unwrap(),
        network["relay"].as_str().unwrap(),
        site.discovery(),
    );
    let answer = site.prb.run(&words);
    let json = serde_json::from_slice(&answer.stdout);
    (answer.status.code(), json.unwrap_or_else(|error| panic!("{error}: {answer:?}")))
}

/// Everybody is found, and nothing is wrong.
fn all_is_well(site: &Site<'_>, network: &Value) {
    let mut last = Value::Null;
    let well = eventually(LONG, || {
        let (code, told) = overview(site, network);
        last = told;
        (code == Some(0) && last["dataProviders"][0]["info"].is_object()).then_some(())
    });
    assert!(well.is_some(), "{last:#}");
    assert_eq!(last["lifecycleManagers"][0]["workers"]["active"], WORKERS, "{last:#}");
    assert_eq!(last["traders"][0]["status"]["accounts"][0]["pools"][0], "1", "{last:#}");
    assert_eq!(last["accounts"][0]["pools"][0], 1, "{last:#}");
    assert_eq!(last["queue"]["stats"]["failed"], 0, "{last:#}");
    for chain in ["relay", "para"] {
        let chain = &last["chains"][chain];
        assert!(chain["finalized"].as_u64().unwrap() > 0, "{last:#}");
        assert_eq!(chain["nodes"][0]["reachable"], true, "{last:#}");
    }
}

#[test]
fn five_processes_come_to_computing_and_go_on_after_redis_lost_everything() {
    let prb = Prb::new();
    let this = Machine::this();
    let mut redis = Redis::start(prb.folder.path());
    let site = Site { redis: Some(redis.url()), ..Site::of_one_machine(&prb) };
    fs::write(site.path("psk"), "a key that operators share").unwrap();
    let (devnet, network) = site.start_devnet();
    // Before its manager has made the identity, which it waits for.
    let mut trader = site.start_trader(&network);
    let admin = Admin::of(&mut trader);
    trader.says("what it waits for", |line| line.contains("manager's identity").then_some(()));
    let obstacles = admin.ready(false);
    let reason = obstacles["obstacles"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("the lifecycle manager's identity"), "{obstacles}");
    let manager = site.start_manager(&network);
    let provider = site.start_provider("provider", &this, &network, &site.discovery());
    trader.says("that it runs", |line| line.contains("the trader runs").then_some(()));
    site.add_workers(&this, &network);
    site.wait_for("computing", &manager, computing);
    let told = status(&site);
    assert_eq!(told["accounts"][0]["pools"][0], "1", "{told}");

    all_is_well(&site, &network);

    admin.ready(true);
    let account = told["accounts"][0]["ss58Phala"].as_str().unwrap();
    let of_account = |name: &str| admin.figure(&format!("{name}{{account=\"{account}\"}}"));
    assert!(of_account("prb_operator_balance") > 1.0);
    assert!(of_account("prb_operator_balance_low") < 0.5);
    assert!(admin.figure("prb_tx_total{result=\"succeeded\",class=\"none\"}") > 0.5);
    assert!(admin.figure("prb_tx_extrinsics_total{result=\"taken\"}") > 0.5);
    assert!(admin.figure("prb_trader_height") > 0.0);
    let counted = eventually(LONG, || {
        let figures = admin.get("/metrics").1;
        let done = figures.lines().find(|it| it.starts_with("prb_tx_queue_depth{state=\"succ"))?;
        (!done.ends_with(" 0.0")).then_some(())
    });
    assert!(counted.is_some(), "{}", admin.get("/metrics").1);

    let explained = site.prb.run(&format!("worker explain --data-dir {}", site.path("manager")));
    let explained = text(&explained.stdout);
    assert_eq!(explained.matches(": earns\n").count(), WORKERS, "{explained}");
    assert_eq!(explained.matches("yes  heartbeat   accepted").count(), WORKERS, "{explained}");

    let done = queue(&site, &redis, "list succeeded --limit 100");
    let started = done["jobs"].as_array().unwrap().iter();
    let started: Vec<_> = started.filter(|it| it["action"] == "START_COMPUTING").collect();
    assert_eq!(started.len(), WORKERS, "{done}");
    let id = started[0]["id"].as_str().unwrap();
    let shown = queue(&site, &redis, &format!("show {id}"));
    assert_eq!(shown["job"]["outcome"]["calls"][0]["result"], "ok", "{shown}");
    let stats = queue(&site, &redis, "stats");
    assert_eq!(stats["stats"]["failed"], 0, "{stats}");

    let again = format!(
        "dry-run {id} --para-endpoint {} --key-dir {}",
        network["para"].as_str().unwrap(),
        site.path("manager-keys")
    );
    let told = ask_trader(&site, &redis, &again);
    assert_eq!(told["calls"][0]["call"], "PhalaStakePoolv2.start_computing", "{told}");
    assert_eq!(told["verdict"], "error", "it computes already: {told}");
    assert!(told["why"].as_str().unwrap().contains("WorkerNotReady"), "{told}");
    assert!(told["fee"].is_string(), "{told}");
    let accounts = ask_trader(&site, &redis, "accounts");
    let account = &accounts["accounts"][0];
    assert_eq!(account["account"], told["signer"], "{accounts}");
    assert_eq!((&account["pools"][0], &account["lowBalance"]), (&1.into(), &false.into()));
    assert!(account["nonce"].as_u64().unwrap() > 0, "{accounts}");

    assert!(queue(&site, &redis, "clear succeeded")["removed"].as_u64().unwrap() > 0);
    let unknown = site.prb.run(&format!("queue retry {id} --redis {}", redis.url()));
    assert_eq!(unknown.status.code(), Some(1), "{unknown:?}");

    trader.kill();
    redis.kill();
    let (code, told) = overview(&site, &network);
    assert_eq!(code, Some(3), "{told:#}");
    let about = |part: &str| {
        let mut problems = told["problems"].as_array().unwrap().iter();
        problems.find(|it| it["about"].as_str().unwrap().starts_with(part)).unwrap_or(&Value::Null)
    };
    assert_eq!(about("queue")["severity"], "critical", "{told:#}");
    assert_eq!(about("trader")["severity"], "critical", "{told:#}");
    assert_eq!(about("worker"), &Value::Null, "{told:#}");
    let _empty = Redis::start(prb.folder.path());
    let mut next = site.start_trader(&network);
    next.says("that it runs", |line| line.contains("the trader runs").then_some(()));
    let seen = nonce(&told);
    site.wait_for("heartbeats are sent by the next trader", &manager, |workers| {
        let told = status(&site);
        let sent = told["accounts"].as_array().is_some_and(|it| !it.is_empty());
        computing(workers) && sent && nonce(&told) > seen
    });
    for words in ["worker checkpoint w0", "worker drain w1"] {
        let told = site.prb.run(&format!("{words} --json --data-dir {}", site.path("manager")));
        assert!(told.status.success(), "{words}: {told:?}");
    }
    for service in [next, manager, provider, devnet] {
        service.stop();
    }
}

/// The manager is the second of those in the process.
#[test]
fn all_services_in_one_process_have_their_jobs_in_redis() {
    let prb = Prb::new();
    let this = Machine::this();
    let redis = Redis::start(prb.folder.path());
    let one = Site::of_one_machine(&prb);
    let port = unused_port();
    let manager_at = format!("/ip4/127.0.0.1/tcp/{}", port + 1);
    let site = Site { redis: Some(redis.url()), manager_at, ..one };
    fs::write(site.path("psk"), "a key that operators share").unwrap();
    let (devnet, network) = site.start_devnet();
    let words = format!(
        "run all --data-dir {} --key-dir {} --psk-file {} --para-endpoint {} --relay-endpoint {} \
         --walkie-listen /ip4/127.0.0.1/tcp/{port} --no-mdns --blob-port 0 {LOCAL} --redis {} \
         --monitor-listen off --queue-listen off --skip-attestation --batch-age 300",
        site.path("manager"),
        site.path("manager-keys"),
        site.path("psk"),
        network["para"].as_str().unwrap(),
        network["relay"].as_str().unwrap(),
        redis.url(),
    );
    let mut all = Service::start(&prb, &this, "all", &words);
    all.says("that all run", |line| line.contains("all services run").then_some(()));
    site.add_workers(&this, &network);
    site.wait_for("computing", &all, computing);
    let stats = queue(&site, &redis, "stats");
    assert_eq!(stats["stats"]["failed"], 0, "{stats}");
    let done = queue(&site, &redis, "list succeeded --limit 100");
    let started = done["jobs"].as_array().unwrap().iter();
    assert_eq!(started.filter(|it| it["action"] == "START_COMPUTING").count(), WORKERS, "{done}");
    let accounts = ask_trader(&site, &redis, "accounts");
    assert_eq!(accounts["accounts"][0]["pools"][0], 1, "{accounts}");
    all.stop();
    devnet.stop();
}

fn nonce(status: &Value) -> u64 {
    status["accounts"][0]["nonce"].as_u64().unwrap_or(0)
}

#[test]
fn what_a_trader_needs_is_usage() {
    assert_refused("run trader --para-endpoint ws://127.0.0.1:1", 2, &["--redis"]);
    let secret = "run trader --para-endpoint ws://127.0.0.1:1 --redis redis://:hush@127.0.0.1";
    assert_refused(secret, 2, &["PHALA_Q_REDIS_ENDPOINT"]);
    let output = Prb::new().run(secret);
    assert!(!text(&output.stderr).contains("hush"), "{output:?}");
    let alone = "run lifecycle --para-endpoint ws://127.0.0.1:1 --built-in-trader false";
    assert_refused(alone, 2, &["--redis"]);
}

#[test]
fn the_password_of_redis_is_read_from_a_file_for_its_owner_alone() {
    let prb = Prb::new();
    let redis = Redis::start(prb.folder.path());
    redis.ask_for("hush @/?");
    let words = format!("queue stats --json --redis {}", redis.url());
    let refused = prb.run(&words);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");

    let file = prb.folder.path().join("redis-password");
    fs::write(&file, "hush @/?\n").unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    let words = format!("{words} --redis-password-file {}", file.display());
    let answer = prb.run(&words);
    assert!(answer.status.success(), "{answer:?}");
    assert!(text(&answer.stderr).contains("0600"), "others could read it: {answer:?}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    fs::write(&file, "wrong").unwrap();
    let refused = prb.run(&words);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let said = text(&refused.stderr);
    assert!(!said.contains("wrong") && !said.contains("hush"), "{said}");
}
