//! The whole bridge with known secrets, in every form that operators have them: none of them is in
//! anything it says or keeps.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use prb_core::lifecycle::OperatorSecret;
use serde_json::{Value, json};

use crate::fixture::{Prb, text};
use crate::machines::Machine;
use crate::rest::{JSON, ask};
use crate::services::{Service, Site};
use crate::watched::Admin;

mod needle;

use needle::{Needle, Search};

const PHRASE: &str = "bottom drive obey lake curtain smoke basket hold race lonely fit walk";
/// Of Alice, who owns the pool of the embedded network.
const SEED: &str = "0xe5be9a5092b81bca64be81d212e7f2f9eba183bb7a90954f7b76361f6edb5c0a";
const LOCKED: &str = include_str!("../../../tests/fixtures/keyring_locked.json");
const PASSPHRASE: &str = "correct horse";
const SHARED_KEY: &str = "a key that operators share";

/// What must be nowhere.
fn needles(site: &Site<'_>) -> Vec<Needle> {
    let mut needles = vec![
        Needle::text("the phrase", PHRASE),
        Needle::text("the first words of it", "bottom drive obey lake"),
        Needle::text("a passphrase", PASSPHRASE),
        Needle::text("the shared key", SHARED_KEY),
        Needle::bytes("the seed", &hex::decode(&SEED[2..]).unwrap()),
    ];
    let token = fs::read_to_string(site.path("manager/lifecycle.token")).unwrap();
    needles.push(Needle::text("the token", token.trim()));
    let export: Value = serde_json::from_str(LOCKED).unwrap();
    needles.push(Needle::text("the locked pair", export["encoded"].as_str().unwrap()));
    for (name, secret) in [("Alice", SEED), ("the phrase", PHRASE), ("Bob", "//Bob")] {
        let plain = OperatorSecret::read(secret, "").unwrap().to_owner().mnemonic;
        let plain = hex::decode(&plain[2..]).unwrap();
        let mut expanded = plain.clone();
        needle::multiply_by_cofactor(&mut expanded[..32]);
        // The scalar alone is enough to sign.
        needles.push(Needle::bytes(&format!("the scalar of {name}"), &plain[..32]));
        needles.push(Needle::bytes(&format!("the expanded scalar of {name}"), &expanded[..32]));
        needles.push(Needle::bytes(&format!("the nonce of {name}"), &plain[32..]));
    }
    needles
}

/// All files below a folder.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// Runs a command of the manager's operator, and keeps what it said.
struct Operator<'a> {
    site: &'a Site<'a>,
    said: Vec<(String, Vec<u8>)>,
}

impl Operator<'_> {
    fn runs(&mut self, words: &str, stdin: &str, code: i32) -> Value {
        let keys = format!("--key-dir {}", self.site.path("manager-keys"));
        let keys = if words.starts_with("peer") { "" } else { &keys };
        let folder = self.site.path("manager");
        let command = format!("{words} --log trace --json --data-dir {folder} {keys}");
        let output = self.site.prb.run_with(&command, stdin);
        assert_eq!(output.status.code(), Some(code), "{words}: {}", text(&output.stderr));
        let answer = serde_json::from_slice(&output.stdout).unwrap_or_default();
        self.said.push((words.to_owned(), [output.stdout, output.stderr].concat()));
        answer
    }
}

/// What the manager answers over HTTP, in its own words and in version 3's.
fn over_http(site: &Site<'_>, manager: &mut Service, pool: &str) -> Vec<(String, Vec<u8>)> {
    let admin = Admin::of(manager).0;
    let v3 = manager.says("where version 3's routes are", |line| {
        line.split_once("routes of version 3 at http://").map(|(_, at)| at.trim().to_owned())
    });
    let token = fs::read_to_string(site.path("manager/lifecycle.token")).unwrap();
    let bearer = format!("Bearer {}", token.trim());
    let mut said = Vec::new();
    let mut asks = |at: &str, line: &str, body: &str, code: u16| {
        let (found, answer) = ask(at, line, &[("Authorization", &bearer), JSON], body);
        assert_eq!(found, code, "{line}: {answer}");
        said.push((line.to_owned(), answer.to_string().into_bytes()));
    };
    let operator = |secret: &str, kind: &str| {
        let new = json!({ "pid": 120, "account": secret, "account_type": kind,
                          "proxied_account_id": null });
        json!({ "SetPoolOperator": new }).to_string()
    };
    let add = json!({ "name": "v3", "pid": 120, "disabled": false, "sync_only": false });
    let key = OperatorSecret::read("//Bob", "").unwrap().to_owner().mnemonic;
    for (line, body, code) in [
        ("GET /metrics", "", 200),
        ("GET /state", "", 200),
        ("GET /api/v1/ListPool", "", 200),
        ("POST /api/v1/CreatePool", pool, 409),
        ("POST /api/v1/CreatePool", &pool.replace("walk", "wolk"), 400),
        ("POST /api/v1/CreatePool", &pool[..pool.len() - 1], 400),
    ] {
        asks(&admin, line, body, code);
    }
    for (body, code) in [
        (json!({ "AddPool": add }).to_string(), 200),
        (operator(&PHRASE.replace("walk", "wolk"), "Seed"), 500),
        (operator(PHRASE, "SecretKey"), 500),
        (operator(PHRASE, "Sead"), 400),
        (operator(&key[2..], "SecretKey"), 200),
        (json!("GetAllPoolOperators").to_string(), 200),
    ] {
        asks(&v3, "POST /wm/config", &body, code);
    }
    said
}

#[test]
fn no_secret_is_in_a_log_an_answer_a_metric_or_a_file() {
    let prb = Prb::new();
    let this = Machine::this();
    let site = Site::of_one_machine(&prb);
    fs::write(site.path("psk"), SHARED_KEY).unwrap();
    let (devnet, network) = site.start_devnet();
    let options = "--grpc-listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 \
                   --v3-listen 127.0.0.1:0 --log trace";
    let mut manager = site.start_manager_with(&network, options);
    let options = format!("{} --psk-file {} --log trace", site.discovery(), site.path("psk"));
    let mut provider = site.start_provider("provider", &this, &network, &options);
    let watched = [Admin::of(&mut manager), Admin::of(&mut provider)];

    let mut operator = Operator { site: &site, said: Vec::new() };
    operator.runs("pool add seed --pid 1 --owner -", SEED, 0);
    operator.runs("pool add phrase --pid 101 --owner -", PHRASE, 0);
    let key = OperatorSecret::read("//Bob", "").unwrap().to_owner().mnemonic;
    operator.runs("pool add key --pid 102 --owner -", &key, 0);
    fs::write(site.path("locked.json"), LOCKED).unwrap();
    let locked = format!("--owner {}", site.path("locked.json"));
    operator.runs(&format!("pool add json --pid 103 {locked} --passphrase -"), PASSPHRASE, 0);
    let body =
        format!(r#"{{"pools":[{{"pid":104,"name":"v2","owner":{{"mnemonic":"{PHRASE}"}}}}]}}"#);
    operator.runs("peer call lifecycle CreatePool -", &body, 0);
    operator.runs("pool import -", &body.replace("104", "105").replace("v2", "imported"), 0);

    // Wherever secrets are nearly right.
    let mistyped = PHRASE.replace("walk", "wolk");
    operator.runs("pool add a --pid 110 --owner -", &mistyped, 1);
    operator.runs(&format!("pool add a --pid 110 {locked} --passphrase -"), PHRASE, 1);
    operator.runs("pool import -", &format!("pid,name,owner\n110,a,{mistyped}\n"), 1);
    operator.runs("pool import -", &format!("pid,name,owner\n110,a,{PHRASE},x\n"), 1);
    operator.runs("peer call lifecycle CreatePool -", &body.replace("walk", "wolk"), 1);
    operator.runs("peer call lifecycle CreatePool -", &body, 1);
    operator.runs("peer call lifecycle CreatePool -", &body[..body.len() - 1], 2);

    let endpoint = network["workers"][0].as_str().unwrap();
    let add = format!("worker add w --pool 1 --endpoint {endpoint} --stake 10000PHA");
    operator.runs(&add, "", 0);
    // The trader opens the operator and signs.
    site.wait_for("computing", &manager, |workers| {
        workers.len() == 1 && workers.iter().all(|it| it["status"] == "S_ACTIVE")
    });
    for words in ["pool list", "worker list", "worker status", "worker explain"] {
        operator.runs(words, "", 0);
    }
    operator.runs("pool edit phrase --owner - --pid 106", PHRASE, 0);
    operator.runs("worker register w", "", 0);
    operator.runs("peer info lifecycle", "", 0);
    let mut places = operator.said;
    for (admin, service) in watched.iter().zip(["manager", "provider"]) {
        for path in ["/metrics", "/readyz"] {
            let (code, said) = admin.get(path);
            assert_eq!(code, 200, "{said}");
            places.push((format!("{path} of the {service}"), said.into_bytes()));
        }
    }
    let metrics = &places.iter().find(|(name, _)| name == "/metrics of the manager").unwrap().1;
    assert!(text(metrics).contains("prb_worker_healthy{worker=\"w\"}"));
    places.extend(over_http(&site, &mut manager, &body));
    for service in [manager, provider, devnet] {
        service.stop();
    }

    let mut paths = Vec::new();
    files(prb.folder.path(), &mut paths);
    for path in paths {
        let name = path.strip_prefix(prb.folder.path()).unwrap().display().to_string();
        let kept_as_it_is = ["psk", "locked.json", "manager/lifecycle.token"];
        if kept_as_it_is.contains(&name.as_str()) {
            continue;
        }
        if name.starts_with("manager/") || name.starts_with("manager-keys/") {
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "others may use {name}");
        }
        places.push((name, fs::read(&path).unwrap()));
    }
    assert!(places.iter().any(|(name, _)| name.starts_with("manager/lifecycle/inventory/")));
    // The search finds what is there: an account is no secret.
    let account = OperatorSecret::read(SEED, "").unwrap().account();
    let public = Search::new(vec![Needle::text("an account", &account.to_string())]);
    let kept = places.iter().filter(|(name, _)| name.contains("inventory"));
    assert!(kept.into_iter().any(|(_, said)| public.find(said).is_some()));
    let log = &places.iter().find(|(name, _)| name == "manager.log").unwrap().1;
    // Our own crates say nothing at the last level.
    let level = Search::new(vec![Needle::text("a level", "DEBUG")]);
    assert!(level.find(log).is_some(), "the log is not in detail");
    let search = Search::new(needles(&site));
    for (name, said) in &places {
        assert_eq!(search.find(said), None, "in {name}");
    }
}
