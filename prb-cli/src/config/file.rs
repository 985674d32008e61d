//! The file with settings.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::setting::{Kind, Section, Setting, modules};
use super::{set, unknown};

/// Where it is if nothing else is said, and if it is there.
pub(super) const USUAL: &str = "/etc/prb/prb.toml";
/// A longer file is none of these, in bytes.
const LONGEST: u64 = 1 << 20;
/// Who may do more with a file that holds a token than its owner's group may: read it. A service
/// reads a file of root's through its group.
const OTHERS: u32 = 0o037;

/// A file that was read.
#[derive(Clone, Debug)]
pub(super) struct ConfigFile {
    pub(super) path: PathBuf,
    table: Table,
    is_open: bool,
}

/// A value in the file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry<'a> {
    /// Table and key, with a dot between.
    pub(super) key: String,
    value: &'a Value,
}

impl ConfigFile {
    /// Reads the file that was named, or else the usual one if it is there.
    pub(super) fn load(named: Option<&Path>) -> Result<Option<Self>, String> {
        let path = named.unwrap_or(Path::new(USUAL));
        if named.is_none() && !path.exists() {
            return Ok(None);
        }
        let wrong = |reason: &str| format!("{}: {reason}", path.display());
        let metadata = fs::metadata(path).map_err(|error| wrong(&error.to_string()))?;
        if !metadata.is_file() || metadata.len() > LONGEST {
            return Err(wrong("it is no file of settings"));
        }
        let text = fs::read_to_string(path).map_err(|error| wrong(&error.to_string()))?;
        let table = text.parse().map_err(|error: toml::de::Error| {
            let line = error.span().map(|span| text[..span.start].matches('\n').count() + 1);
            let line = line.map(|line| format!("line {line}: ")).unwrap_or_default();
            wrong(&format!("{line}{}", error.message()))
        })?;
        let is_open = metadata.permissions().mode() & OTHERS != 0;
        Ok(Some(Self { path: path.to_owned(), table, is_open }))
    }

    /// The value of a setting: that in the module's table, else that for all modules.
    pub(super) fn find(&self, setting: &Setting<'_>) -> Option<Entry<'_>> {
        let in_table = |table: &str| {
            let value = self.table.get(table)?.as_table()?.get(setting.key)?;
            Some(Entry { key: format!("{table}.{}", setting.key), value })
        };
        in_table(setting.module).or_else(|| match &setting.section {
            Section::Module => None,
            Section::Of(section) => in_table(section),
            Section::Top => {
                let value = self.table.get(setting.key)?;
                Some(Entry { key: setting.key.to_owned(), value })
            }
        })
    }

    /// A place in the file, for people.
    pub(super) fn place(&self, key: &str) -> String {
        format!("{}: {key}", self.path.display())
    }

    /// All that is wrong with it, a line each.
    pub(super) fn mistakes(&self, settings: &[Setting<'_>]) -> Vec<String> {
        let mut mistakes = Vec::new();
        for (name, value) in &self.table {
            let at_top = settings.iter().find(|it| it.section == Section::Top && it.key == name);
            match (at_top, value) {
                (Some(setting), _) => mistakes.extend(self.mistake(setting, name, value)),
                (None, Value::Table(table)) => {
                    mistakes.extend(self.mistakes_in(name, table, settings));
                }
                (None, _) => mistakes.push(self.place(&unknown_key(name, &at_top_level(settings)))),
            }
        }
        mistakes
    }

    fn mistakes_in(&self, name: &str, table: &Table, settings: &[Setting<'_>]) -> Vec<String> {
        let of_section = |it: &&Setting<'_>| matches!(&it.section, Section::Of(of) if of == name);
        let here: Vec<_> =
            settings.iter().filter(|it| it.module == name || of_section(it)).collect();
        if here.is_empty() {
            return vec![self.place(&unknown_key(&format!("[{name}]"), &tables(settings)))];
        }
        let mistake = |(key, value): (&String, &Value)| {
            let path = format!("{name}.{key}");
            if let Some(setting) = here.iter().find(|setting| setting.key == key) {
                return self.mistake(setting, &path, value);
            }
            let known = || here.iter().map(|it| it.key.to_owned()).collect::<Vec<_>>();
            let elsewhere = settings.iter().find(|setting| setting.key == key);
            let text = elsewhere.map_or_else(
                || unknown_in(&path, key, &known()),
                |it| format!("{path} is unknown here: it stands in {}", it.belongs()),
            );
            Some(self.place(&text))
        };
        table.iter().filter_map(mistake).collect()
    }

    fn mistake(&self, setting: &Setting<'_>, path: &str, value: &Value) -> Option<String> {
        let entry = Entry { key: path.to_owned(), value };
        let wrong = match entry.text(setting) {
            Ok(text) => set::give(setting.arg, &text).err(),
            Err(reason) => Some(reason),
        };
        wrong.map(|reason| format!("{}: {reason}", self.place(path)))
    }

    /// What others may learn from it that they should not.
    pub(super) fn indiscretions(&self, settings: &[Setting<'_>]) -> Vec<String> {
        if !self.is_open {
            return Vec::new();
        }
        let told = settings.iter().filter(|setting| setting.may_be_secret());
        let mut keys: Vec<String> = told
            .filter_map(|setting| {
                let entry = self.find(setting)?;
                has_token(&entry.text(setting).ok()?).then_some(entry.key)
            })
            .collect();
        keys.sort();
        keys.dedup();
        let tell = |key: String| {
            format!(
                "{} may hold a token, and others can read the file: make it 0600, or 0640 for a \
                 group",
                self.place(&key)
            )
        };
        keys.into_iter().map(tell).collect()
    }
}

impl Entry<'_> {
    /// The value as an argument would be given it.
    pub(super) fn text(&self, setting: &Setting<'_>) -> Result<String, String> {
        let kind = Kind::of(setting.arg);
        let text = match (kind, self.value) {
            (Kind::Boolean, Value::Boolean(value)) => value.to_string(),
            (Kind::Integer, Value::Integer(value)) => value.to_string(),
            (Kind::Text | Kind::List, Value::String(value)) => value.clone(),
            (Kind::List, Value::Array(items)) => {
                let items: Option<Vec<_>> = items.iter().map(Value::as_str).collect();
                items.ok_or_else(|| format!("it is to be {}", kind.as_str()))?.join(",")
            }
            _ => return Err(format!("it is to be {}", kind.as_str())),
        };
        if text.trim().is_empty() && kind != Kind::List {
            return Err("it is empty; leave it out instead".to_owned());
        }
        if setting.may_be_secret() && text.contains('@') {
            return Err(format!(
                "a password does not stand in this file; set {} instead",
                setting.variable
            ));
        }
        Ok(text)
    }
}

/// Whether a URL has more in it than where somebody is.
pub(super) fn has_token(urls: &str) -> bool {
    urls.split(',').any(|url| {
        let after_scheme = url.trim().split_once("://").map_or(url, |(_, rest)| rest);
        after_scheme.split_once(['/', '?']).is_some_and(|(_, rest)| rest.len() > 1)
    })
}

fn at_top_level(settings: &[Setting<'_>]) -> Vec<String> {
    let top = settings.iter().filter(|setting| setting.section == Section::Top);
    top.map(|setting| setting.key.to_owned()).collect()
}

fn tables(settings: &[Setting<'_>]) -> Vec<String> {
    let sections = settings.iter().filter_map(|setting| match &setting.section {
        Section::Of(section) => Some(section.as_str()),
        _ => None,
    });
    sections.chain(modules(settings)).map(|name| format!("[{name}]")).collect()
}

fn unknown_key(name: &str, known: &[String]) -> String {
    unknown_in(name, name, known)
}

fn unknown_in(path: &str, name: &str, known: &[String]) -> String {
    match unknown::meant(name, known.iter().map(String::as_str)) {
        Some(meant) => format!("{path} is unknown; {meant} may be meant"),
        None => format!("{path} is unknown"),
    }
}
