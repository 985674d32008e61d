//! The methods of the service, read from its descriptors.
//!
//! Nothing about a method is written by hand anywhere: a new `rpc` in `proto/prb` is served over
//! both transports and in JSON by being there.

use std::collections::{BTreeMap, HashSet};
use std::sync::LazyLock;

use prost_reflect::{DescriptorPool, Kind, MessageDescriptor};

use super::openapi;

/// The descriptors of `proto/prb`, as gRPC reflection serves them.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/walkie.bin"));

/// The same with every singular scalar `optional`: what was on the wire can be told from what was
/// not. No byte on the wire differs.
const EXPLICIT_DESCRIPTORS: &[u8] =
    include_bytes!(concat!(env!("OUT_DIR"), "/walkie-explicit.bin"));

/// The service's full name.
pub const SERVICE: &str = "prb.WalkieRpc";

/// One method of the service.
#[derive(Debug, Clone)]
pub struct Method {
    name: String,
    uri: http::Uri,
    input: MessageDescriptor,
    output: MessageDescriptor,
    streaming: bool,
    carries_bytes: bool,
    comment: String,
}

impl Method {
    /// Its name, such as `ListPool`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its path in a gRPC request, such as `/prb.WalkieRpc/ListPool`.
    pub fn path(&self) -> &str {
        self.uri.path()
    }

    pub(crate) fn uri(&self) -> &http::Uri {
        &self.uri
    }

    /// Its request message; every scalar has explicit presence.
    pub fn input(&self) -> &MessageDescriptor {
        &self.input
    }

    /// Its response message; every scalar has explicit presence.
    pub fn output(&self) -> &MessageDescriptor {
        &self.output
    }

    /// Whether either side is a stream. Streams travel over gRPC alone.
    pub fn is_streaming(&self) -> bool {
        self.streaming
    }

    /// What it does, as its definition says.
    pub fn comment(&self) -> &str {
        &self.comment
    }

    /// Whether the response holds `bytes`, which may be large.
    pub(crate) fn carries_bytes(&self) -> bool {
        self.carries_bytes
    }
}

struct Service {
    pool: DescriptorPool,
    methods: BTreeMap<String, Method>,
    implicit: HashSet<String>,
}

static WALKIE: LazyLock<Service> = LazyLock::new(Service::load);

/// Every method, by name.
pub fn methods() -> impl Iterator<Item = &'static Method> {
    WALKIE.methods.values()
}

/// The method called `name`, or none.
pub fn method(name: &str) -> Option<&'static Method> {
    WALKIE.methods.get(name)
}

/// The message called `full_name` (such as `prb.db.Pool`), with explicit presence, or none.
pub fn message(full_name: &str) -> Option<MessageDescriptor> {
    WALKIE.pool.get_message_by_name(full_name)
}

/// Whether the field called `full_name` is one whose zero a proto3 encoder leaves out.
pub(crate) fn is_implicit(full_name: &str) -> bool {
    WALKIE.implicit.contains(full_name)
}

impl Service {
    #[expect(clippy::expect_used, reason = "the build script made both sets, from one source")]
    fn load() -> Self {
        let plain = DescriptorPool::decode(DESCRIPTORS).expect("descriptors made by the build");
        let pool =
            DescriptorPool::decode(EXPLICIT_DESCRIPTORS).expect("descriptors made by the build");
        let service = pool.get_service_by_name(SERVICE).expect("the service is in proto/prb");
        let methods = service
            .methods()
            .map(|method| {
                let path = format!("/{SERVICE}/{}", method.name());
                let described = Method {
                    name: method.name().to_owned(),
                    uri: path.parse().expect("names of the protocol are plain"),
                    input: method.input(),
                    output: method.output(),
                    streaming: method.is_client_streaming() || method.is_server_streaming(),
                    carries_bytes: carries_bytes(&method.output(), &mut HashSet::new()),
                    comment: openapi::comment(
                        &method.parent_service().parent_file(),
                        method.path(),
                    ),
                };
                (described.name.clone(), described)
            })
            .collect();
        let implicit = plain
            .all_messages()
            .flat_map(|message| message.fields().collect::<Vec<_>>())
            .filter(|field| !field.is_list() && !field.is_map() && !field.supports_presence())
            .map(|field| field.full_name().to_owned())
            .collect();
        Self { pool, methods, implicit }
    }
}

fn carries_bytes(message: &MessageDescriptor, seen: &mut HashSet<String>) -> bool {
    seen.insert(message.full_name().to_owned())
        && message.fields().any(|field| match field.kind() {
            Kind::Bytes => true,
            Kind::Message(inner) => carries_bytes(&inner, seen),
            _ => false,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_come_from_the_descriptors() {
        assert_eq!(methods().count(), 26);
        let list = method("ListPool").unwrap();
        assert_eq!(list.path(), "/prb.WalkieRpc/ListPool");
        assert_eq!(list.input().full_name(), "prb.Empty");
        assert!(!list.is_streaming() && !list.carries_bytes());
        assert!(method("GetBlobByKey").unwrap().carries_bytes());
        assert!(method("WatchWorkerStatus").unwrap().is_streaming());
        assert!(method("constructor").is_none());
    }

    #[test]
    fn presence_is_explicit_in_one_set_and_implicit_in_the_other() {
        let pool = message("prb.db.Pool").unwrap();
        assert!(pool.get_field_by_name("deleted").unwrap().supports_presence());
        assert!(is_implicit("prb.db.Pool.deleted"));
        assert!(!is_implicit("prb.db.Pool.owner"));
        assert!(!is_implicit("prb.data_provider.Info.seconds_to_target"));
        assert!(!is_implicit("prb.PoolOrWorkerQueryIdentity.pid"));
    }
}
