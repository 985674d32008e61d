//! What fields the JSON of commands has: programs read them, so they stand in files.
//!
//! A file in `tests/json` says for a command of which type each field is. Objects have exactly
//! these fields, of which those with a `?` may be absent; `*` stands for any name, `a|b` for one of
//! two types, `oneOf` for one of several shapes, and `any` for what is described elsewhere. All
//! that tests run with `--json` is compared.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use serde_json::{Map, Value, json};

/// Commands whose JSON has no file here, and where it is described or checked instead.
const ELSEWHERE: &[(&str, &str)] = &[
    ("prb run", "lines for what changes: view/tests.rs"),
    ("prb run all", "the same lines"),
    ("prb run data-provider", "lines for what changes: view/progress.rs"),
    ("prb run lifecycle", "as those of prb run --dev"),
    ("prb run devnet", "one line, which the tests of services read"),
    ("prb run pruntime", "one line: arguments.rs"),
    ("prb peer call", "docs/openapi.json"),
    ("prb metrics list", "docs/metrics.md"),
    ("prb metrics alerts", "deploy/prometheus/alerts.yml has the same"),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/json")
}

/// The command that these words are, as `prb worker list`.
fn command_of(words: &str) -> String {
    let cli = prb_cli::args::Cli::command();
    let (mut command, mut name) = (&cli, "prb".to_owned());
    for word in words.split_whitespace() {
        let Some(next) = command.find_subcommand(word) else { break };
        name = format!("{name} {word}");
        command = next;
    }
    name
}

/// Compares what `prb` with these words said on its standard output, if that is JSON.
#[track_caller]
pub(crate) fn check(words: &str, stdout: &[u8]) {
    let command = command_of(words);
    let elsewhere = ELSEWHERE.iter().any(|(name, _)| *name == command);
    let given = |option| words.split_whitespace().any(|word| word == option);
    if elsewhere || !given("--json") || given("--help") {
        return;
    }
    // Some say a line again and again.
    for said in serde_json::Deserializer::from_slice(stdout).into_iter::<Value>() {
        let said = said.unwrap_or_else(|error| panic!("prb {words}: no JSON: {error}"));
        let path = folder().join(command.replace(' ', "-") + ".json");
        let file = fs::read_to_string(&path).unwrap_or_default();
        let shape: Value = serde_json::from_str(&file).unwrap_or_default();
        if let Err(reason) = fits(&said, &shape, "") {
            let seen = shape_of(&said);
            panic!("prb {words} differs from {}: {reason}. It has:\n{seen:#}", path.display());
        }
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Whether a value is as the shape says, or what at which place is not.
fn fits(value: &Value, shape: &Value, at: &str) -> Result<(), String> {
    match (value, shape) {
        (_, Value::String(types)) => {
            let known = types.split('|').any(|name| name == "any" || name == type_of(value));
            if known { Ok(()) } else { Err(format!("{at} is {}, not {types}", type_of(value))) }
        }
        (Value::Array(items), Value::Array(shapes)) => match shapes.as_slice() {
            [shape] => items.iter().try_for_each(|item| fits(item, shape, &format!("{at}[]"))),
            _ if items.is_empty() => Ok(()),
            _ => Err(format!("{at} is not described")),
        },
        (_, Value::Object(shapes)) if shapes.contains_key("oneOf") => {
            let several = shapes["oneOf"].as_array().into_iter().flatten();
            let reasons: Vec<_> = several.map(|shape| fits(value, shape, at)).collect();
            if reasons.iter().any(Result::is_ok) {
                return Ok(());
            }
            let reasons: Vec<_> = reasons.into_iter().filter_map(Result::err).collect();
            Err(reasons.join(", or "))
        }
        (Value::Object(fields), Value::Object(shapes)) => fields_fit(fields, shapes, at),
        _ => Err(format!("{at} is {}, which is not described", type_of(value))),
    }
}

fn fields_fit(
    fields: &Map<String, Value>,
    shapes: &Map<String, Value>,
    at: &str,
) -> Result<(), String> {
    let any = shapes.get("*");
    for (name, value) in fields {
        let shape = shapes.get(name).or_else(|| shapes.get(&format!("{name}?"))).or(any);
        let shape = shape.ok_or_else(|| format!("{at}.{name} is new"))?;
        fits(value, shape, &format!("{at}.{name}"))?;
    }
    let mut always = shapes.keys().filter(|name| *name != "*" && !name.ends_with('?'));
    let gone = always.find(|name| !fields.contains_key(*name));
    gone.map_or(Ok(()), |name| Err(format!("{at}.{name} is gone")))
}

/// The shape of a value, to begin a file with.
fn shape_of(value: &Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut shapes: Vec<Value> = items.iter().map(shape_of).collect();
            shapes.dedup();
            match shapes.len() {
                0 | 1 => json!(shapes),
                _ => json!([{ "oneOf": shapes }]),
            }
        }
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), shape_of(value))).collect()
        }
        scalar => type_of(scalar).into(),
    }
}

/// All commands, as `prb worker list`, that are about something themselves.
fn leaves(of: &clap::Command, name: &str, all: &mut Vec<(String, bool)>) {
    let json = of.get_arguments().any(|arg| arg.get_long() == Some("json"));
    if !of.has_subcommands() || json {
        all.push((name.to_owned(), json));
    }
    for command in of.get_subcommands().filter(|command| command.get_name() != "help") {
        leaves(command, &format!("{name} {}", command.get_name()), all);
    }
}

#[test]
fn every_command_that_tells_something_tells_it_in_json_and_its_fields_are_in_a_file() {
    /// Those that have no --json, and why.
    const WITHOUT: &[(&str, &str)] = &[
        ("prb run trader", "says nothing but its log, which --log-format json makes JSON"),
        ("prb run monitor", "likewise"),
        ("prb monitor", "likewise"),
        ("prb run queue-page", "likewise"),
        ("prb peer describe", "prints JSON"),
        ("prb metrics dashboard", "prints JSON"),
        ("prb config example", "prints a file"),
        ("prb config reference", "prints a file"),
        ("prb completions", "prints a script"),
        ("prb man", "prints a page"),
    ];
    let mut all = Vec::new();
    leaves(&prb_cli::args::Cli::command(), "prb", &mut all);
    let mute: BTreeSet<_> = all.iter().filter(|(_, json)| !json).map(|it| it.0.as_str()).collect();
    assert_eq!(mute, WITHOUT.iter().map(|(name, _)| *name).collect());
    let described = |name: &&str| !ELSEWHERE.iter().any(|(elsewhere, _)| elsewhere == name);
    let told: BTreeSet<_> = all.iter().filter(|(_, json)| *json).map(|it| it.0.as_str()).collect();
    let expected: BTreeSet<_> =
        told.into_iter().filter(described).map(|name| name.replace(' ', "-") + ".json").collect();
    let files = fs::read_dir(folder()).unwrap();
    let files: BTreeSet<_> =
        files.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(files, expected, "a file for each command that has --json and no other");
}

#[test]
fn a_changed_field_is_found() {
    let shape = json!({ "a": [{ "b": "string", "c": "null|number" }], "d": { "*": "boolean" } });
    let of = |value: Value| fits(&value, &shape, "");
    assert_eq!(of(json!({ "a": [{ "b": "x", "c": null }], "d": { "x": true } })), Ok(()));
    assert_eq!(of(json!({ "a": [], "d": {} })), Ok(()));
    let wrong = |value: Value| of(value).unwrap_err();
    assert_eq!(wrong(json!({ "a": [], "d": {}, "e": 1 })), ".e is new");
    assert_eq!(wrong(json!({ "a": [] })), ".d is gone");
    assert_eq!(
        wrong(json!({ "a": [{ "b": 1, "c": 1 }], "d": {} })),
        ".a[].b is number, not string"
    );
    assert_eq!(wrong(json!({ "a": "x", "d": {} })), ".a is string, which is not described");
    let several = json!({ "oneOf": ["null", { "a": "string" }] });
    assert_eq!(fits(&Value::Null, &several, ""), Ok(()));
    assert_eq!(fits(&json!({ "a": "x" }), &several, ""), Ok(()));
    assert!(fits(&json!({ "b": "x" }), &several, "").is_err());
    assert_eq!(fits(&json!({ "a": "x" }), &shape_of(&json!({ "a": "y" })), ""), Ok(()));
}
