//! `prb config show`.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::layers::Origin;
use super::resolve::Resolved;
use super::setting::Section;

/// What settings come to, as TOML.
pub(super) fn text(modules: &[(&str, Vec<Resolved<'_>>)], with_origin: bool) -> String {
    let mut text = String::new();
    for (module, settings) in modules {
        if !text.is_empty() {
            text.push('\n');
        }
        // Writing to a string does not fail.
        let _ = writeln!(text, "[{module}]");
        for it in settings {
            let (key, value) = (it.setting.key, it.json());
            let origin =
                if with_origin { format!("  # {}", it.origin.told()) } else { String::new() };
            let _ = match value {
                Value::Null => writeln!(text, "# {key} is not set"),
                value => writeln!(text, "{key} = {value}{origin}"),
            };
        }
    }
    text
}

/// The same for programs.
pub(super) fn json(modules: &[(&str, Vec<Resolved<'_>>)], with_origin: bool) -> Value {
    let of_module = |settings: &[Resolved<'_>]| {
        let of_setting = |it: &Resolved<'_>| {
            let mut told = Map::new();
            told.insert("value".into(), it.json());
            if let Section::Of(section) = &it.setting.section {
                told.insert("section".into(), json!(section));
            }
            if with_origin {
                told.insert("origin".into(), it.origin.json());
            }
            (it.setting.key.to_owned(), Value::Object(told))
        };
        Value::Object(settings.iter().map(of_setting).collect())
    };
    modules.iter().map(|(name, settings)| ((*name).to_owned(), of_module(settings))).collect()
}

impl Origin {
    /// For people.
    fn told(&self) -> String {
        match self {
            Self::CommandLine => "command line".to_owned(),
            Self::Environment(name) => format!("environment: {name}"),
            Self::File(key) => format!("file: {key}"),
            Self::Default => "default".to_owned(),
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::CommandLine => json!({ "from": "command-line" }),
            Self::Environment(name) => json!({ "from": "environment", "name": name }),
            Self::File(key) => json!({ "from": "file", "key": key }),
            Self::Default => json!({ "from": "default" }),
        }
    }
}
