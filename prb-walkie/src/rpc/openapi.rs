//! The service as an OpenAPI document, from its descriptors and their comments.

use std::collections::BTreeMap;

use prost_reflect::{EnumDescriptor, FieldDescriptor, FileDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use super::method::{Method, methods};
use crate::access::Class;

/// The methods that are no streams, each at `{prefix}/{method}`: all by POST, and by GET those
/// that ask for nothing and change nothing.
pub fn document(title: &str, version: &str, prefix: &str) -> Value {
    let mut schemas = BTreeMap::new();
    let mut paths = Map::new();
    for method in methods().filter(|method| !method.is_streaming()) {
        let mut path = Map::new();
        if is_plain_read(method) {
            path.insert("get".to_owned(), operation(method, false));
        }
        path.insert("post".to_owned(), operation(method, true));
        paths.insert(format!("{prefix}/{}", method.name()), path.into());
        collect(method.input(), &mut schemas);
        collect(method.output(), &mut schemas);
    }
    schemas.insert("Error".to_owned(), error());
    json!({
        "openapi": "3.1.0",
        "info": { "title": title, "version": version },
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "schemas": schemas,
        },
    })
}

/// Whether a method can be called by GET.
pub fn is_plain_read(method: &Method) -> bool {
    Class::of(method.name()) != Class::Write && method.input().fields().len() == 0
}

fn operation(method: &Method, body: bool) -> Value {
    let content = |schema: Value| json!({ "application/json": { "schema": schema } });
    let refused = json!({
        "description": "Why not.",
        "content": content(json!({ "$ref": "#/components/schemas/Error" })),
    });
    let verb = if body { "" } else { "get" };
    let mut operation = json!({
        "operationId": format!("{verb}{}", method.name()),
        "summary": method.comment(),
        "responses": {
            "200": { "description": "Done.", "content": content(reference(method.output())) },
            "default": refused,
        },
    });
    if body {
        operation["requestBody"] = json!({ "content": content(reference(method.input())) });
    }
    if Class::of(method.name()) == Class::Everybody {
        operation["security"] = json!([{}]);
    }
    operation
}

/// What is answered instead of a message.
fn error() -> Value {
    json!({
        "type": "object",
        "properties": {
            "error": {
                "type": "object",
                "properties": {
                    "code": { "type": "string", "description": "The gRPC code, by name." },
                    "message": { "type": "string" },
                },
            },
        },
    })
}

fn reference(message: &MessageDescriptor) -> Value {
    json!({ "$ref": format!("#/components/schemas/{}", message.full_name()) })
}

/// The schemas of a message and of all that it holds.
fn collect(message: &MessageDescriptor, schemas: &mut BTreeMap<String, Value>) {
    if schemas.contains_key(message.full_name()) {
        return;
    }
    // Its name is taken before its fields are looked at, which may hold it again.
    schemas.insert(message.full_name().to_owned(), Value::Null);
    let mut properties = Map::new();
    for field in message.fields() {
        if let Kind::Message(inner) = field.kind() {
            collect(&inner, schemas);
        }
        properties.insert(field.json_name().to_owned(), property(&field));
    }
    let mut schema = json!({ "type": "object", "properties": properties });
    describe(&mut schema, &comment(&message.parent_file(), message.path()));
    schemas.insert(message.full_name().to_owned(), schema);
}

fn property(field: &FieldDescriptor) -> Value {
    let mut schema = match field.kind() {
        Kind::Message(message) => reference(&message),
        Kind::Enum(names) => enumeration(&names),
        Kind::String => json!({ "type": "string" }),
        Kind::Bytes => json!({ "type": "string", "contentEncoding": "base64" }),
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::Double | Kind::Float => json!({ "type": "number" }),
        // They do not fit into the numbers of JSON; a request may have numbers all the same.
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
            json!({ "type": "string", "format": "int64" })
        }
        Kind::Uint64 | Kind::Fixed64 => json!({ "type": "string", "format": "uint64" }),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
            json!({ "type": "integer", "format": "int32" })
        }
        Kind::Uint32 | Kind::Fixed32 => json!({ "type": "integer", "format": "uint32" }),
    };
    if field.is_list() {
        schema = json!({ "type": "array", "items": schema });
    }
    describe(&mut schema, &comment(&field.parent_file(), field.path()));
    schema
}

fn enumeration(names: &EnumDescriptor) -> Value {
    let names: Vec<_> = names.values().map(|value| value.name().to_owned()).collect();
    json!({ "type": "string", "enum": names })
}

fn describe(schema: &mut Value, comment: &str) {
    if !comment.is_empty() {
        schema["description"] = comment.into();
    }
}

/// What stands above a definition, in one line; nothing if nothing does.
pub(super) fn comment(file: &FileDescriptor, path: &[i32]) -> String {
    let info = file.file_descriptor_proto().source_code_info.as_ref();
    let places = info.map_or(&[][..], |info| &info.location);
    let above = places.iter().find(|place| place.path == path);
    let text = above.and_then(|place| place.leading_comments.as_deref()).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_and_messages_are_described_as_their_comments_have_it() {
        let document = document("prb", "1.2.3", "/api/v1");
        let pools = &document["paths"]["/api/v1/ListPool"];
        assert_eq!(pools["get"]["summary"], "All pools.");
        assert!(document["paths"]["/api/v1/WatchWorkerStatus"].is_null());
        let create = &document["paths"]["/api/v1/CreatePool"];
        assert!(create["get"].is_null());
        let body = &create["post"]["requestBody"]["content"]["application/json"]["schema"];
        assert_eq!(body["$ref"], "#/components/schemas/prb.lifecycle.CreatePool");
        let schemas = &document["components"]["schemas"];
        let pool = &schemas["prb.db.Pool"]["properties"];
        assert_eq!(pool["pid"]["format"], "uint64");
        assert_eq!(pool["realPhalaSs58"]["type"], "string");
        let status = &schemas["prb.WorkerState"]["properties"]["status"]["enum"];
        assert_eq!(status[5], "S_ACTIVE");
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document("prb", "1.2.3", "/api/v1");
        let text = document.to_string();
        for (at, before) in text.match_indices("#/components/schemas/") {
            let name = text[at + before.len()..].split('"').next().unwrap();
            assert!(document["components"]["schemas"][name].is_object(), "{name}");
        }
    }
}
