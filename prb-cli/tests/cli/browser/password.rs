//! Pages that ask for a password.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use super::driver::Browser;
use crate::fixture::Prb;
use crate::machines::Machine;
use crate::services::Service;

const ENTER: char = '\u{e007}';

fn start(prb: &Prb, name: &str, listen: &str) -> (Service, String) {
    let password = prb.folder.path().join("password").display().to_string();
    let words = format!("run monitor --no-mdns --listen {listen} --password-file {password}");
    let mut monitor = Service::start(prb, &Machine::this(), name, &words);
    let at = monitor.says("where it is", |line| {
        Some(line.split_once("the monitor is at http://")?.1.trim().to_owned())
    });
    (monitor, at)
}

#[test]
fn who_has_the_password_comes_in_and_who_is_forgotten_is_asked_again() {
    let prb = Prb::new();
    let file = prb.folder.path().join("password");
    fs::write(&file, "open sesame\n").unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    let (mut monitor, at) = start(&prb, "monitor", "127.0.0.1:0");
    let browser = Browser::start(prb.folder.path());
    let asked = "location.pathname === '/login' && document.querySelector('[name=password]')";
    let inside = "document.querySelector('h1')?.textContent === 'Peers'";
    let give = |password: &str| {
        // The form waits for it: nothing else has the focus.
        browser.until("the focus", "document.activeElement.name === 'password'");
        browser.fill("[name=password]", password);
        browser.press(ENTER);
    };

    browser.open(&format!("http://{at}"));
    browser.until("the form", asked);
    browser.picture("login");
    assert_eq!(browser.complaints(), Vec::<String>::new());
    give("open wheat");
    browser.until("no", "document.querySelector('.wrong')?.textContent === 'That is not it.'");
    browser.picture("login-refused");
    give("open sesame");
    browser.until("the peers", inside);
    browser.click("form[action='/logout'] button");
    browser.until("the form", asked);
    browser.open(&format!("http://{at}/"));
    browser.until("the form again", asked);
    give("open sesame");
    browser.until("the peers again", inside);
    // Another monitor knows nobody.
    monitor.kill();
    browser.until("that it is lost", "!document.querySelector('#lost').hidden");
    let (monitor, _) = start(&prb, "another", &at);
    browser.until("the form, by itself", asked);
    monitor.stop();
}
