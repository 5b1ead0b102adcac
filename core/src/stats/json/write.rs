//! From a value to bytes.

use super::{Object, Text, Value};

/// The value as Python's `json.dump` writes it: on one line, with `, ` and `: ` between, in ASCII.
pub(crate) fn write(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    push_value(&mut bytes, value);
    bytes
}

/// As [`write`], of an object.
pub(crate) fn write_object(object: &Object) -> Vec<u8> {
    let mut bytes = Vec::new();
    push_object(&mut bytes, object);
    bytes
}

fn push_value(bytes: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => bytes.extend_from_slice(b"null"),
        Value::Bool(true) => bytes.extend_from_slice(b"true"),
        Value::Bool(false) => bytes.extend_from_slice(b"false"),
        Value::Number(number) => bytes.extend_from_slice(number.as_bytes()),
        Value::Text(text) => push_text(bytes, text),
        Value::List(values) => push_list(bytes, values),
        Value::Object(object) => push_object(bytes, object),
    }
}

fn push_text(bytes: &mut Vec<u8>, text: &Text) {
    bytes.push(b'"');
    bytes.extend_from_slice(text.as_bytes());
    bytes.push(b'"');
}

fn push_list(bytes: &mut Vec<u8>, values: &[Value]) {
    bytes.push(b'[');
    let mut separator: &[u8] = b"";
    for value in values {
        bytes.extend_from_slice(separator);
        push_value(bytes, value);
        separator = b", ";
    }
    bytes.push(b']');
}

fn push_object(bytes: &mut Vec<u8>, object: &Object) {
    bytes.push(b'{');
    let mut separator: &[u8] = b"";
    for (key, value) in object.iter() {
        bytes.extend_from_slice(separator);
        push_text(bytes, key);
        bytes.extend_from_slice(b": ");
        push_value(bytes, value);
        separator = b", ";
    }
    bytes.push(b'}');
}
