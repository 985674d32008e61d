//! Services as those see them who watch them over HTTP: a data provider while all is well, while
//! its node says nothing, and after that; a manager before it can feed, and when its workers earn.

use serde_json::Value;

use crate::fixture::{Prb, assert_refused};
use crate::http;
use crate::machines::Machine;
use crate::services::{LONG, Service, Site, WORKERS, eventually};

/// Where it is watched.
pub(crate) struct Admin(pub(crate) String);

impl Admin {
    /// That of a service, once it says where.
    pub(crate) fn of(service: &mut Service) -> Self {
        Self(service.says("where it is watched", |line| {
            let (_, at) = line.split_once("serves metrics and health at http://")?;
            Some(at.trim().to_owned())
        }))
    }

    /// Code and body of an answer.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        let answer = http::get(&self.0, path);
        (answer.code, answer.body)
    }

    /// Waits until it is ready, or is not; what it says then.
    pub(crate) fn ready(&self, wanted: bool) -> Value {
        let mut last = (0, String::new());
        let code = if wanted { 200 } else { 503 };
        let found = eventually(LONG, || {
            last = self.get("/readyz");
            (last.0 == code).then_some(())
        });
        assert!(found.is_some(), "ready is not {wanted}: {last:?}\n{}", self.get("/metrics").1);
        serde_json::from_str(&last.1).unwrap()
    }

    /// A figure, by its name and labels.
    pub(crate) fn figure(&self, sample: &str) -> f64 {
        let (code, text) = self.get("/metrics");
        assert_eq!(code, 200);
        let value = text.lines().find_map(|line| line.strip_prefix(sample));
        value.unwrap_or_else(|| panic!("no {sample} in {text}")).trim().parse().unwrap()
    }
}

#[test]
fn a_stall_shows_with_its_reason_and_ends_with_its_cause() {
    let prb = Prb::new();
    let this = Machine::this();
    let site = Site {
        prb: &prb,
        devnet: this.clone(),
        manager: this.clone(),
        multicast: false,
        manager_at: String::new(),
        redis: None,
    };
    let (devnet, network) = site.start_devnet();
    let options = "--no-mdns --stall-after 3";
    let mut provider = site.start_provider("provider", &this, &network, options);
    let admin = Admin::of(&mut provider);
    assert_eq!(admin.get("/livez"), (200, "ok\n".to_owned()));
    assert_eq!(admin.get("/nothing").0, 404);

    let ready = admin.ready(true);
    assert_eq!(ready["obstacles"].as_array().unwrap().len(), 0, "{ready}");
    assert!(admin.figure("prb_chain_height{chain=\"relay\",kind=\"finalized\"}") > 0.0);
    let node = network["relay"].as_str().unwrap();
    let healthy = format!("prb_chain_rpc_healthy{{chain=\"relay\",endpoint=\"{node}\"}}");
    let is_healthy = eventually(LONG, || (admin.figure(&healthy) > 0.5).then_some(()));
    assert!(is_healthy.is_some(), "{}", admin.get("/metrics").1);
    assert!(admin.figure("prb_store_chunks{kind=\"genesis\"}") < 2.0);

    // It is there, and says nothing.
    devnet.signal("STOP");
    let stalled = admin.ready(false);
    let obstacle = &stalled["obstacles"][0];
    assert!(obstacle["reason"].as_str().is_some_and(|reason| reason.contains(node)), "{stalled}");
    assert!(admin.figure("prb_ready{service=\"data-provider\"}") < 0.5);
    assert!(admin.figure("prb_provider_stalled_seconds{stage=\"relay\"}") > 0.0);
    assert_eq!(admin.get("/livez").0, 200);
    let stored = "prb_blob_height{chain=\"para\",kind=\"stored\"}";
    let before = admin.figure(stored);

    devnet.signal("CONT");
    admin.ready(true);
    let went_on = eventually(LONG, || (admin.figure(stored) > before).then_some(()));
    assert!(went_on.is_some(), "still at {before}: {}", admin.get("/metrics").1);
    assert!(admin.figure("prb_provider_failures_total{stage=\"relay\"}") > 0.0);
    for service in [provider, devnet] {
        service.stop();
    }
}

#[test]
fn a_manager_tells_what_it_lacks_and_then_how_its_workers_are() {
    let prb = Prb::new();
    let this = Machine::this();
    let site = Site::of_one_machine(&prb);
    std::fs::write(site.path("psk"), "a key that operators share").unwrap();
    let (devnet, network) = site.start_devnet();
    let mut manager = site.start_manager(&network);
    let admin = Admin::of(&mut manager);
    site.add_workers(&this, &network);
    let obstacles = admin.ready(false);
    let parts = obstacles["obstacles"].as_array().unwrap().iter().map(|it| it["part"].as_str());
    assert!(parts.flatten().any(|part| part == "data provider"), "{obstacles}");
    assert_eq!(admin.get("/livez").0, 200);

    let provider = site.start_provider("provider", &this, &network, &site.discovery());
    admin.ready(true);
    let computing = format!("prb_workers{{state=\"computing\"}} {WORKERS}.0");
    let all = eventually(LONG, || admin.get("/metrics").1.contains(&computing).then_some(()));
    assert!(all.is_some(), "{}", admin.get("/metrics").1);
    let on = admin.figure("prb_worker_state{worker=\"w0\",pool=\"1\",state=\"computing\"}");
    assert!(on > 0.5 && admin.figure("prb_worker_healthy{worker=\"w0\"}") > 0.5);
    for kind in ["relay_header", "para_header", "para_block"] {
        assert!(admin.figure(&format!("prb_worker_height{{worker=\"w0\",kind=\"{kind}\"}}")) > 0.0);
    }
    for job in ["register", "add_worker", "start_computing", "sync_messages"] {
        assert!(admin.figure(&format!("prb_worker_jobs_total{{action=\"{job}\"}}")) > 0.5);
    }
    assert!(admin.figure("prb_worker_messages_total") > 0.5);
    assert!(admin.figure("prb_lifecycle_height{kind=\"view\"}") > 0.0);
    assert!(admin.figure("prb_walkie_peers{role=\"data-provider\"}") > 0.5);
    let hello = "prb_walkie_requests_total{method=\"Hello\",outcome=\"ok\"}";
    assert!(admin.figure(hello) > 0.5);
    for service in [manager, provider, devnet] {
        service.stop();
    }
}

#[test]
fn a_busy_port_ends_it() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().display();
    let nodes = "--para-endpoint ws://127.0.0.1:1 --relay-endpoint ws://127.0.0.1:2";
    let words = format!(
        "run data-provider {nodes} --data-dir {folder}/data --key-dir {folder}/keys \
         --admin-listen {address} --log error"
    );
    assert_refused(&words, 1, &[&address.to_string(), "in use"]);
}
