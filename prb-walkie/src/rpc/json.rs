//! Messages as JSON, in the conventions of the field's JavaScript peers.
//!
//! Names are camelCase, enums go by name, 64-bit integers are decimal strings, bytes are base64,
//! and only what was on the wire is shown. In requests integers may be numbers or strings, enums
//! names or numbers, and unknown fields are passed over.
//!
//! ```
//! use prb_walkie::rpc::{self, json};
//!
//! let method = rpc::method("RestartWorker").expect("it is in the service");
//! let request = serde_json::json!({ "ids": ["w1"] });
//! let encoded = json::encode_request(method, &request).expect("ids are what it takes");
//! assert_eq!(json::decode(method.input(), &encoded).expect("the same"), request);
//! ```

use bytes::Bytes;
use prost::Message as _;
use prost_reflect::{
    DeserializeOptions, DynamicMessage, MessageDescriptor, SerializeOptions, Value as Field,
};
use serde_json::{Map, Value, json};
use thiserror::Error;

use super::explicit;
use super::method::{self, Method};
use crate::proto::WalkieRpcResponseWrapper;

/// Why JSON and a message could not be turned into each other.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum JsonError {
    /// The JSON does not describe the message.
    #[error("not a {message}: {reason}")]
    Request {
        /// The message's full name.
        message: String,
        /// What is wrong, and where.
        reason: serde_json::Error,
    },
    /// The bytes are no such message.
    #[error("the answer is not a {message}: {reason}")]
    Answer {
        /// The message's full name.
        message: String,
        /// What the decoder said.
        reason: String,
    },
}

/// Encodes the request of `method` from JSON.
pub fn encode_request(method: &Method, request: &Value) -> Result<Bytes, JsonError> {
    encode(method.input(), request)
}

/// Decodes an answer of `method` into JSON.
pub fn decode_answer(method: &Method, answer: &[u8]) -> Result<Value, JsonError> {
    decode(method.output(), answer)
}

/// The same with zeros shown that were not on the wire: gRPC leaves them out, peers do not.
pub fn decode_answer_in_full(method: &Method, answer: Bytes) -> Result<Value, JsonError> {
    decode_answer(method, &explicit::with_zeros(method.output(), answer))
}

/// Encodes any message from JSON.
pub fn encode(message: &MessageDescriptor, value: &Value) -> Result<Bytes, JsonError> {
    let options = DeserializeOptions::new().deny_unknown_fields(false);
    DynamicMessage::deserialize_with_options(message.clone(), value, &options)
        .map(|message| message.encode_to_vec().into())
        .map_err(|reason| JsonError::Request { message: message.full_name().to_owned(), reason })
}

/// Decodes any message into JSON.
pub fn decode(message: &MessageDescriptor, bytes: &[u8]) -> Result<Value, JsonError> {
    let failed =
        |reason: String| JsonError::Answer { message: message.full_name().to_owned(), reason };
    let decoded = DynamicMessage::decode(message.clone(), bytes)
        .map_err(|error| failed(error.to_string()))?;
    to_json(&decoded).map_err(|error| failed(error.to_string()))
}

/// What the monitor's proxy says of an answer: `{data, hasError, error, meta}`.
///
/// `answer` is the whole response wrapper. On an error `data` is absent; the error's type is a
/// number in `error` and a name in `meta.error`.
pub fn proxy_answer(method: &Method, answer: &[u8]) -> Result<Value, JsonError> {
    let failed = |reason: &dyn ToString| JsonError::Answer {
        message: "prb.WalkieRpcResponseWrapper".to_owned(),
        reason: reason.to_string(),
    };
    let wrapper = WalkieRpcResponseWrapper::decode(answer).map_err(|error| failed(&error))?;
    let mut body = Map::new();
    if !wrapper.has_error {
        body.insert("data".to_owned(), decode_answer(method, &wrapper.data)?);
    }
    body.insert("hasError".to_owned(), wrapper.has_error.into());
    if let Some(error) = &wrapper.error {
        let error = json!({ "type": error.r#type, "message": error.message });
        body.insert("error".to_owned(), error);
    }
    body.insert("meta".to_owned(), meta(answer).map_err(|error| failed(&error))?);
    Ok(Value::Object(body))
}

/// What the monitor's proxy says when no answer came.
pub fn proxy_silence() -> Value {
    json!({ "hasError": true, "error": {}, "meta": null })
}

/// The wrapper itself, without the data.
fn meta(answer: &[u8]) -> Result<Value, String> {
    let Some(message) = method::message("prb.WalkieRpcResponseWrapper") else {
        return Ok(Value::Null);
    };
    let mut meta = DynamicMessage::decode(message, answer).map_err(|error| error.to_string())?;
    meta.clear_field_by_name("data");
    if !meta.has_field_by_name("has_error") {
        meta.set_field_by_name("has_error", Field::Bool(false));
    }
    if let Some(Field::Message(mut error)) = meta.take_field_by_name("error") {
        error.clear_field_by_name("code");
        meta.set_field_by_name("error", Field::Message(error));
    }
    to_json(&meta).map_err(|error| error.to_string())
}

fn to_json(message: &DynamicMessage) -> Result<Value, serde_json::Error> {
    let options = SerializeOptions::new().skip_default_fields(true);
    message.serialize_with_options(serde_json::value::Serializer, &options)
}
