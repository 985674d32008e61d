//! One process ingests into a bucket, two that were there before it serve the same from it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use serde_json::Value;

use crate::fixture::Prb;
use crate::machines::Machine;
use crate::s3::S3;
use crate::services::{LONG, Service, Site, eventually};

/// Parachain blocks that there are at once: more than fill a chunk of them.
const HISTORY: u32 = 1_100;
const FOLDERS: [&str; 3] = ["first", "second", "third"];

/// A blob as the process with that folder serves it, nothing where there is none.
fn blob(site: &Site<'_>, folder: &str, key: &str) -> Option<String> {
    let request = format!("{{\"key\":\"{key}\"}}");
    let words =
        format!("call data-provider GetBlobByKey {request} --data-dir {}", site.path(folder));
    let answer = site.peer(&Machine::this(), &words);
    let found = answer["empty"] == Value::Bool(false);
    found.then(|| answer["data"].as_str().unwrap().to_owned())
}

fn serves(site: &Site<'_>, folder: &str, key: &str) -> String {
    let found = eventually(LONG, || blob(site, folder, key));
    found.unwrap_or_else(|| panic!("{folder} never served {key}"))
}

/// Starts two that only serve, then the one that ingests, and compares what they serve; gives those
/// two, still running, when the third has stopped.
fn compare(site: &Site<'_>, bucket: &str) -> [Service; 2] {
    let (devnet, network) = site.start_devnet_after(HISTORY, 0);
    let this = Machine::this();
    let [first, second, third] = FOLDERS;
    let start = |folder: &str, options: &str| {
        let options = format!("--no-mdns --bucket {bucket} {options}");
        site.start_provider_in(folder, folder, &this, &network, &options)
    };
    let mut serving = [first, second].map(|folder| start(folder, "--read-only"));
    for service in &mut serving {
        service.says("that nothing is there", |line| {
            line.contains("waiting for the provider that ingests").then_some(())
        });
    }
    let mut ingesting = start(third, "");
    for service in serving.iter_mut().chain([&mut ingesting]) {
        service.says("that it serves", |line| line.contains("serving gRPC").then_some(()));
    }
    for key in ["genesis:2004:pb", "relay:1", "relay:1001", "blocks:0", "blocks:63"] {
        let expected = serves(site, third, key);
        for folder in [first, second] {
            assert!(serves(site, folder, key) == expected, "{folder} serves another {key}");
        }
    }
    ingesting.stop();
    devnet.stop();
    serving
}

/// Everything in a folder, and when it was written.
fn contents(folder: &Path) -> BTreeMap<String, SystemTime> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let written = entry.metadata().unwrap().modified().unwrap();
        found.insert(entry.path().display().to_string(), written);
        if entry.file_type().unwrap().is_dir() {
            found.extend(contents(&entry.path()));
        }
    }
    found
}

#[test]
fn two_processes_serve_what_a_third_puts_into_a_shared_folder() {
    let prb = Prb::new();
    let site = Site::of_one_machine(&prb);
    let shared = prb.folder.path().join("shared");
    let serving = compare(&site, &format!("file://{}", shared.display()));
    let before = contents(&shared);
    for folder in &FOLDERS[..2] {
        serves(&site, folder, "blocks:1");
    }
    for service in serving {
        service.stop();
    }
    assert!(before == contents(&shared), "one that only serves has written");
}

#[test]
fn two_processes_serve_what_a_third_puts_into_a_bucket() {
    let s3 = S3::start("chain-data");
    let prb = Prb::new();
    let site = Site::of_one_machine(&prb);
    let credentials = prb.folder.path().join("credentials");
    let text = "[default]\naws_access_key_id = test\naws_secret_access_key = test\n";
    fs::write(&credentials, text).unwrap();
    let bucket = format!(
        "s3://chain-data/khala?region=us-east-1&endpoint=http://{} --bucket-credentials {}",
        s3.address,
        credentials.display()
    );
    for service in compare(&site, &bucket) {
        service.stop();
    }
}
