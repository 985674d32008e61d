//! What can be set, for people: an example file, and the reference.

use std::fmt::Write;

use super::environment::{WITHOUT_EFFECT, other_names};
use super::setting::{Kind, Section, Setting, modules};
use super::text;

/// What the reference begins with.
const INTRODUCTION: &str = include_str!("reference.md");
/// What an example begins with.
const ABOUT: &str = include_str!("example.txt");
/// Longest line of a comment.
const WIDTH: usize = 98;

/// A table of the file, with its settings: one of each key, with the modules that have it.
struct Table<'a> {
    section: Section,
    /// Of a module's own table.
    module: &'a str,
    settings: Vec<(&'a Setting<'a>, Vec<&'a str>)>,
}

impl Table<'_> {
    fn name(&self) -> String {
        match &self.section {
            Section::Top => String::new(),
            Section::Of(section) => section.clone(),
            Section::Module => self.module.to_owned(),
        }
    }
}

/// What is for all first, then what several modules share, then what is one's own.
fn tables<'a>(settings: &'a [Setting<'a>]) -> Vec<Table<'a>> {
    let mut tables: Vec<Table<'a>> = Vec::new();
    for setting in settings {
        let module = if setting.section == Section::Module { setting.module } else { "" };
        let same = |table: &Table<'_>| table.section == setting.section && table.module == module;
        let place = tables.iter().position(same).unwrap_or(tables.len());
        if place == tables.len() {
            let section = setting.section.clone();
            tables.push(Table { section, module, settings: Vec::new() });
        }
        let table = &mut tables[place];
        match table.settings.iter_mut().find(|(other, _)| other.key == setting.key) {
            Some((_, modules)) => modules.push(setting.module),
            None => table.settings.push((setting, vec![setting.module])),
        }
    }
    // Stable: within a kind the order of the help stays.
    tables.sort_by_key(|table| match table.section {
        Section::Top => 0,
        Section::Of(_) => 1,
        Section::Module => 2,
    });
    tables
}

/// A file in which everything that can be set stands as a comment, with its default.
pub(super) fn example(settings: &[Setting<'_>]) -> String {
    let mut told = ABOUT.to_owned();
    for table in tables(settings) {
        if table.section != Section::Top {
            // Writing to a string does not fail.
            let _ = write!(told, "\n[{}]\n", table.name());
        }
        for (setting, _) in &table.settings {
            told.push('\n');
            for line in wrapped(&format!("{}.", setting.help()), WIDTH - 2) {
                let _ = writeln!(told, "# {line}");
            }
            let value = match text::default(setting) {
                Some(value) => value.to_string(),
                None => unset(setting).to_owned(),
            };
            let _ = writeln!(told, "#{} = {value}", setting.key);
        }
    }
    told
}

/// What stands for a value where there is no default.
fn unset(setting: &Setting<'_>) -> &'static str {
    match Kind::of(setting.arg) {
        Kind::Boolean => "false",
        Kind::Integer => "0",
        Kind::Text => "\"\"",
        Kind::List => "[]",
    }
}

/// All settings in Markdown.
pub(super) fn markdown(settings: &[Setting<'_>]) -> String {
    let mut told = INTRODUCTION.to_owned();
    for table in tables(settings) {
        let title = match table.section {
            Section::Top => "Before all tables".to_owned(),
            Section::Of(_) | Section::Module => format!("`[{}]`", table.name()),
        };
        let _ = write!(
            told,
            "\n## {title}\n\n| Key and option | Variable | Default | Of | Meaning |\n|---|---|---|---|---|\n"
        );
        for (setting, of) in &table.settings {
            let default = text::default(setting).map(|value| format!("`{value}`"));
            let all = of.len() == modules(settings).len();
            let _ = writeln!(
                told,
                "| `{}` | {} | {} | {} | {}. {}. |",
                setting.key,
                variables(settings, setting, of),
                default.unwrap_or_default(),
                if all { "all".to_owned() } else { of.join(", ") },
                capitalised(Kind::of(setting.arg).as_str()),
                escaped(&setting.help()),
            );
        }
    }
    told.push_str("\n## Variables of version 2 without effect\n\n| Variable | Why |\n|---|---|\n");
    for (name, reason) in WITHOUT_EFFECT {
        let _ = writeln!(told, "| `{name}` | {reason} |");
    }
    told
}

/// The variables of a setting: modules may have different ones.
fn variables(settings: &[Setting<'_>], setting: &Setting<'_>, of: &[&str]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for it in settings.iter().filter(|it| it.key == setting.key && of.contains(&it.module)) {
        names.push(it.variable);
        names.extend(other_names(it.variable, it.module));
    }
    let mut told: Vec<String> = Vec::new();
    for name in names.iter().map(|name| format!("`{name}`")) {
        if !told.contains(&name) {
            told.push(name);
        }
    }
    told.join(", ")
}

fn escaped(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "\\<").replace('\n', " ")
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Lines of at most so many characters, where words allow it.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
