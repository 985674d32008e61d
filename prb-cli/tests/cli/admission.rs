//! Who may use the monitor: its refusals, its password, and what it tells browsers.

use std::fs;

use base64::prelude::*;
use serde_json::json;

use crate::fixture::{Prb, assert_refused};
use crate::http::{Answer, ask, get};
use crate::machines::Machine;
use crate::services::Service;

const JSON: (&str, &str) = ("Content-Type", "application/json");
const PEER: &str = "Qme7dd1B19xZ6i81WZN3EKU7oHSAENDSANVABZnktD8pCY";

/// A monitor that finds nobody; where it is.
fn start(prb: &Prb, options: &str) -> (Service, String) {
    let words = format!("monitor --listen 127.0.0.1:0 --no-mdns {options}");
    let mut monitor = Service::start(prb, &Machine::this(), "monitor", &words);
    let at = monitor.says("where it is", |line| {
        Some(line.split_once("the monitor is at http://")?.1.trim().to_owned())
    });
    (monitor, at)
}

#[test]
fn a_foreign_page_changes_nothing_and_reads_nothing() {
    let prb = Prb::new();
    let (monitor, at) = start(&prb, "--host monitor.example");
    let change = |line: &str, headers: &[_]| {
        ask(&at, &format!("{line} /ptp/proxy/{PEER}/KickWorker"), headers, r#"{"ids":["a"]}"#)
    };
    let own = format!("http://{at}");
    // Nobody is known by that id, which is all that is wrong.
    for headers in [
        vec![JSON],
        vec![JSON, ("Origin", own.as_str()), ("Sec-Fetch-Site", "same-origin")],
        vec![JSON, ("Host", "monitor.example")],
    ] {
        let answer = change("POST", &headers);
        assert_eq!((answer.code, answer.body.as_str()), (500, "{}"), "{headers:?}");
    }
    let refused = [
        (405, "GET", vec![JSON]),
        (405, "PUT", vec![JSON]),
        (405, "OPTIONS", vec![("Origin", "http://evil.example")]),
        (415, "POST", vec![]),
        (415, "POST", vec![("Content-Type", "text/plain")]),
        (403, "POST", vec![JSON, ("Origin", "http://evil.example")]),
        (403, "POST", vec![JSON, ("Origin", "null")]),
        (403, "POST", vec![JSON, ("Sec-Fetch-Site", "cross-site")]),
        (421, "POST", vec![JSON, ("Host", "evil.example:3000")]),
    ];
    for (code, line, headers) in refused {
        let answer = change(line, &headers);
        assert_eq!(answer.code, code, "{line} {headers:?}: {answer:?}");
        assert!(answer.header("access-control-allow-origin").is_none(), "{answer:?}");
    }
    let rebound = ask(&at, "GET /ptp/discover", &[("Host", "evil.example")], "");
    assert_eq!(rebound.code, 421);

    for line in ["GET", "POST", "PUT"] {
        let found = ask(&at, &format!("{line} /ptp/discover"), &[], "");
        assert_eq!(found.json(), json!({ "dataProviders": [], "lifecycleManagers": [] }));
        let unknown = ask(&at, &format!("{line} /ptp/proxy/{PEER}/ListPool"), &[], "");
        assert_eq!((unknown.code, unknown.body.as_str()), (500, "{}"));
    }
    let rules = get(&at, "/ptp/discover");
    let policy = rules.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'self'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(rules.header("x-content-type-options"), Some("nosniff"));
    let large = "x".repeat((1 << 20) + 1);
    assert_eq!(ask(&at, &format!("POST /ptp/proxy/{PEER}/ListPool"), &[], &large).code, 413);
    monitor.stop();
}

fn log_in(at: &str, headers: &[(&str, &str)], password: &str) -> Answer {
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let headers: Vec<_> = headers.iter().copied().chain([form]).collect();
    ask(at, "POST /login", &headers, &format!("password={password}"))
}

#[test]
fn the_password_opens_and_cannot_be_guessed() {
    let prb = Prb::new();
    let file = prb.folder.path().join("password");
    fs::write(&file, "correct horse\n").unwrap();
    let (monitor, at) = start(&prb, &format!("--password-file {}", file.display()));
    let basic = |password: &str| format!("Basic {}", BASE64_STANDARD.encode(password));
    let with = |password: &str| {
        ask(&at, "GET /ptp/discover", &[("Authorization", &basic(password))], "").code
    };

    let challenged = get(&at, "/ptp/discover");
    assert_eq!(challenged.code, 401);
    assert!(challenged.header("www-authenticate").unwrap().starts_with("Basic"));
    let page = ask(&at, "GET /", &[("Accept", "text/html,*/*")], "");
    assert_eq!((page.code, page.header("location")), (303, Some("/login")));
    assert_eq!(get(&at, "/login").code, 200);
    assert_eq!(get(&at, "/assets/style.css").code, 200);
    assert_eq!(with(":correct horse"), 200);
    assert_eq!(with("anybody:correct horse"), 200);

    let foreign = log_in(&at, &[("Origin", "http://evil.example")], "correct+horse");
    assert_eq!(foreign.code, 403);
    let opened = log_in(&at, &[], "correct+horse");
    assert_eq!((opened.code, opened.header("location")), (303, Some("/")));
    let cookie = opened.header("set-cookie").unwrap();
    assert!(cookie.contains("HttpOnly; SameSite=Strict"), "{cookie}");
    let session = cookie.split(';').next().unwrap();
    let seen = |session: &str| ask(&at, "GET /ptp/discover", &[("Cookie", session)], "").code;
    assert_eq!(seen(&format!("other=1; {session}")), 200);
    assert_eq!(seen("prb_monitor=00000000-0000-4000-8000-000000000000"), 401);
    assert_eq!(ask(&at, "POST /logout", &[("Cookie", session)], "").code, 303);
    assert_eq!(seen(session), 401);

    // Five wrong ones close a window for this host, also to the right one.
    for _ in 0..3 {
        assert_eq!(log_in(&at, &[], "wrong").code, 401);
    }
    assert_eq!(with(":wrong"), 401);
    assert_eq!(with(":wrong"), 401);
    assert_eq!(with(":correct horse"), 429);
    assert_eq!(log_in(&at, &[], "correct+horse").code, 429);
    monitor.stop();
    let said = fs::read_to_string(prb.folder.path().join("monitor.log")).unwrap();
    assert!(said.contains("a wrong password") && !said.contains("horse"), "{said}");
}

#[test]
fn a_password_that_is_none_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    fs::write(&file, "short").unwrap();
    let words = format!("monitor --no-mdns --log error --password-file {}", file.display());
    assert_refused(&words, 1, &["at least 8 bytes"]);
}
