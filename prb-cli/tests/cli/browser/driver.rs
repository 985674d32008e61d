//! A real browser, driven by the W3C's WebDriver protocol.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use base64::prelude::*;
use prb_devnet::ports::unused_port;
use serde_json::{Value, json};

use crate::http::ask;
use crate::services::{LONG, eventually};

/// How elements are named in answers.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser with one window, ended with the test.
pub(super) struct Browser {
    driver: Child,
    at: String,
    session: String,
    /// Where pictures go.
    pictures: PathBuf,
}

impl Browser {
    /// Starts one with nothing kept in it; its profile is in `folder`.
    pub(super) fn start(folder: &Path) -> Self {
        // Left to choose, it takes a port that is free on one loopback address and ends where another
        // test's connection has the same one on the other.
        let port = unused_port();
        let mut driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap_or_else(|error| panic!("tests/run.sh installs chromium-driver: {error}"));
        let mut said = Vec::new();
        let started = BufReader::new(driver.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap)
            .inspect(|line| said.push(line.clone()))
            .any(|line| line.contains("started successfully on port"));
        assert!(started, "chromedriver ended: {said:?}");
        let at = format!("127.0.0.1:{port}");
        let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
        fs::create_dir_all(&pictures).unwrap();
        let mut browser = Self { driver, at, session: String::new(), pictures };
        let profile = folder.join("chromium");
        let started = browser.post(
            "/session",
            &json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
            "goog:chromeOptions": { "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                "--no-first-run", "--window-size=1440,1000",
                format!("--user-data-dir={}", profile.display()),
            ] },
        } } }),
        );
        browser.session = format!("/session/{}", started["sessionId"].as_str().unwrap());
        browser
    }

    fn post(&self, path: &str, message: &Value) -> Value {
        self.call(&format!("POST {}{path}", self.session), &message.to_string())
            .unwrap_or_else(|error| panic!("{path} {message}: {error}"))
    }

    fn call(&self, line: &str, body: &str) -> Result<Value, Value> {
        let answer = ask(&self.at, line, &[("Content-Type", "application/json")], body);
        let value = answer.json()["value"].take();
        if answer.code == 200 { Ok(value) } else { Err(value) }
    }

    pub(super) fn open(&self, url: &str) {
        self.post("/url", &json!({ "url": url }));
    }

    /// What a script returns.
    pub(super) fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Waits until an expression is true.
    #[track_caller]
    pub(super) fn until(&self, what: &str, expression: &str) {
        let script = format!("return Boolean({expression})");
        if eventually(LONG, || (self.run(&script) == true).then_some(())).is_none() {
            self.picture("failed");
            let text = self.run("return document.body.innerText");
            panic!("never {what}: {}", text.as_str().unwrap_or_default());
        }
    }

    /// The only element that a selector means, once it is there.
    #[track_caller]
    fn element(&self, selector: &str) -> String {
        self.until(
            &format!("one {selector}"),
            &format!("document.querySelectorAll({}).length === 1", json!(selector)),
        );
        let found = self.post("/element", &json!({ "using": "css selector", "value": selector }));
        found[ELEMENT].as_str().unwrap().to_owned()
    }

    /// Clicks as a person does: on what is in sight, not under something else.
    #[track_caller]
    pub(super) fn click(&self, selector: &str) {
        // A part that has just been replaced is looked for again.
        let clicked = eventually(LONG, || {
            let line = format!("POST {}/element/{}/click", self.session, self.element(selector));
            self.call(&line, "{}").ok()
        });
        assert!(clicked.is_some(), "{selector} cannot be clicked");
    }

    /// Types in place of what is there.
    #[track_caller]
    pub(super) fn fill(&self, selector: &str, text: &str) {
        let element = self.element(selector);
        self.post(&format!("/element/{element}/clear"), &json!({}));
        self.post(&format!("/element/{element}/value"), &json!({ "text": text }));
    }

    /// Names a file where a file is asked for.
    #[track_caller]
    pub(super) fn choose_file(&self, selector: &str, file: &Path) {
        let element = self.element(selector);
        self.post(&format!("/element/{element}/value"), &json!({ "text": file }));
    }

    /// Presses a key on whatever has the focus.
    pub(super) fn press(&self, key: char) {
        let events = ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key }));
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": events });
        self.post("/actions", &json!({ "actions": [keyboard] }));
    }

    /// Says yes to what is asked.
    pub(super) fn accept(&self) {
        self.post("/alert/accept", &json!({}));
    }

    /// Says no to what is asked.
    pub(super) fn dismiss(&self) {
        self.post("/alert/dismiss", &json!({}));
    }

    /// Takes a picture of the whole page.
    pub(super) fn picture(&self, name: &str) {
        let parameters = json!({ "format": "png", "captureBeyondViewport": true });
        let shot = self.developer("Page.captureScreenshot", &parameters);
        let png = BASE64_STANDARD.decode(shot["data"].as_str().unwrap()).unwrap();
        fs::write(self.pictures.join(format!("{name}.png")), png).unwrap();
    }

    /// The size of a telephone, or of a desk.
    pub(super) fn be_small(&self, small: bool) {
        let (width, height) = if small { (390, 844) } else { (1440, 1000) };
        let metrics = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": small,
        });
        self.developer("Emulation.setDeviceMetricsOverride", &metrics);
    }

    fn developer(&self, command: &str, parameters: &Value) -> Value {
        self.post("/goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))
    }

    /// What pages complained of: errors and warnings in the console.
    pub(super) fn complaints(&self) -> Vec<String> {
        let entries = self.post("/se/log", &json!({ "type": "browser" }));
        let grave = |entry: &&Value| entry["level"] == "SEVERE" || entry["level"] == "WARNING";
        entries.as_array().unwrap().iter().filter(grave).map(ToString::to_string).collect()
    }

    /// Every address that pages asked, since this was last called.
    pub(super) fn asked(&self) -> Vec<String> {
        let entries = self.post("/se/log", &json!({ "type": "performance" }));
        let of = |entry: &Value| -> Option<String> {
            let event: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
            let event = &event["message"];
            let is_request = event["method"] == "Network.requestWillBeSent"
                || event["method"] == "Network.webSocketCreated";
            let url = event["params"]["request"]["url"].as_str();
            is_request.then(|| url.or(event["params"]["url"].as_str()).map(str::to_owned))?
        };
        entries.as_array().unwrap().iter().filter_map(of).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            let _ = self.call(&format!("DELETE {}", self.session), "");
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
