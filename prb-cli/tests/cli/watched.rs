//! A data provider as those see it who watch it over HTTP: while all is well, while its node says
//! nothing, and after that.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::fixture::{Prb, assert_refused};
use crate::machines::Machine;
use crate::services::{LONG, Site, eventually};

/// Where it is watched.
struct Admin(String);

impl Admin {
    /// Code and body of an answer.
    fn get(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.0).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.0).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// Waits until it is ready, or is not; what it says then.
    fn ready(&self, wanted: bool) -> Value {
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
    fn figure(&self, sample: &str) -> f64 {
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
    let admin = Admin(provider.says("where it is watched", |line| {
        line.split_once("serves metrics and health at http://").map(|(_, at)| at.trim().to_owned())
    }));
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
