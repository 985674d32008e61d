use clap::CommandFactory;

use super::*;
use crate::config::{self, Environment};

fn parse_words(words: &str) -> Result<Cli, Stop> {
    let parsed = config::parse(words.split_whitespace().map(Into::into), &Environment::default());
    parsed.map(|parsed| parsed.cli)
}

fn run_of(words: &str) -> RunArgs {
    match parse_words(words).unwrap().command {
        Command::Run(run) => *run,
        other => panic!("{words}: {other:?}"),
    }
}

fn mistake(words: &str) -> String {
    match parse_words(words) {
        Err(Stop::Usage(line)) => line,
        other => panic!("{words}: {other:?}"),
    }
}

#[test]
fn the_definition_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn defaults_of_dev() {
    let run = run_of("prb run --dev");
    assert!(run.module.is_none() && run.dev.dev);
    assert_eq!((run.dev.workers, run.dev.history), (3, 100));
    assert_eq!(run.dev.until, None);
}

#[test]
fn a_double_alone() {
    let words = "prb run pruntime --listen 127.0.0.1:0 --mode 0.2.x --light";
    let run = run_of(words);
    let Some(Module::Pruntime(pruntime)) = run.module else { panic!("{run:?}") };
    assert_eq!((pruntime.mode, pruntime.light), (Mode::V02, true));
}

#[test]
fn who_only_serves_a_bucket_needs_no_relay_chain() {
    let words = "prb run data-provider --para-endpoint ws://127.0.0.1:9944";
    assert!(mistake(words).contains("--relay-endpoint"));
    let run = run_of(&format!("{words} --read-only --bucket s3://chain-data/khala"));
    let Some(Module::DataProvider(provider)) = run.module else { panic!("{run:?}") };
    assert!(provider.store.bucket.read_only && provider.store.bucket.bucket().unwrap().is_some());
    assert!(mistake(&format!("{words} --read-only")).contains("--bucket"));
}

#[test]
fn who_only_keeps_pools_and_workers_needs_no_parachain() {
    assert!(mistake("prb run lifecycle").contains("--para-endpoint"));
    let run = run_of("prb run lifecycle --config-mode");
    let Some(Module::Lifecycle(manager)) = run.module else { panic!("{run:?}") };
    assert!(manager.managing.workers.config_mode && manager.para.para_endpoints.is_empty());
}

#[test]
fn nodes_are_asked_in_their_order_or_at_random() {
    let words = "prb run data-provider --para-endpoint ws://a:1,ws://b:1 --relay-endpoint ws://c:1";
    for (more, policy) in
        [("", NodePolicy::FailOver), (" --endpoint-policy random", NodePolicy::Random)]
    {
        let run = run_of(&format!("{words}{more}"));
        let Some(Module::DataProvider(provider)) = run.module else { panic!("{run:?}") };
        assert_eq!(provider.para.endpoint_policy, policy);
        assert_eq!(provider.para.para_endpoints.len(), 2);
    }
}

#[test]
fn mistakes_take_one_line_that_names_the_argument() {
    let cases = [
        ("prb run --dev --workers 0", "--workers"),
        ("prb run --dev --workers many", "--workers"),
        ("prb run --dev --block-time 5", "--block-time"),
        ("prb run --workers 3", "--dev"),
        ("prb run --dev --timeout 5", "--until"),
        ("prb run --dev --until done", "computing"),
        ("prb run --dev --wrokers 3", "--workers"),
        ("prb run pruntime", "--listen"),
        ("prb run pruntime --listen here", "--listen"),
        ("prb run --dev pruntime --listen 127.0.0.1:0", "pruntime"),
        ("prb walk", "walk"),
    ];
    for (words, expected) in cases {
        let line = mistake(words);
        assert!(line.contains(expected), "{words}: {line}");
        assert!(!line.contains('\n') && !line.contains("Usage"), "{words}: {line}");
    }
}
