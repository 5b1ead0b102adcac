//! From a value to bytes.

use super::{List, Object, Text, Value};

/// What stands between two values.
pub(super) const SEPARATOR: &str = ", ";

/// As many bytes as a file has, usually, so that they need not be moved as they become more.
const FILE_BYTES: usize = 16 << 10;

/// The value as Python's `json.dump` writes it: on one line, with `, ` and `: ` between, in ASCII.
pub(crate) fn write(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    push_value(&mut bytes, value);
    bytes
}

/// As [`write`], of an object.
pub(crate) fn write_object(object: &Object) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(FILE_BYTES);
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
        Value::List(list) => push_list(bytes, list),
        Value::Object(object) => push_object(bytes, object),
    }
}

fn push_text(bytes: &mut Vec<u8>, text: &Text) {
    bytes.push(b'"');
    bytes.extend_from_slice(text.as_bytes());
    bytes.push(b'"');
}

fn push_list(bytes: &mut Vec<u8>, list: &List) {
    bytes.push(b'[');
    list.push_to(bytes);
    bytes.push(b']');
}

/// The values one after the other, without brackets.
pub(super) fn push_values(bytes: &mut Vec<u8>, values: &[Value]) {
    let mut separator = "";
    for value in values {
        bytes.extend_from_slice(separator.as_bytes());
        push_value(bytes, value);
        separator = SEPARATOR;
    }
}

fn push_object(bytes: &mut Vec<u8>, object: &Object) {
    bytes.push(b'{');
    let mut separator = "";
    for (key, value) in object.iter() {
        bytes.extend_from_slice(separator.as_bytes());
        push_text(bytes, key);
        bytes.extend_from_slice(b": ");
        push_value(bytes, value);
        separator = SEPARATOR;
    }
    bytes.push(b'}');
}
