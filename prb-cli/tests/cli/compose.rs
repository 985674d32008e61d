//! What compose files say, run as processes: the services of ours, and those of version 2's guide
//! with one line about access, come to computing on the embedded network, and the guide's calls
//! make the pools and workers.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use prb_devnet::ports::unused_port;
use serde_json::{Value, json};

use crate::fixture::Prb;
use crate::rest::{JSON, ask};
use crate::services::{LONG, Service, Site, eventually};

/// A service of a compose file.
struct Composed {
    name: String,
    image: String,
    command: Vec<String>,
    environment: BTreeMap<String, String>,
}

/// The services of a file, in its order of dependencies.
fn services(text: &str) -> Vec<Composed> {
    let file: Value = serde_saphyr::from_str(text).unwrap();
    let words = |value: &Value| -> Vec<String> {
        let items = value.as_array().into_iter().flatten();
        items.map(|item| item.as_str().unwrap().to_owned()).collect()
    };
    let mut services: Vec<_> = file["services"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, service)| {
            let environment = words(&service["environment"]).into_iter().map(|line| {
                let (name, value) = line.split_once('=').unwrap();
                (name.to_owned(), value.to_owned())
            });
            let image = service["image"].as_str().unwrap().to_owned();
            let mut environment: BTreeMap<_, _> = environment.collect();
            if image.contains("prb-monitor") {
                // An image of its own needs no module; ours is told.
                environment.insert("PHALA_MODULE".to_owned(), "monitor".to_owned());
            }
            Composed { name: name.clone(), image, command: words(&service["command"]), environment }
        })
        .collect();
    services.sort_by_key(|service| !service.image.contains("redis"));
    services
}

fn ours(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/compose").join(name);
    fs::read_to_string(path.join("compose.yaml")).unwrap()
}

/// Where things are in this test that are elsewhere in the files.
struct Places {
    instead: Vec<(String, String)>,
    monitor: String,
}

impl Places {
    fn new(site: &Site<'_>, network: &Value) -> Self {
        let ports = [(); 4].map(|()| unused_port());
        let data = site.path("data");
        let instead = [
            ("ws://path.to.kusama.node:9945", network["relay"].as_str().unwrap().to_owned()),
            ("ws://path.to.khala.node:9944", network["para"].as_str().unwrap().to_owned()),
            ("ip.of.data.provider", "127.0.0.1".to_owned()),
            ("/peer_id_of_data_provider", String::new()),
            ("/p2p/some_peer_id", String::new()),
            ("0.0.0.0/tcp", "127.0.0.1/tcp".to_owned()),
            ("28888", ports[0].to_string()),
            ("29888", ports[1].to_string()),
            ("63792", ports[2].to_string()),
            ("/var/data", data),
        ];
        let instead = instead.map(|(from, to)| (from.to_owned(), to)).into();
        Self { instead, monitor: format!("127.0.0.1:{}", ports[3]) }
    }

    fn of(&self, text: &str) -> String {
        let replace = |text: String, (from, to): &(String, String)| text.replace(from, to);
        self.instead.iter().fold(text.to_owned(), replace)
    }

    /// What the machine of a test needs besides: ports that are free, folders that are its own,
    /// workers without attestation, and no multicast, by which tests would find each other.
    fn besides(&self, module: &str) -> Vec<(&'static str, String)> {
        let (name, database) = match module {
            "all" => ("PRB_DATA_DIR", "/var/data/prb"),
            "data_provider" => ("PHALA_LOCAL_DB_PATH", "/var/data/0"),
            _ => ("PHALA_LOCAL_DB_PATH", "/var/data/local.db"),
        };
        vec![
            ("PHALA_PEER_ID_PREFIX", self.of("/var/data/keys/id")),
            (name, self.of(database)),
            ("PHALA_WALKIE_DISABLE_MDNS_DISCOVERY", "true".to_owned()),
            ("PRB_ADMIN_LISTEN", "127.0.0.1:0".to_owned()),
            ("PRB_GRPC_LISTEN", "127.0.0.1:0".to_owned()),
            ("PHALA_DATA_PROVIDER_LOCAL_SERVER_PORT", "0".to_owned()),
            ("PHALA_DEV_SKIP_RA", "true".to_owned()),
            ("PRB_TRADER_BATCH_AGE", "300".to_owned()),
            ("PRB_MONITOR_LISTEN", self.monitor.clone()),
            ("PRB_QUEUE_PAGE_LISTEN", "127.0.0.1:0".to_owned()),
        ]
    }

    fn start(&self, prb: &Prb, service: &Composed) -> Service {
        let mut words = service.command.iter().map(|word| self.of(word));
        let mut command = if service.image.contains("redis") {
            let mut command = Command::new(words.next().unwrap());
            command.current_dir(prb.folder.path());
            command
        } else {
            prb.command("")
        };
        command.args(words);
        if let Some(module) = service.environment.get("PHALA_MODULE") {
            command.envs(self.besides(module));
        }
        command.envs(service.environment.iter().map(|(name, value)| (name, self.of(value))));
        Service::spawn(prb, &service.name, command)
    }
}

/// Starts all services of the files, adds a pool and its workers through the monitor as the guide
/// has it, and waits until they compute.
fn comes_to_computing(files: &[String], access: Option<(&str, &str)>) {
    let prb = Prb::new();
    let site = Site::of_one_machine(&prb);
    let (devnet, network) = site.start_devnet();
    let places = Places::new(&site, &network);
    fs::create_dir_all(site.path("data")).unwrap();
    fs::write(site.path("data/psk"), "a key that operators share").unwrap();
    let mut running = Vec::new();
    for mut service in files.iter().flat_map(|file| services(file)) {
        if let Some((name, value)) = access.filter(|_| service.name == "lifecycle") {
            service.environment.insert(name.to_owned(), value.to_owned());
        }
        running.push(places.start(&prb, &service));
    }

    let post = |path: &str, body: &Value| {
        ask(&places.monitor, &format!("POST {path}"), &[JSON], &body.to_string())
    };
    let manager = eventually(LONG, || {
        std::net::TcpStream::connect(&places.monitor).ok()?;
        let (_, found) = post("/ptp/discover", &json!({}));
        let provider = found["dataProviders"][0]["peerId"].as_str();
        let manager = found["lifecycleManagers"][0]["peerId"].as_str();
        provider.and(manager).map(str::to_owned)
    });
    let manager =
        manager.unwrap_or_else(|| panic!("the monitor does not find data provider and manager"));
    let proxy = |method: &str, body: &Value| {
        let (code, answer) = post(&format!("/ptp/proxy/{manager}/{method}"), body);
        assert_eq!((code, &answer["hasError"]), (200, &false.into()), "{method}: {answer}");
        answer["data"].clone()
    };
    // The calls of the guide, with this network's pool and workers.
    let owner = json!({ "mnemonic": "//Alice" });
    let pool = json!({ "pid": 1, "name": "test2", "owner": owner, "enabled": true });
    proxy("CreatePool", &json!({ "pools": [pool] }));
    let endpoints = network["workers"].as_array().unwrap();
    let workers = endpoints.iter().enumerate().map(|(index, endpoint)| {
        let name = format!("test-node-{}", index + 1);
        json!({ "pid": 1, "name": name, "endpoint": endpoint, "enabled": true,
                "stake": "4000000000000000" })
    });
    proxy("CreateWorker", &json!({ "workers": workers.collect::<Vec<_>>() }));
    let mut last = Value::Null;
    let computing = eventually(LONG, || {
        last = proxy("GetWorkerStatus", &json!({}));
        let states = last["workerStates"].as_array()?;
        let active = states.iter().all(|state| state["status"] == "S_ACTIVE");
        (active && states.len() == endpoints.len()).then_some(())
    });
    assert!(computing.is_some(), "not all compute: {last:#}");
    // Those who use Redis stop before it.
    for service in running.into_iter().rev() {
        service.stop();
    }
    devnet.stop();
}

#[test]
fn our_compose_files_come_to_computing() {
    comes_to_computing(&[ours("lifecycle"), ours("data-provider")], None);
}

#[test]
fn the_file_for_one_machine_comes_to_computing() {
    comes_to_computing(&[ours("all-in-one")], None);
}

#[test]
fn version_2s_compose_files_come_to_computing_with_a_line_about_access() {
    let files = [
        include_str!("../fixtures/version-2-lifecycle.yml").to_owned(),
        include_str!("../fixtures/version-2-data-provider.yml").to_owned(),
    ];
    comes_to_computing(&files, Some(("PRB_WALKIE_ACCESS", "open")));
}

#[test]
fn our_files_have_the_shape_of_version_2s_and_harden_what_is_ours() {
    let names = |text: &str| {
        let mut names: Vec<_> = services(text).into_iter().map(|it| it.name).collect();
        names.sort();
        names
    };
    let v2 = include_str!("../fixtures/version-2-lifecycle.yml");
    assert_eq!(names(&ours("lifecycle")), names(v2));
    let v2 = include_str!("../fixtures/version-2-data-provider.yml");
    assert_eq!(names(&ours("data-provider")), names(v2));
    assert_eq!(names(&ours("node")), ["node"]);
    for file in ["data-provider", "lifecycle", "all-in-one", "dev"] {
        let file: Value = serde_saphyr::from_str(&ours(file)).unwrap();
        for (name, service) in file["services"].as_object().unwrap() {
            let image = service["image"].as_str().unwrap();
            if image.contains("PRB_IMAGE") {
                assert_eq!(service["read_only"], true, "{name}");
                assert_eq!(service["cap_drop"][0], "ALL", "{name}");
                assert_eq!(service["security_opt"][0], "no-new-privileges:true", "{name}");
            }
        }
    }
}
