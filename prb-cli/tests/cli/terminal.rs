//! What is different on a terminal: colours, and a screen of its own.

use std::io::Read;
use std::process::{Command, Stdio};

use crate::fixture::{Prb, text};
use crate::services::{LONG, eventually};

/// Begins every colour.
const COLOUR: &str = "\u{1b}[";
const ENTERS: &str = "\u{1b}[?1049h";
const LEAVES: &str = "\u{1b}[?1049l";

/// An overview of nothing at all, which is one of what is wrong.
fn overview(prb: &Prb, command: &str) -> String {
    let nowhere = prb.folder.path().join("nowhere");
    format!("{command} --wait 0 --data-dir {}", nowhere.display())
}

/// The same on a terminal, which util-linux has a program for.
fn on_terminal(prb: &Prb, words: &str) -> Command {
    let mut command = Command::new("script");
    command
        .args(["-qec", &format!("exec {} {words}", env!("CARGO_BIN_EXE_prb")), "/dev/null"])
        .env("TMPDIR", prb.folder.path())
        .env_remove("PHALA_LOGGER_LEVEL")
        .env_remove("NO_COLOR")
        .stdin(Stdio::null());
    command
}

#[test]
fn colours_are_for_terminals_and_for_who_wants_them() {
    let prb = Prb::new();
    let words = overview(&prb, "status");
    let piped = prb.command(&words).env_remove("NO_COLOR").output().unwrap();
    assert_eq!(piped.status.code(), Some(3), "{piped:?}");
    assert!(!text(&piped.stdout).contains(COLOUR), "{piped:?}");
    let always = prb.run(&format!("{words} --color always"));
    assert!(text(&always.stdout).contains(COLOUR), "{always:?}");

    let shown = on_terminal(&prb, &words).output().unwrap();
    assert_eq!(shown.status.code(), Some(3), "{shown:?}");
    assert!(text(&shown.stdout).contains(COLOUR), "{shown:?}");
    let shown = on_terminal(&prb, &words).env("NO_COLOR", "1").output().unwrap();
    assert!(text(&shown.stdout).contains("CRITICAL data providers"), "{shown:?}");
    assert!(!text(&shown.stdout).contains(COLOUR), "{shown:?}");
    let shown = on_terminal(&prb, &format!("{words} --color never")).output().unwrap();
    assert!(!text(&shown.stdout).contains(COLOUR), "{shown:?}");
}

#[test]
fn top_has_a_screen_of_its_own_and_gives_the_other_back_however_it_ends() {
    let prb = Prb::new();
    let words = overview(&prb, "top --interval 1");
    let counted = on_terminal(&prb, &format!("{words} --count 1")).output().unwrap();
    let shown = text(&counted.stdout);
    assert_eq!(counted.status.code(), Some(0), "{shown}");
    assert!(shown.contains(ENTERS) && shown.contains("data providers"), "{shown:?}");
    assert!(shown.ends_with(LEAVES), "{shown:?}");

    for signal in ["TERM", "INT"] {
        let mut script = on_terminal(&prb, &words).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = script.stdout.take().unwrap();
        let mut shown = String::new();
        let mut chunk = [0; 4096];
        while !shown.contains("data providers") {
            let count = stdout.read(&mut chunk).unwrap();
            assert!(count > 0, "it ended: {shown:?}");
            shown.push_str(&String::from_utf8_lossy(&chunk[..count]));
        }
        let found = Command::new("pgrep").args(["-P", &script.id().to_string()]).output().unwrap();
        let process = text(&found.stdout);
        let told = Command::new("kill").args([&format!("-{signal}"), process.trim()]).status();
        assert!(told.unwrap().success(), "{process}");
        stdout.read_to_string(&mut shown).unwrap();
        let ended = eventually(LONG, || script.try_wait().unwrap()).unwrap();
        assert_eq!(ended.code(), Some(0), "{shown:?}");
        assert!(shown.ends_with(LEAVES), "{shown:?}");
    }
}

#[test]
fn top_without_a_terminal_says_one_report_after_the_other() {
    let prb = Prb::new();
    let words = overview(&prb, "top --interval 1 --count 2");
    let said = prb.run(&words);
    assert_eq!(said.status.code(), Some(0), "{said:?}");
    assert_eq!(text(&said.stdout).matches("per second: ").count(), 2, "{said:?}");
    assert!(!text(&said.stdout).contains(COLOUR), "{said:?}");
    let said = prb.run(&format!("{words} --json"));
    assert_eq!(text(&said.stdout).lines().count(), 2, "{said:?}");
}
