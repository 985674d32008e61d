//! What a compose file of version 2 says of its services. Pure.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value};

/// Where version 2 keeps everything in its containers.
const DATA: &str = "/var/data";
/// Version 2's monitor, which has an image of its own and no module.
const MONITOR: &str = "prb-monitor";

/// A service that prb takes the place of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Service {
    pub(super) name: String,
    /// As `PHALA_MODULE` has it.
    pub(super) module: String,
    /// Whether the file says so itself.
    pub(super) module_is_said: bool,
    pub(super) environment: BTreeMap<String, String>,
    /// It has an `entrypoint`, which is that of Node.js.
    pub(super) has_entrypoint: bool,
    /// Folders of the host under /var/data, by where they are mounted, longest first.
    mounts: Vec<(String, String)>,
}

impl Service {
    /// Where a path of the container is on the host, as the file writes it.
    pub(super) fn on_host(&self, path: &str) -> Option<String> {
        let mount = |(inside, outside): &(String, String)| {
            let rest = path.strip_prefix(inside.as_str())?;
            (rest.is_empty() || rest.starts_with('/')).then(|| format!("{outside}{rest}"))
        };
        self.mounts.iter().find_map(mount)
    }

    /// A variable, or what version 2 takes without it.
    pub(super) fn variable<'a>(&'a self, name: &str, usual: &'a str) -> &'a str {
        self.environment.get(name).map_or(usual, String::as_str)
    }

    /// Its data folder on the host.
    pub(super) fn data(&self) -> Option<String> {
        self.on_host(DATA)
    }
}

/// The services that prb takes the place of, by name; others, such as Redis, stay as they are.
pub(super) fn services(text: &str) -> Result<Vec<Service>> {
    let file: Value = serde_saphyr::from_str(text).context("not YAML")?;
    let services = file.get("services").and_then(Value::as_object);
    let services = services.context("there are no services in it")?;
    let mut found = Vec::new();
    for (name, service) in services {
        let of_it = || format!("service {name}");
        let service = service.as_object().with_context(of_it)?;
        if let Some(service) = read(name, service).with_context(of_it)? {
            found.push(service);
        }
    }
    ensure!(!found.is_empty(), "none of its services is of version 2");
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn read(name: &str, service: &Map<String, Value>) -> Result<Option<Service>> {
    let environment = environment(service.get("environment"))?;
    let image = service.get("image").and_then(Value::as_str).unwrap_or_default();
    let said = environment.get("PHALA_MODULE").cloned();
    let module = match &said {
        Some(module) => module.clone(),
        None if image.contains(MONITOR) => "monitor".to_owned(),
        None => return Ok(None),
    };
    let volumes = service.get("volumes").and_then(Value::as_array).into_iter().flatten();
    let mut mounts: Vec<_> = volumes.filter_map(mount).collect();
    mounts.sort_by_key(|(inside, _)| std::cmp::Reverse(inside.len()));
    Ok(Some(Service {
        name: name.to_owned(),
        module_is_said: said.is_some(),
        module,
        environment,
        has_entrypoint: service.get("entrypoint").is_some_and(|it| !it.is_null()),
        mounts,
    }))
}

/// A list of `NAME=value`, or an object.
fn environment(value: Option<&Value>) -> Result<BTreeMap<String, String>> {
    match value {
        None | Some(Value::Null) => Ok(BTreeMap::new()),
        Some(Value::Array(items)) => {
            let item = |item: &Value| {
                let text = item.as_str().with_context(|| format!("environment: {item}"))?;
                // One without a value is taken from who runs it, which is not known here.
                let (name, value) = text.split_once('=').unwrap_or((text, ""));
                Ok((name.trim().to_owned(), value.to_owned()))
            };
            items.iter().map(item).collect()
        }
        Some(Value::Object(items)) => Ok(items
            .iter()
            .map(|(name, value)| {
                let value = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
                (name.clone(), value)
            })
            .collect()),
        Some(other) => anyhow::bail!("environment is neither a list nor an object: {other}"),
    }
}

/// Inside and outside of a volume that is a folder of the host, in the short or the long form.
fn mount(volume: &Value) -> Option<(String, String)> {
    let (outside, inside) = match volume {
        Value::String(text) => {
            let mut parts = text.split(':');
            (parts.next()?, parts.next()?)
        }
        long => (long.get("source")?.as_str()?, long.get("target")?.as_str()?),
    };
    // What is no path is a volume of Docker's own.
    let is_path = outside.starts_with(['/', '.', '~']);
    is_path.then(|| {
        (inside.trim_end_matches('/').to_owned(), outside.trim_end_matches('/').to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUIDE: &str = include_str!("../../../tests/fixtures/version-2-lifecycle.yml");

    #[test]
    fn services_are_found_with_what_they_are_told_and_where_their_data_is() {
        let found = services(GUIDE).unwrap();
        let names: Vec<_> = found.iter().map(|it| (it.name.as_str(), it.module.as_str())).collect();
        let expected = [("arena", "utils/arena"), ("lifecycle", "lifecycle"), ("trade", "trade")];
        assert_eq!(names, expected);
        let lifecycle = &found[1];
        assert!(lifecycle.has_entrypoint && !found[0].has_entrypoint);
        assert_eq!(lifecycle.variable("PHALA_LRU_CACHE_SIZE", "5000"), "50");
        assert_eq!(lifecycle.on_host("/var/data/keys/id").as_deref(), Some("./data/keys/id"));
        assert_eq!(lifecycle.data().as_deref(), Some("./data"));
        assert_eq!(found[0].data(), None);
    }

    #[test]
    fn other_ways_to_write_the_same_are_read() {
        let found = services(
            "services:\n  m:\n    image: phalanetwork/prb-monitor:next\n  p:\n    environment:\n      \
             PHALA_MODULE: data_provider\n      PHALA_DATA_PROVIDER_LOCAL_SERVER_PORT: 8013\n    \
             volumes:\n      - {type: bind, source: /srv/prb, target: /var/data}\n      - cache:/c\n",
        );
        let found = found.unwrap();
        assert_eq!((found[0].module.as_str(), found[0].module_is_said), ("monitor", false));
        assert_eq!(found[1].variable("PHALA_DATA_PROVIDER_LOCAL_SERVER_PORT", "8012"), "8013");
        assert_eq!(found[1].on_host("/var/data/0").as_deref(), Some("/srv/prb/0"));
        assert_eq!((found[1].on_host("/c"), found[1].on_host("/var/database")), (None, None));
    }

    #[test]
    fn what_is_no_compose_file_is_said() {
        for (text, reason) in [
            ("a: [", "not YAML"),
            ("a: 1", "no services"),
            ("services:\n  redis:\n    image: redis", "none of its services"),
        ] {
            let error = format!("{:#}", services(text).unwrap_err());
            assert!(error.contains(reason), "{error}");
        }
    }
}
