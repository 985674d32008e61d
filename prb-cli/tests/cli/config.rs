//! `prb config`.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::fixture::{Prb, assert_refused, text};
use crate::shapes;

const FILE: &str =
    "[chains]\npara-endpoint = \"wss://node/ws?key=hush\"\n[lifecycle]\ncache-size = 9\n";

struct Config {
    prb: Prb,
    file: String,
}

impl Config {
    fn new(text: &str) -> Self {
        let prb = Prb::new();
        let file = prb.folder.path().join("prb.toml").display().to_string();
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        Self { prb, file }
    }

    fn run(&self, words: &str, variables: &[(&str, &str)]) -> Output {
        let mut command = self.prb.command(words);
        command.env("PRB_CONFIG", &self.file).envs(variables.iter().copied());
        let output = command.output().unwrap();
        shapes::check(words, &output.stdout);
        output
    }
}

#[test]
fn settings_are_shown_with_where_they_stand_and_without_secrets() {
    let config = Config::new(FILE);
    let redis = [("PHALA_Q_REDIS_ENDPOINT", "redis://:hush@127.0.0.1:6379/0")];
    let output = config.run("config show lifecycle --origin -- --blob-timeout 7000", &redis);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let shown = text(&output.stdout);
    for line in [
        "para-endpoint = [\"wss://node/…\"]  # file: chains.para-endpoint",
        "redis = \"redis://…@127.0.0.1:6379/…\"  # environment: PHALA_Q_REDIS_ENDPOINT",
        "cache-size = 9  # file: lifecycle.cache-size",
        "blob-timeout = 7000  # command line",
        "bridge-identity = \"default\"  # default",
        "sync-only = false  # default",
        "# webhook is not set",
    ] {
        assert!(shown.lines().any(|it| it == line), "{line}\n---\n{shown}");
    }
    assert!(!shown.contains("hush"), "{shown}");

    let output = config.run("config show --json --origin", &redis);
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(shown["file"], config.file);
    for module in ["data-provider", "lifecycle", "trader"] {
        assert!(shown["modules"][module].is_object(), "{module}: {shown}");
    }
    let size = &shown["modules"]["lifecycle"]["cache-size"];
    assert_eq!((&size["value"], &size["section"]), (&9.into(), &"sync".into()));
    assert_eq!(size["origin"]["key"], "lifecycle.cache-size");
    assert!(!text(&output.stdout).contains("hush"));

    let output = config.run("config show", &[("PHALA_MODULE", "trade")]);
    assert!(text(&output.stdout).contains("[trader]"), "{output:?}");
    assert!(!text(&output.stdout).contains("[lifecycle]"), "{output:?}");
}

#[test]
fn a_check_says_all_that_is_wrong() {
    let config = Config::new(FILE);
    let output = config.run("config check", &[]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = text(&output.stdout);
    assert!(
        said.starts_with("nothing is wrong for all, data-provider, lifecycle, trader"),
        "{said}"
    );

    fs::set_permissions(&config.file, Permissions::from_mode(0o644)).unwrap();
    let output = config.run("config check", &[]);
    assert_eq!(output.status.code(), Some(1), "there is a token in it: {output:?}");
    assert!(text(&output.stderr).contains("0640"), "{output:?}");
    fs::set_permissions(&config.file, Permissions::from_mode(0o640)).unwrap();

    let output = config.run("config check data-provider", &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("--relay-endpoint"), "it needs one: {output:?}");

    let missing = [("PRB_WALKIE_PSK_FILE", "/nowhere/psk")];
    let output = config.run("config check trader", &missing);
    let said = text(&output.stderr);
    assert!(said.contains("give --redis") && said.contains("/nowhere/psk"), "{said}");

    let config = Config::new("[chainz]\n[sync]\ncache-size = \"many\"\n");
    let variables = [("PHALA_DEV_SKIP_RA", "perhaps"), ("PRB_CACHE_SIZE", "1")];
    let output = config.run("config check --json", &variables);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stderr).lines().count(), 3, "{output:?}");
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["wrong"].as_array().unwrap().len(), 3, "{said}");
    assert_eq!(said["warnings"].as_array().unwrap().len(), 1, "{said}");
    // Others do not run on it.
    assert_eq!(config.run("run trader", &[]).status.code(), Some(2));
    assert_refused("config show nothing", 2, &["nothing", "data-provider, lifecycle, trader"]);
}

#[test]
fn the_reference_is_as_checked_in() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/configuration.md");
    let output = Prb::new().run("config reference");
    let expected = fs::read_to_string(&file).unwrap();
    assert_eq!(text(&output.stdout), expected, "prb config reference differs from {file:?}");
}
