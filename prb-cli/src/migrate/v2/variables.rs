//! What version 2's variables come to. Pure.

use std::collections::BTreeMap;

use clap::CommandFactory;

use crate::args::Cli;
use crate::config::{WITHOUT_EFFECT, known_variables};

/// What there is to say of a service's variables; nothing of those that mean what they did.
pub(super) fn notes(module: &str, environment: &BTreeMap<String, String>) -> Vec<String> {
    let command = Cli::command();
    let known = known_variables(&command);
    let mut notes = Vec::new();
    for name in environment.keys() {
        if let Some((_, why)) = WITHOUT_EFFECT.iter().find(|(it, _)| it == name) {
            notes.push(format!("{name} has no effect: {why}"));
        } else if !known.contains(&name.as_str()) {
            notes.push(format!("{name} is unknown to prb"));
        }
    }
    let has = |name: &str| environment.contains_key(name);
    if module == "lifecycle" && !has("PRB_WALKIE_PSK_FILE") && !has("PRB_WALKIE_ACCESS") {
        notes.push(
            "nobody may change its pools and workers from elsewhere until PRB_WALKIE_PSK_FILE \
             names a key that the monitor has too, or PRB_WALKIE_ACCESS is open"
                .to_owned(),
        );
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_its_meaning_or_is_unknown_is_said() {
        let environment = |names: &[&str]| {
            names.iter().map(|name| ((*name).to_owned(), "1".to_owned())).collect()
        };
        let of = |module, names: &[&str]| notes(module, &environment(names));
        assert_eq!(of("trade", &["PHALA_MODULE", "PHALA_CHAIN_ENDPOINT"]), [""; 0]);
        let namespace = "PHALA_NAMESPACE has no effect: nothing ever read it";
        assert_eq!(of("trade", &["PHALA_NAMESPACE", "NODE_ENV"]), [namespace]);
        assert_eq!(of("trade", &["PHALA_WORD"]), ["PHALA_WORD is unknown to prb"]);
        assert!(of("lifecycle", &[])[0].contains("PRB_WALKIE_PSK_FILE"));
        assert_eq!(of("lifecycle", &["PRB_WALKIE_ACCESS"]), [""; 0]);
    }
}
