//! The same compose file for prb: only what must be otherwise is. Pure.

use super::compose::Service;

/// The lines of `text` without what starts Node.js, with this image, and what each change was.
pub(super) fn convert(text: &str, services: &[Service], image: &str) -> (String, Vec<String>) {
    let mut out = String::new();
    let mut changes = Vec::new();
    let mut place = Place::default();
    // The indentation of a key whose value is left out.
    let mut skipping: Option<usize> = None;
    for (number, line) in text.lines().enumerate().map(|(index, line)| (index + 1, line)) {
        let body = line.trim_start();
        let indent = line.len() - body.len();
        let blank = body.is_empty() || body.starts_with('#');
        if let Some(key) = skipping {
            // Items of a list may stand as far left as their key.
            if !blank && (indent > key || indent == key && body.starts_with("- ")) {
                continue;
            }
            skipping = None;
        }
        if !blank {
            place.enter(indent, body);
        }
        let service = place.service().and_then(|name| services.iter().find(|it| it.name == name));
        let (Some(service), Some(key)) = (service, place.key(indent, body)) else {
            push(&mut out, line);
            continue;
        };
        match key {
            "entrypoint" => {
                changes.push(format!("line {number}: {}: entrypoint is gone", service.name));
                skipping = Some(indent);
            }
            "image" => {
                changes.push(format!("line {number}: {}: image is {image}", service.name));
                push(&mut out, &format!("{}image: {image}", " ".repeat(indent)));
                if !service.module_is_said && service.environment.is_empty() {
                    let pad = " ".repeat(indent);
                    let module = &service.module;
                    push(&mut out, &format!("{pad}environment:\n{pad}  - PHALA_MODULE={module}"));
                    changes.push(format!("line {number}: {}: PHALA_MODULE is new", service.name));
                }
            }
            "environment" if !service.module_is_said => {
                push(&mut out, line);
                push(
                    &mut out,
                    &format!("{}- PHALA_MODULE={}", " ".repeat(indent + 2), service.module),
                );
                changes.push(format!("line {number}: {}: PHALA_MODULE is new", service.name));
            }
            _ => push(&mut out, line),
        }
    }
    (out, changes)
}

fn push(out: &mut String, line: &str) {
    out.push_str(line);
    out.push('\n');
}

/// Where in the file a line is.
#[derive(Default)]
struct Place {
    in_services: bool,
    /// How far the names of services are indented.
    names: Option<usize>,
    service: Option<String>,
    /// How far the keys of this service are indented.
    keys: Option<usize>,
}

impl Place {
    fn enter(&mut self, indent: usize, body: &str) {
        if indent == 0 {
            *self = Self { in_services: body.starts_with("services:"), ..Self::default() };
            return;
        }
        if !self.in_services {
            return;
        }
        let names = *self.names.get_or_insert(indent);
        if indent == names {
            let name = body.split(':').next().unwrap_or_default().trim_matches(['"', '\'']);
            (self.service, self.keys) = (Some(name.to_owned()), None);
        } else {
            self.keys.get_or_insert(indent);
        }
    }

    fn service(&self) -> Option<&str> {
        self.service.as_deref()
    }

    /// The key of the service that begins on this line.
    fn key<'a>(&self, indent: usize, body: &'a str) -> Option<&'a str> {
        (self.keys == Some(indent)).then(|| body.split_once(':').map(|(key, _)| key)).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::super::compose;
    use super::*;

    #[test]
    fn only_what_starts_node_and_its_image_changes() {
        let text = include_str!("../../../tests/fixtures/version-2-lifecycle.yml");
        let (converted, changes) = convert(text, &compose::services(text).unwrap(), "prb:1");
        let gone: Vec<_> = text.lines().filter(|line| !converted.contains(*line)).collect();
        assert_eq!(gone.iter().filter(|line| line.contains("entrypoint")).count(), 2, "{gone:#?}");
        assert!(
            !converted.contains("dist/index") && !converted.contains("phalanetwork"),
            "{converted}"
        );
        assert!(converted.contains("image: redis:alpine"), "{converted}");
        assert_eq!(converted.matches("image: prb:1").count(), 3);
        assert_eq!(changes.len(), 5, "{changes:#?}");
        // It says the same as before of everything else.
        let before = compose::services(text).unwrap();
        let after = compose::services(&converted).unwrap();
        for (before, after) in before.iter().zip(after) {
            assert_eq!(before.environment, after.environment);
            assert!(!after.has_entrypoint);
        }
        let again = convert(&converted, &compose::services(&converted).unwrap(), "prb:1");
        assert_eq!(again.0, converted);
    }

    #[test]
    fn a_monitor_is_told_its_module() {
        let text = "services:\n  monitor:\n    image: phalanetwork/prb-monitor:next\n    \
                    environment:\n      - PTP_BOOT_NODES=/ip4/127.0.0.1/tcp/28888\n  bare:\n    \
                    image: phalanetwork/prb-monitor:next\n";
        let (converted, _) = convert(text, &compose::services(text).unwrap(), "prb:1");
        for service in compose::services(&converted).unwrap() {
            assert!(service.module_is_said && service.module == "monitor", "{converted}");
        }
    }
}
