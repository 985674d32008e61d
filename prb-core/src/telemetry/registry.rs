//! What of a process can be watched.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use super::Samples;
use super::catalogue::{BUILD_INFO, READY, UP};

/// What keeps a part of a service from its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// The part.
    pub part: String,
    /// What is wrong, for a person.
    pub reason: String,
    /// Since when, where that is known.
    pub since: Option<SystemTime>,
}

/// A part of a service that can be watched.
pub trait Source: Send + Sync + 'static {
    /// Puts its figures with the others.
    fn measure(&self, samples: &mut Samples);

    /// What keeps it from its work at the moment; nothing when all is well.
    fn obstacles(&self) -> Vec<Obstacle> {
        Vec::new()
    }
}

/// What of a process can be watched; clones are the same one.
#[derive(Clone)]
pub struct Registry {
    service: &'static str,
    version: &'static str,
    sources: Arc<Mutex<Vec<Arc<dyn Source>>>>,
}

impl Registry {
    /// That of a service, with nothing in it yet.
    pub fn new(service: &'static str, version: &'static str) -> Self {
        Self { service, version, sources: Arc::default() }
    }

    /// Adds a part.
    pub fn register(&self, source: impl Source) {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::new(source));
    }

    /// What keeps the service from its work at the moment. A service without parts has not begun.
    pub fn obstacles(&self) -> Vec<Obstacle> {
        let sources = self.sources();
        if sources.is_empty() {
            let (part, reason) = (self.service.to_owned(), "it is starting".to_owned());
            return vec![Obstacle { part, reason, since: None }];
        }
        sources.iter().flat_map(|source| source.obstacles()).collect()
    }

    /// All figures.
    pub fn measure(&self) -> Samples {
        let mut samples = Samples::default();
        samples.put(&BUILD_INFO, [self.service, self.version], 1.0);
        samples.put(&UP, [self.service], 1.0);
        let ready = self.obstacles().is_empty();
        samples.put(&READY, [self.service], if ready { 1.0 } else { 0.0 });
        for source in self.sources() {
            source.measure(&mut samples);
        }
        samples
    }

    fn sources(&self) -> Vec<Arc<dyn Source>> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").field("service", &self.service).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Part(Option<&'static str>);

    impl Source for Part {
        fn measure(&self, _: &mut Samples) {}

        fn obstacles(&self) -> Vec<Obstacle> {
            let obstacle = |reason: &str| Obstacle {
                part: "part".to_owned(),
                reason: reason.to_owned(),
                since: None,
            };
            self.0.map(obstacle).into_iter().collect()
        }
    }

    #[test]
    fn a_service_is_ready_when_it_has_begun_and_nothing_keeps_any_part() {
        let registry = Registry::new("service", "1.2.3");
        let ready = || registry.measure().get(&READY, ["service"]);
        assert_eq!(registry.obstacles()[0].reason, "it is starting");
        assert_eq!(ready(), Some(0.0));
        registry.register(Part(None));
        assert_eq!((registry.obstacles(), ready()), (Vec::new(), Some(1.0)));
        registry.register(Part(Some("no node")));
        assert_eq!((registry.obstacles()[0].reason.as_str(), ready()), ("no node", Some(0.0)));
    }
}
