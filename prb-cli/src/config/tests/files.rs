//! Files with settings.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::*;
use crate::config::setting;

/// A file with settings, readable by its owner.
pub(super) fn file(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("prb.toml");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    let path = path.display().to_string();
    (folder, path)
}

const WHOLE: &str = r#"
log = "debug"
[chains]
para-endpoint = ["ws://file:1", "ws://file:2"]
relay-endpoint = "ws://file:3"
[peers]
bridge-identity = "production"
no-mdns = true
[queue]
redis = "redis://file:1"
[lifecycle]
data-dir = "/file"
min-bench-score = 7
bridge-identity = "mine"
sync-only = true
"#;

fn lifecycle_of(words: &str, path: &str, variables: &[(&str, &str)]) -> LifecycleArgs {
    let words = format!("prb --config {path} run lifecycle {words}");
    let parsed = parse_in(&words, variables).unwrap_or_else(|stop| panic!("{words}: {stop}"));
    assert_eq!(parsed.cli.log.as_deref(), Some("debug"));
    match parsed.cli.command {
        Command::Run(run) => match run.module {
            Some(Module::Lifecycle(args)) => *args,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_counts_where_nothing_else_is_said() {
    let (_folder, path) = file(WHOLE);
    let args = lifecycle_of("", &path, &[]);
    assert_eq!(args.para.para_endpoints, ["ws://file:1", "ws://file:2"]);
    assert_eq!((args.managing.workers.min_bench_score, args.managing.workers.sync_only), (7, true));
    assert!(args.serving.walkie.discovery.no_mdns);
    assert_eq!(args.serving.walkie.bridge_identity, "mine", "the service's own table counts first");
    let variables = [("PHALA_MIN_BENCH_SCORE", "8"), ("PHALA_SYNC_ONLY", "false")];
    let args = lifecycle_of("", &path, &variables);
    assert_eq!(
        (args.managing.workers.min_bench_score, args.managing.workers.sync_only),
        (8, false)
    );
    let args = lifecycle_of("--min-bench-score 9 --sync-only", &path, &variables);
    assert_eq!((args.managing.workers.min_bench_score, args.managing.workers.sync_only), (9, true));

    let named = [("PRB_CONFIG", &*path), ("PHALA_MODULE", "trade")];
    let parsed = parse_in("prb", &named).unwrap();
    assert!(parsed.notes.contains(&Note::Plain(format!("settings of {path}"))));
    let Command::Run(run) = parsed.cli.command else { panic!() };
    let Some(Module::Trader(args)) = run.module else { panic!() };
    assert_eq!(args.serving.walkie.bridge_identity, "production");
    assert_eq!(*args.redis.needed_by("it").unwrap(), "redis://file:1");
}

#[test]
fn commands_find_a_service_by_its_settings() {
    let (_folder, path) = file(WHOLE);
    let parsed = parse_in(&format!("prb worker list --config {path}"), &[]).unwrap();
    let Command::Worker(args) = parsed.cli.command else { panic!() };
    let crate::args::WorkerCommand::List(args) = args.command else { panic!() };
    assert_eq!(args.manager.reach.data_dir.of_manager(), Path::new("/file"));
    assert!(args.manager.reach.discovery.no_mdns);
    let parsed = parse_in(&format!("prb db stats --config {path}"), &[]).unwrap();
    let Command::Db(args) = parsed.cli.command else { panic!() };
    let crate::args::DbCommand::Stats(args) = args.command else { panic!() };
    assert!(args.data_dir.data_dir.is_none(), "that is the manager's");
}

#[test]
fn all_that_is_wrong_with_a_file_is_said_with_what_may_be_meant() {
    let (_folder, path) = file(
        r#"
logs = "debug"
log-format = "yaml"
[chain]
para-endpoint = "ws://a"
[peers]
boot-nodes = []
redis = "redis://a"
no-mdns = "true"
[queue]
redis = "redis://:hush@a"
[lifecycle]
min-bench-score = -1
blob-port = 1
bridge-identity = ""
walkie-listen = [1]
cache-memory = 70000
"#,
    );
    let refused = refused(&format!("prb --config {path} run lifecycle"), &[]);
    let expected = [
        "logs is unknown; log may be meant",
        r#"log-format: "yaml": it can be text, json"#,
        "[chain] is unknown; [chains] may be meant",
        "peers.boot-nodes is unknown; boot-node may be meant",
        "peers.redis is unknown here: it stands in [queue]",
        "peers.no-mdns: it is to be true or false",
        "queue.redis: a password does not stand in this file; set PHALA_Q_REDIS_ENDPOINT instead",
        r#"lifecycle.min-bench-score: "-1": "#,
        "lifecycle.blob-port is unknown here: it stands in [blobs]",
        "lifecycle.bridge-identity: it is empty; leave it out instead",
        "lifecycle.walkie-listen: it is to be a list of strings",
        r#"lifecycle.cache-memory: "70000": "#,
    ];
    for line in expected {
        assert!(refused.contains(&format!("{path}: {line}")), "{line}\n---\n{refused}");
    }
    assert_eq!(refused.lines().count(), expected.len(), "{refused}");
    assert!(!refused.contains("hush"));
}

#[test]
fn what_is_no_file_of_settings_is_refused_with_its_place() {
    let (_folder, path) = file("[chains]\npara-endpoint = \n");
    let said = refused(&format!("prb --config {path} run trader"), &[]);
    assert!(said.starts_with(&format!("{path}: line 2: ")), "{said}");
    let said = refused("prb --config /nowhere/prb.toml run trader", &[]);
    assert!(said.starts_with("/nowhere/prb.toml: "), "{said}");
    let said = refused("prb run trader", &[("PRB_CONFIG", "/")]);
    assert!(said.contains("no file of settings"), "{said}");
}

#[test]
fn a_file_with_a_token_is_for_its_owner_and_a_group_alone() {
    let (_folder, path) = file("[chains]\npara-endpoint = \"wss://node/token\"\n");
    let words = format!("prb --config {path} run trader");
    for mode in [0o600, 0o400, 0o640] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        assert!(parse_in(&words, &[]).is_ok(), "{mode:o}");
    }
    for mode in [0o644, 0o604, 0o660] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let said = refused(&words, &[]);
        assert!(said.contains("chains.para-endpoint may hold a token"), "{mode:o}: {said}");
        assert!(!said.contains("node/token"), "{said}");
    }
    fs::write(&path, "[chains]\npara-endpoint = \"wss://node\"\n").unwrap();
    assert!(parse_in(&words, &[]).is_ok(), "there is nothing to hide");
}

#[test]
fn a_key_means_the_same_for_all_services_and_every_option_has_one() {
    let mut cli = Cli::command();
    cli.build();
    let settings = setting::all(&cli);
    for module in ["data-provider", "lifecycle", "trader"] {
        assert!(setting::modules(&settings).contains(&module), "{module}");
    }
    for one in &settings {
        for other in settings.iter().filter(|other| other.key == one.key) {
            assert_eq!(setting::Kind::of(one.arg), setting::Kind::of(other.arg), "{}", one.key);
            let shared = |it: &setting::Setting<'_>| it.section != setting::Section::Module;
            if shared(one) && shared(other) {
                assert_eq!(one.section, other.section, "{}", one.key);
            }
        }
    }
    let run = cli.find_subcommand("run").unwrap();
    for module in setting::modules(&settings) {
        for arg in run.find_subcommand(module).unwrap().get_arguments() {
            let long = arg.get_long().unwrap_or_default();
            let in_file = settings.iter().any(|it| it.module == module && it.key == long);
            let of_command = ["json", "help", "config", "color"].contains(&long);
            assert!(in_file != of_command, "{module} --{long}: give it a variable");
        }
    }
}

/// What stands in an example as a comment is a setting, and the default is one.
#[test]
fn an_example_is_a_file_when_its_comments_are_taken_off() {
    let mut cli = Cli::command();
    cli.build();
    let settings = setting::all(&cli);
    let example = crate::config::reference::example(&settings);
    let set: String = example
        .lines()
        .filter_map(|line| match line.strip_prefix('#') {
            Some(setting) if !setting.starts_with(' ') && !setting.is_empty() => Some(setting),
            None => Some(line),
            Some(_) => None,
        })
        .filter(|line| !line.ends_with("= \"\"") && !line.ends_with("= 0"))
        .fold(String::new(), |text, line| text + line + "\n");
    let (_folder, path) = file(&set);
    let words = format!("prb run trader --config {path}");
    parse_in(&words, &CHAINS).unwrap_or_else(|stop| panic!("{stop}\n{set}"));
    assert!(set.contains("min-bench-score = 50"), "{set}");
}
