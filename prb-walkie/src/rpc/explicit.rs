//! Answers with their zeros written out.
//!
//! JavaScript peers write every field they set, even to zero, and show what was on the wire. A
//! proto3 encoder leaves zeros out, and a monitor fed by one would lack `"deleted": false`.

use bytes::Bytes;
use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor, ReflectMessage, Value};

use super::method;

/// `answer` with every absent singular scalar set to its zero; as it is if it does not decode.
///
/// Fields that are `optional` in the protocol stay absent: there absence means something.
pub(crate) fn with_zeros(message: &MessageDescriptor, answer: Bytes) -> Bytes {
    match DynamicMessage::decode(message.clone(), answer.as_ref()) {
        Ok(mut decoded) => {
            fill(&mut decoded);
            decoded.encode_to_vec().into()
        }
        Err(_) => answer,
    }
}

fn fill(message: &mut DynamicMessage) {
    for (_, value) in message.fields_mut() {
        match value {
            Value::Message(inner) => fill(inner),
            Value::List(items) => items.iter_mut().filter_map(Value::as_message_mut).for_each(fill),
            _ => {}
        }
    }
    for field in message.descriptor().fields() {
        if method::is_implicit(field.full_name()) && !message.has_field(&field) {
            let zero = Value::default_value_for_field(&field);
            message.set_field(&field, zero);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::data_provider::Info;
    use crate::proto::db::Pool;
    use crate::proto::lifecycle::PoolList;
    use crate::rpc::json;

    #[test]
    fn zeros_are_written_and_mean_the_same() {
        let list = PoolList { pools: vec![Pool { name: "a".into(), pid: 2, ..Pool::default() }] };
        let method = method::method("ListPool").unwrap();
        let filled = with_zeros(method.output(), list.encode_to_vec().into());
        assert_eq!(PoolList::decode(filled.clone()).unwrap(), list);
        let shown = json::decode_answer(method, &filled).unwrap();
        assert_eq!(shown["pools"][0]["deleted"], false);
        assert_eq!(shown["pools"][0]["realPhalaSs58"], "");
        assert_eq!(shown["pools"][0]["pid"], "2");
        assert!(shown["pools"][0].get("owner").is_none());
    }

    #[test]
    fn what_is_optional_stays_absent() {
        let method = method::method("GetDataProviderInfo").unwrap();
        let filled = with_zeros(method.output(), Info::default().encode_to_vec().into());
        let shown = json::decode_answer(method, &filled).unwrap();
        assert_eq!(shown["paraId"], 0);
        assert_eq!(shown["status"], "S_UNKNOWN");
        assert!(shown.get("secondsToTarget").is_none());
    }

    #[test]
    fn what_does_not_decode_is_left_alone() {
        let method = method::method("ListPool").unwrap();
        let odd = Bytes::from_static(b"\xff\xff");
        assert_eq!(with_zeros(method.output(), odd.clone()), odd);
    }
}
