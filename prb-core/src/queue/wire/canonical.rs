//! One byte string per JSON value, whatever the order of keys and the white space it came with.

use serde::Serialize;
use serde_json::Value;

/// `value` with its keys sorted and no white space.
pub(super) fn bytes(value: &Value) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(key, _)| *key);
            out.push(b'{');
            for (key, value) in fields {
                write_text(key, out);
                out.push(b':');
                write(value, out);
                out.push(b',');
            }
            out.push(b'}');
        }
        Value::Array(items) => {
            out.push(b'[');
            for item in items {
                write(item, out);
                out.push(b',');
            }
            out.push(b']');
        }
        scalar => write_text(scalar, out),
    }
}

#[expect(clippy::expect_used, reason = "memory takes what is written")]
fn write_text(text: &impl Serialize, out: &mut Vec<u8>) {
    serde_json::to_writer(out, text).expect("strings, numbers, booleans and null are JSON");
}
