//! A lifecycle manager over HTTP and JSON: its own methods, and the routes of version 3.

use std::fs;

use serde_json::{Value, json};

use crate::fixture::{Prb, text};
use crate::http::{self, Answer};
use crate::machines::Machine;
use crate::services::{LONG, Service, Site, eventually};
use crate::watched::Admin;

/// Code and body of an answer.
pub(crate) fn ask(at: &str, line: &str, headers: &[(&str, &str)], body: &str) -> (u16, Value) {
    let Answer { code, body, .. } = http::ask(at, line, headers, body);
    (code, serde_json::from_str(&body).unwrap_or_else(|_| body.into()))
}

pub(crate) const JSON: (&str, &str) = ("Content-Type", "application/json");

#[test]
fn methods_are_called_over_http_with_the_token_and_version_3_finds_its_routes() {
    let prb = Prb::new();
    let site = Site::of_one_machine(&prb);
    fs::write(site.path("psk"), "a key that operators share").unwrap();
    let (devnet, network) = site.start_devnet_with(1);
    let options = "--grpc-listen off --admin-listen 127.0.0.1:0 --v3-listen 127.0.0.1:0";
    let mut manager = site.start_manager_with(&network, options);
    let admin = Admin::of(&mut manager).0;
    let token = fs::read_to_string(format!("{}/lifecycle.token", site.path("manager"))).unwrap();
    let bearer = format!("Bearer {}", token.trim());
    let token = ("Authorization", bearer.as_str());

    let health =
        |options: &str| prb.run(&format!("health --service lifecycle --at {admin}{options}"));
    assert_eq!(text(&health("").stdout), "ok\n");
    let unready = health(" --ready");
    assert_eq!(unready.status.code(), Some(1), "there is no data provider: {unready:?}");
    assert!(text(&unready.stderr).contains("503"), "{unready:?}");

    a_token_is_needed(&admin, token);
    // Without one a worker is not even initialized.
    let provider = site.start_provider("provider", &Machine::this(), &network, &site.discovery());
    let worker = network["workers"][0].as_str().unwrap();
    pools_and_workers_are_kept(&admin, token, worker);
    let (code, state) = ask(&admin, "GET /state", &[token], "");
    assert_eq!(code, 200, "{state}");
    assert!(state["network"]["peerId"].as_str().unwrap().starts_with("Qm"), "{state}");
    assert!(state["figures"]["prb_up"][0]["labels"]["service"] == "lifecycle", "{state}");
    assert_eq!(ask(&admin, "GET /state", &[], "").0, 401);
    the_log_is_changed(&admin, token, &mut manager);

    let v3 = manager.says("where version 3's routes are", |line| {
        let (_, at) = line.split_once("routes of version 3 at http://")?;
        Some(at.trim().to_owned())
    });
    version_3_is_answered(&v3);
    version_3_migrates_from_it(&prb, &site, &v3);
    for service in [manager, provider, devnet] {
        service.stop();
    }
}

fn a_token_is_needed(admin: &str, token: (&str, &str)) {
    let (code, refused) = ask(admin, "GET /api/v1/ListPool", &[], "");
    assert_eq!((code, &refused["error"]["code"]), (403, &"PERMISSION_DENIED".into()), "{refused}");
    let wrong = ("Authorization", "Bearer 00");
    assert_eq!(ask(admin, "GET /api/v1/ListPool", &[wrong], "").0, 401);
    let (code, pools) = ask(admin, "GET /api/v1/ListPool", &[token], "");
    assert_eq!((code, pools), (200, json!({})));
    assert_eq!(ask(admin, "GET /api/v1/CreatePool", &[token], "").0, 405);
    assert_eq!(ask(admin, "POST /api/v1/CreatePool", &[token], "{}").0, 415);
    assert_eq!(ask(admin, "POST /api/v1/Nothing", &[token, JSON], "{}").0, 404);
    assert_eq!(ask(admin, "POST /api/v1/WatchWorkerStatus", &[token, JSON], "{}").0, 404);
    let (code, document) = ask(admin, "GET /api/openapi.json", &[], "");
    assert_eq!((code, &document["openapi"]), (200, &"3.1.0".into()));
}

fn the_log_is_changed(admin: &str, token: (&str, &str), manager: &mut Service) {
    assert_eq!(ask(admin, "PUT /log", &[], "debug").0, 401);
    let (code, refused) = ask(admin, "PUT /log", &[token], "loud");
    assert_eq!((code, &refused["error"]["code"]), (400, &"INVALID_ARGUMENT".into()));
    assert_eq!(ask(admin, "GET /log", &[token], "").1["level"], "info");
    assert_eq!(ask(admin, "PUT /log", &[token], "trace").1["level"], "trace");
    manager.says("more than before", |line| line.contains("DEBUG").then_some(()));
}

fn pools_and_workers_are_kept(admin: &str, token: (&str, &str), endpoint: &str) {
    let post = |method: &str, body: &Value| {
        ask(admin, &format!("POST /api/v1/{method}"), &[token, JSON], &body.to_string())
    };
    let owner = json!({ "mnemonic": "//Alice" });
    let pool = json!({ "pools": [{ "pid": 1, "name": "dev", "enabled": true, "owner": owner }] });
    let (code, made) = post("CreatePool", &pool);
    assert_eq!((code, &made["pools"][0]["pid"]), (200, &"1".into()), "{made}");
    assert!(!made.to_string().contains("Alice"), "{made}");
    let (code, twice) = post("CreatePool", &pool);
    assert_eq!((code, &twice["error"]["code"]), (409, &"ALREADY_EXISTS".into()), "{twice}");
    let worker = json!({ "workers": [{
        "pid": "1", "name": "w0", "endpoint": endpoint, "enabled": true, "stake": "10000000000000000",
    }] });
    assert_eq!(post("CreateWorker", &worker).0, 200);
    let (code, wrong) = post("CreateWorker", &json!({ "workers": 7 }));
    assert_eq!((code, &wrong["error"]["code"]), (400, &"INVALID_ARGUMENT".into()), "{wrong}");
    let told = eventually(LONG, || {
        let (_, states) = post("GetWorkerStatus", &json!({}));
        (states["workerStates"][0]["initialized"] == true).then_some(())
    });
    assert!(told.is_some(), "{:?}", post("GetWorkerStatus", &json!({})));
}

fn version_3_is_answered(at: &str) {
    assert_eq!(ask(at, "GET /", &[], "").0, 418);
    assert_eq!(ask(at, "GET /nothing", &[], "").0, 418);
    assert!(ask(at, "GET /wm/status", &[], "").1["git_revision"].is_string());
    let (code, said) = ask(at, "PUT /wm/restart", &[], "");
    assert_eq!((code, said), (405, json!({ "ok": true })));
    let config = |command: Value| ask(at, "POST /wm/config", &[JSON], &command.to_string());
    let (_, pools) = config(json!("GetAllPoolsWithWorkers"));
    assert_eq!((&pools[0]["pid"], &pools[0]["workers"][0]["name"]), (&1.into(), &"w0".into()));
    // Version 3 adds a pool first and says then who signs.
    let pool = json!({ "name": "second", "pid": 2, "disabled": false, "sync_only": true });
    assert_eq!(config(json!({ "AddPool": pool })).0, 200);
    assert_eq!(config(json!({ "AddPool": pool })).0, 500);
    let operator =
        json!({ "pid": 2, "account": "//Bob", "account_type": "Seed", "proxied_account_id": null });
    let (code, set) = config(json!({ "SetPoolOperator": operator }));
    assert_eq!(code, 200, "{set}");
    assert!(set["operator_account_id"].is_string() && set["proxied_account_id"].is_null(), "{set}");
    let worker = json!({
        "name": "w1", "endpoint": "http://127.0.0.1:1", "stake": "0", "pid": 2,
        "disabled": true, "sync_only": true, "gatekeeper": false,
    });
    let (code, made) = config(json!({ "AddWorker": worker }));
    assert_eq!((code, &made["enabled"]), (200, &false.into()), "{made}");
    let mut renamed = worker;
    renamed["new_name"] = "w2".into();
    assert_eq!(config(json!({ "UpdateWorker": renamed })).1["name"], "w2");
    assert_eq!(config(json!({ "GetPool": { "pid": 9 } })).1["error"], true);
    let (code, refused) = config(json!({ "AddPool": { "pid": 3 } }));
    assert_eq!((code, &refused["code"]), (400, &"BadRequest".into()), "{refused}");

    let (_, status) = ask(at, "GET /workers/status", &[], "");
    let workers = status["workers"].as_array().unwrap();
    let first = workers.iter().find(|it| it["worker"]["name"] == "w0").unwrap();
    assert_eq!(first["phactory_info"]["initialized"], true, "{first}");
    let ids = json!({ "ids": [first["worker"]["id"]] }).to_string();
    for action in ["restart", "force_register", "take_checkpoint"] {
        let (code, done) = ask(at, &format!("PUT /workers/{action}"), &[JSON], &ids);
        assert_eq!(code, 200, "{action}: {done}");
    }
    let nobody = json!({ "ids": ["nobody"] }).to_string();
    assert_eq!(ask(at, "PUT /workers/restart", &[JSON], &nobody).0, 400);
    let endpoints =
        |id: &Value| json!({ "requests": [{ "id": id, "endpoints": ["http://w0.example:8000"] }] });
    let update =
        |id: &Value| ask(at, "PUT /workers/update_endpoints", &[JSON], &endpoints(id).to_string());
    assert_eq!(update(&first["worker"]["id"]).1, json!({ "ok": true }));
    assert_eq!(update(&"nobody".into()).0, 400);
    assert!(ask(at, "GET /tx/status", &[], "").1["tx_count"].is_number());
}

/// What is read of version 3 is read of its routes here, too.
fn version_3_migrates_from_it(prb: &Prb, site: &Site<'_>, at: &str) {
    let (data, keys) = (site.path("other"), site.path("other-keys"));
    let words = format!("migrate v3 http://{at} --data-dir {data} --key-dir {keys}");
    let done = prb.run_with(&words, "//Bob\n//Alice\n");
    assert!(done.status.success(), "{done:?}");
    assert_eq!(text(&done.stdout).matches("2 new, 0 changed").count(), 2, "{done:?}");
}
