//! What services of version 2 were told by their environment, as prb's file of settings.

use std::path::Path;

use super::Said;
use super::compose::Service;
use crate::config::{self, Environment, Moved};

/// Where services look for the file without being told.
const INSIDE: &str = "/etc/prb/prb.toml";

/// The settings of a compose file's services.
pub(super) fn of(compose: &Path, services: &[Service]) -> Moved {
    let name = compose.file_name().unwrap_or_default().to_string_lossy();
    let about = format!(
        "# What the services of {name} were told by their environment, by prb migrate v2.\n\
         # Paths are those of the containers. What each setting comes to: prb config show --origin\n"
    );
    let environments: Vec<Environment> = services
        .iter()
        .map(|service| {
            let module = [("PHALA_MODULE", service.module.as_str())];
            let told = service.environment.iter().map(|(name, value)| (&**name, &**value));
            told.chain(module).collect()
        })
        .collect();
    config::moved(&about, &environments)
}

/// How to go from variables to the file, service by service.
pub(super) fn tell(moved: &Moved, services: &[Service], to: &Path, uid: u32, said: &mut Said) {
    said.line(format!(
        "  to keep settings in {} instead of in variables: mount it at {INSIDE} and delete",
        to.display()
    ));
    if moved.confidential {
        said.line(format!(
            "    it may hold a token, so it is for its owner alone, who must be user {uid}"
        ));
    }
    for (service, moved) in services.iter().zip(&moved.services) {
        if !moved.variables.is_empty() {
            said.line(format!("    {}: {}", service.name, moved.variables.join(", ")));
        }
        for reason in &moved.left {
            said.line(format!("    {}: {reason}", service.name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::compose;
    use super::*;

    #[test]
    fn variables_that_are_in_the_file_are_named_and_passwords_stay_where_they_are() {
        let services = compose::services(
            "services:\n  trade:\n    environment:\n      - PHALA_MODULE=trade\n      \
             - PHALA_CHAIN_ENDPOINT=wss://node/key\n      \
             - PHALA_Q_REDIS_ENDPOINT=redis://:hush@127.0.0.1/\n      - PHALA_NAMESPACE=x\n",
        )
        .unwrap();
        let moved = of(Path::new("site/docker-compose.yml"), &services);
        assert!(moved.confidential, "an endpoint has a token in it");
        assert!(moved.toml.contains("[trader]\npara-endpoint = [\"wss://node/key\"]"), "{moved:?}");
        assert!(!moved.toml.contains("hush"), "{moved:?}");
        let mut said = Said::default();
        tell(&moved, &services, Path::new("prb.toml"), 7, &mut said);
        let said = said.0.join("\n");
        assert!(said.contains("    trade: PHALA_CHAIN_ENDPOINT\n"), "{said}");
        assert!(said.contains("PHALA_Q_REDIS_ENDPOINT stays a variable"), "{said}");
        assert!(said.contains("user 7"), "{said}");
    }
}
