use std::ffi::OsString;
use std::fmt::Debug;
use std::path::Path;

use clap::CommandFactory;

use super::*;
use crate::args::{Cli, Command, DataProviderArgs, LifecycleArgs, Module, Stop, TraderArgs};
use crate::logging::Note;
use crate::services::{data_provider, lifecycle};

mod files;
mod moved;

const CHAINS: [(&str, &str); 2] =
    [("PHALA_CHAIN_ENDPOINT", "ws://para:1"), ("PHALA_PARENT_CHAIN_ENDPOINT", "ws://relay:1")];

fn parse_in(words: &str, variables: &[(&str, &str)]) -> Result<Parsed, Stop> {
    let environment: Environment = variables.iter().copied().collect();
    parse(words.split_whitespace().map(OsString::from), &environment)
}

/// What runs for these variables and no words.
fn module(of: &str, variables: &[(&str, &str)]) -> (Module, Parsed) {
    let all: Vec<_> = [&[("PHALA_MODULE", of)], &CHAINS[..], variables].concat();
    let mut parsed = parse_in("prb", &all).unwrap_or_else(|stop| panic!("{variables:?}: {stop:?}"));
    let Command::Run(run) = &mut parsed.cli.command else { panic!("{parsed:?}") };
    (run.module.take().unwrap(), parsed)
}

fn data_provider(variables: &[(&str, &str)]) -> DataProviderArgs {
    match module("data_provider", variables).0 {
        Module::DataProvider(args) => *args,
        other => panic!("{other:?}"),
    }
}

fn lifecycle(variables: &[(&str, &str)]) -> LifecycleArgs {
    match module("lifecycle", variables).0 {
        Module::Lifecycle(args) => *args,
        other => panic!("{other:?}"),
    }
}

fn trader(variables: &[(&str, &str)]) -> TraderArgs {
    match module("trade", variables).0 {
        Module::Trader(args) => *args,
        other => panic!("{other:?}"),
    }
}

fn debug(value: impl Debug) -> String {
    format!("{value:?}")
}

/// What a variable sets, and how that is read from the settings it comes to.
type Row = (&'static str, &'static str, fn(&[(&str, &str)]) -> String, &'static str);

/// All variables of version 2 that mean something, with what they come to.
const ROWS: &[Row] = &[
    ("NODE_ENV", "production", |it| debug(module("trade", it).1.cli.log_format), "Json"),
    ("PHALA_LOGGER_LEVEL", "fatal", |it| debug(module("trade", it).1.cli.log), r#"Some("fatal")"#),
    (
        "PHALA_CHAIN_ENDPOINT",
        "ws://a:1, ws://b:2,",
        |it| debug(trader(it).para.para_endpoints),
        r#"["ws://a:1", "ws://b:2"]"#,
    ),
    (
        "PHALA_PARENT_CHAIN_ENDPOINT",
        "ws://a:1,ws://b:2",
        |it| debug(data_provider(it).store.relay.relay_endpoints),
        r#"["ws://a:1", "ws://b:2"]"#,
    ),
    (
        "PHALA_PEER_ID_PREFIX",
        "/keys",
        |it| debug(lifecycle(it).serving.walkie.key_dir),
        r#""/keys""#,
    ),
    (
        "PHALA_WALKIE_LISTEN_ADDRESSES",
        "/ip4/0.0.0.0/tcp/28888, /ip6/::/tcp/1",
        |it| debug(data_provider(it).serving.walkie.listen),
        "[/ip4/0.0.0.0/tcp/28888, /ip6/::/tcp/1]",
    ),
    (
        "PHALA_WALKIE_BOOT_NODES",
        "/ip4/ip.of.data.provider/tcp/28888/p2p/some_peer_id, /ip4/10.0.0.1/tcp/1",
        |it| debug(lifecycle(it).serving.walkie.discovery.boot_nodes),
        r#"["/ip4/ip.of.data.provider/tcp/28888/p2p/some_peer_id", "/ip4/10.0.0.1/tcp/1"]"#,
    ),
    (
        "PHALA_WALKIE_DISABLE_MDNS_DISCOVERY",
        "true",
        |it| debug(lifecycle(it).serving.walkie.discovery.no_mdns),
        "true",
    ),
    (
        "PHALA_PTP_IGNORE_BRIDGE_IDENTITY",
        "true",
        |it| debug(lifecycle(it).serving.walkie.ignore_bridge_identity),
        "true",
    ),
    (
        "PHALA_BRIDGE_IDENTITY",
        "production",
        |it| lifecycle(it).serving.walkie.bridge_identity,
        "production",
    ),
    (
        "PHALA_LOCAL_DB_PATH",
        "/old/local.db",
        |it| debug(lifecycle(it).data_dir.of_manager()),
        r#""/old/prb""#,
    ),
    (
        "PHALA_LOCAL_DB_PATH",
        "/old/0",
        |it| debug(data_provider(it).data_dir.of_data_provider()),
        r#""/old/0/prb""#,
    ),
    (
        "PHALA_DATA_PROVIDER_LOCAL_SERVER_PORT",
        "8013",
        |it| debug(data_provider::blob_server(&data_provider(it)).listen.port()),
        "8013",
    ),
    (
        "PHALA_DATA_PROVIDER_LOCAL_SERVER",
        "8014",
        |it| debug(data_provider::blob_server(&data_provider(it)).listen.port()),
        "8014",
    ),
    (
        "PHALA_LIFECYCLE_BLOB_SERVER_SESSION_MAX_MEMORY",
        "3",
        |it| debug(data_provider::blob_server(&data_provider(it)).connection_bytes),
        "3145728",
    ),
    (
        "PHALA_Q_REDIS_ENDPOINT",
        "redis://:hush@127.0.0.1:63792/",
        |it| debug(trader(it).redis.url().ok().flatten().as_deref()),
        r#"Some("redis://:hush@127.0.0.1:63792/")"#,
    ),
    ("PHALA_LRU_CACHE_SIZE", "50", |it| debug(managed(it).cache.items), "Some(50)"),
    ("PHALA_LRU_CACHE_SIZE", "0", |it| debug(managed(it).cache.items), "None"),
    ("PHALA_LRU_CACHE_MAX_AGE", "90000", |it| debug(managed(it).cache.age), "Some(90s)"),
    ("PHALA_LRU_CACHE_MAX_AGE", "0", |it| debug(managed(it).cache.age), "None"),
    (
        "PHALA_ENFORCE_MIN_BENCH_SCORE",
        "true",
        |it| debug(managed(it).enforce_min_bench_score),
        "true",
    ),
    ("PHALA_MIN_BENCH_SCORE", "700", |it| debug(managed(it).min_bench_score), "700"),
    ("PHALA_PRPC_REQUEST_TIMEOUT", "60000", |it| debug(managed(it).deadlines.light), "60s"),
    ("PHALA_PRPC_REQUEST_TIMEOUT", "200000", |it| debug(managed(it).deadlines.heavy), "200s"),
    (
        "PHALA_BLOB_REQUEST_TIMEOUT",
        "1500",
        |it| debug(lifecycle(it).managing.sync.blobs().request_timeout),
        "1.5s",
    ),
    ("PHALA_DEV_SKIP_RA", "true", |it| debug(managed(it).skip_attestation), "true"),
    ("PHALA_LIFECYCLE_CONFIG_MODE", "true", |it| debug(managed(it).config_mode), "true"),
    ("PHALA_SYNC_ONLY", "true", |it| debug(managed(it).sync_only), "true"),
    ("USE_BUILT_IN_TRADER", "true", |it| debug(lifecycle(it).built_in_trader), "Some(true)"),
    ("WORKER_KEEPALIVE_ENABLED", "false", |it| debug(managed(it).http.keep_alive), "0ns"),
    ("WORKER_KEEPALIVE_TIMEOUT", "5000", |it| debug(managed(it).http.keep_alive), "5s"),
];

/// What a manager's settings come to.
fn managed(variables: &[(&str, &str)]) -> prb_core::lifecycle::LifecycleConfig {
    lifecycle::config(&lifecycle(variables), Path::new("/data")).unwrap()
}

#[test]
fn every_variable_of_version_2_means_what_it_did() {
    for (variable, value, setting, expected) in ROWS {
        assert_eq!(setting(&[(variable, value)]), *expected, "{variable}={value}");
        assert_ne!(setting(&[]), *expected, "{variable} is not tried with its default");
        // Nothing runs without its chains.
        if !CHAINS.iter().any(|(name, _)| name == variable) {
            assert_eq!(setting(&[(variable, " ")]), setting(&[]), "{variable} is set to nothing");
        }
    }
    let command = Cli::command();
    let of_version_2 = |name: &&str| name.starts_with("PHALA_");
    let tried = |name: &&str| ROWS.iter().any(|(variable, ..)| variable == name);
    for name in parse::variables(&command).iter().filter(|name| of_version_2(name)) {
        assert!(tried(name), "{name} is not tried");
    }
}

#[test]
fn what_has_no_effect_is_said_once_and_what_means_nothing_too() {
    for (name, _) in environment::WITHOUT_EFFECT {
        let notes = module("lifecycle", &[(name, "100")]).1.notes;
        let [Note::Plain(note)] = &notes[..] else { panic!("{name}: {notes:?}") };
        assert!(note.starts_with(&format!("{name} has no effect: ")), "{note}");
        assert!(module("lifecycle", &[(name, "")]).1.notes.is_empty());
    }
    let notes = module("trade", &[("PHALA_CHIAN_ENDPOINT", "x"), ("PRB_X", "x")]).1.notes;
    let told = |text: &str| Note::Warning(text.to_owned());
    assert_eq!(
        notes,
        [
            told("PHALA_CHIAN_ENDPOINT means nothing here; PHALA_CHAIN_ENDPOINT may be meant"),
            told("PRB_X means nothing here"),
        ]
    );
    let command = parse_in("prb queue stats", &[("PHALA_NAMESPACE", "default")]).unwrap();
    assert!(command.notes.is_empty(), "a command is no service");
}

#[test]
fn the_guides_environments_run_as_they_are() {
    let both = [
        ("PHALA_PARENT_CHAIN_ENDPOINT", "ws://path.to.kusama.node:9945"),
        ("PHALA_CHAIN_ENDPOINT", "ws://path.to.khala.node:9944"),
        ("PHALA_Q_REDIS_ENDPOINT", "redis://127.0.0.1:63792/"),
    ];
    let more = [
        ("PHALA_LRU_CACHE_SIZE", "50"),
        ("PHALA_LRU_CACHE_MAX_AGE", "90000"),
        ("PHALA_RUNNER_MAX_WORKER_NUMBER", "100"),
        ("PHALA_PRPC_REQUEST_TIMEOUT", "60000"),
        ("PHALA_BRIDGE_IDENTITY", "production"),
        ("PHALA_WALKIE_LISTEN_ADDRESSES", "/ip4/0.0.0.0/tcp/29888"),
        ("PHALA_WALKIE_BOOT_NODES", "/ip4/ip.of.data.provider/tcp/28888/p2p/some_peer_id"),
    ];
    let manager = lifecycle(&[&both[..], &more].concat());
    assert!(manager.built_in_trader.is_none(), "the trader beside it does the jobs");
    assert!(trader(&both).redis.is_given());
    let provider = [
        ("NODE_ENV", "development"),
        ("PHALA_LOGGER_LEVEL", "debug"),
        ("PHALA_WALKIE_LISTEN_ADDRESSES", "/ip4/0.0.0.0/tcp/28888"),
        ("PHALA_BRIDGE_IDENTITY", "production"),
        ("PHALA_LIFECYCLE_BLOB_SERVER_SESSION_MAX_MEMORY", "64"),
    ];
    assert_eq!(data_provider(&provider).serving.walkie.bridge_identity, "production");
}

fn refused(words: &str, variables: &[(&str, &str)]) -> String {
    match parse_in(words, variables).unwrap_err() {
        Stop::Settings(lines) => lines.join("\n"),
        Stop::Usage(line) => line,
        other => panic!("{words}: {other:?}"),
    }
}

#[test]
fn a_module_that_is_none_is_refused_and_a_command_goes_before_it() {
    let refused = refused("prb", &[("PHALA_MODULE", "lifecylce")]);
    assert!(refused.contains("PHALA_MODULE") && refused.contains("lifecycle"), "{refused}");
    let set = [("PHALA_MODULE", "lifecycle")];
    let parsed = parse_in("prb queue stats", &set).unwrap();
    assert!(matches!(parsed.cli.command, Command::Queue(_)));
    assert!(matches!(parse_in("prb --help", &set), Err(Stop::Asked(_))));
    assert!(matches!(parse_in("prb", &[]), Err(Stop::Nothing(_))));
    let words = "prb --min-bench-score 3 --log debug";
    let parsed = parse_in(words, &[set[0], CHAINS[0]]).unwrap();
    assert_eq!(parsed.cli.log.as_deref(), Some("debug"));
}

#[test]
fn the_command_line_goes_before_the_environment() {
    let set = [("PHALA_MIN_BENCH_SCORE", "7"), ("PHALA_SYNC_ONLY", "false"), CHAINS[0]];
    let score = |words: &str| match parse_in(words, &set).unwrap().cli.command {
        Command::Run(run) => match run.module {
            Some(Module::Lifecycle(args)) => {
                (args.managing.workers.min_bench_score, args.managing.workers.sync_only)
            }
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    assert_eq!(score("prb run lifecycle"), (7, false));
    assert_eq!(score("prb run lifecycle --sync-only --min-bench-score 9"), (9, true));
}

#[test]
fn all_that_is_wrong_is_said_and_no_secret_is() {
    let set = [
        ("PHALA_MIN_BENCH_SCORE", "many"),
        ("PHALA_DEV_SKIP_RA", "perhaps"),
        ("PRB_START_FROM", "tip"),
        ("PRB_WEBHOOK", "token-hush"),
    ];
    let refused = refused("prb run lifecycle", &set);
    let lines: Vec<&str> = refused.lines().collect();
    assert_eq!(lines.len(), 4, "{refused}");
    let expected = [
        r#"PHALA_DEV_SKIP_RA: "perhaps": "#,
        r#"PRB_START_FROM: "tip": it can be kept, genesis"#,
        r#"PHALA_MIN_BENCH_SCORE: "many": invalid digit"#,
        "PRB_WEBHOOK: not an http or https URL",
    ];
    for line in expected {
        assert!(lines.iter().any(|said| said.starts_with(line)), "{line}: {refused}");
    }
    assert!(!refused.contains("hush"));
}

#[test]
fn a_password_on_the_command_line_is_refused_and_not_repeated() {
    for flag in ["--redis redis://:hush@127.0.0.1", "--para-endpoint wss://me:hush@node"] {
        let refused = refused(&format!("prb run trader {flag}"), &CHAINS);
        assert!(refused.contains("environment") || refused.contains("set PHALA_"), "{refused}");
        assert!(!refused.contains("hush"), "{refused}");
    }
}
