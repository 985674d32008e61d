//! Environments that become files.

use super::files::file;
use super::*;
use crate::config::file::ConfigFile;
use crate::config::layers::Layers;
use crate::config::resolve::resolve;
use crate::config::setting;

const MODULES: [&str; 5] = ["data_provider", "lifecycle", "trade", "utils/arena", "monitor"];

/// What the settings of a module come to, by key.
fn settled(module: &str, layers: Layers<'_>) -> Vec<(String, Option<String>)> {
    let mut cli = Cli::command();
    cli.build();
    let settings = setting::all(&cli);
    let (resolved, wrong) = resolve(&cli, &settings, module, &[], layers).unwrap();
    assert_eq!(wrong, Vec::<String>::new());
    resolved.into_iter().map(|it| (it.setting.key.to_owned(), it.value)).collect()
}

/// Moves environments and compares what they came to with what the file comes to.
fn assert_moved(environments: &[Environment]) -> Moved {
    let moved = moved("# about\n", environments);
    let (_folder, path) = file(&moved.toml);
    let kept = ConfigFile::load(Some(Path::new(&path))).unwrap().unwrap();
    let mut cli = Cli::command();
    cli.build();
    assert_eq!(kept.mistakes(&setting::all(&cli)), Vec::<String>::new(), "{}", moved.toml);
    let empty = Environment::default();
    for environment in environments {
        let [_, module] = super::super::module::command(environment).unwrap().unwrap();
        let before = settled(module, Layers { environment, file: None });
        let after = settled(module, Layers { environment: &empty, file: Some(&kept) });
        for (before, after) in before.iter().zip(&after) {
            // Spaces around items and a comma after the last one count for nothing.
            let plain = |value: &Option<String>| {
                let text = value.as_deref().unwrap_or_default();
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                items.collect::<Vec<_>>().join(",")
            };
            assert_eq!((&before.0, plain(&before.1)), (&after.0, plain(&after.1)), "{module}");
        }
    }
    moved
}

#[test]
fn every_variable_of_version_2_means_the_same_in_a_file() {
    for (variable, value, ..) in ROWS {
        let value = value.replace(":hush@", "");
        for module in MODULES {
            let variables = [("PHALA_MODULE", module), (variable, &value)];
            let environment = variables.into_iter().collect();
            let moved = assert_moved(&[environment]);
            assert_eq!(moved.services[0].left, Vec::<String>::new());
        }
    }
}

#[test]
fn what_is_the_same_for_all_stands_once_and_what_is_not_with_each() {
    let of = |module: &'static str, more: &[(&'static str, &'static str)]| {
        [&[("PHALA_MODULE", module)], &CHAINS[..], more].concat().into_iter().collect()
    };
    let moved = assert_moved(&[
        of("data_provider", &[("PHALA_BRIDGE_IDENTITY", "production")]),
        of("lifecycle", &[("PHALA_BRIDGE_IDENTITY", "production"), ("NODE_ENV", "production")]),
        of("trade", &[("PHALA_Q_REDIS_ENDPOINT", "redis://h:1")]),
    ]);
    let expected = "# about\n\n[chains]\npara-endpoint = [\"ws://para:1\"]\n\n\
                    [data-provider]\nrelay-endpoint = [\"ws://relay:1\"]\n\
                    bridge-identity = \"production\"\n\n[lifecycle]\n\
                    bridge-identity = \"production\"\nlog-format = \"json\"\n\n[trader]\n\
                    redis = \"redis://h:1\"\n";
    assert_eq!(moved.toml, expected);
    assert!(!moved.confidential);
}

#[test]
fn what_cannot_be_moved_is_said() {
    let of = |variables: &[(&'static str, &'static str)]| variables.iter().copied().collect();
    let moved = moved(
        "",
        &[
            of(&[("PHALA_MODULE", "lifecycle"), ("PHALA_MIN_BENCH_SCORE", "many")]),
            of(&[("PHALA_MODULE", "lifecycle"), ("PHALA_MIN_BENCH_SCORE", "7")]),
            of(&[("PHALA_MODULE", "trade"), ("PHALA_Q_REDIS_ENDPOINT", "redis://:hush@h")]),
        ],
    );
    assert_eq!(moved.toml, "");
    let left: Vec<_> = moved.services.iter().map(|it| it.left.join("; ")).collect();
    assert!(left[0].starts_with("PHALA_MIN_BENCH_SCORE: \"many\""), "{left:?}");
    assert!(left[1].contains("runs lifecycle too"), "{left:?}");
    assert!(left[2].contains("there is a password in it"), "{left:?}");
    assert!(!format!("{moved:?}").contains("hush"));
}
