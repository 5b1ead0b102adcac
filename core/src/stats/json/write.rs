//! From a value to bytes.

use super::{Object, Text, Value};

/// The value as Python's `json.dump` writes it: on one line, with `, ` and `: ` between, in ASCII.
pub(crate) fn write(value: &Value) -> String {
    let mut text = String::new();
    push_value(&mut text, value);
    text
}

/// As [`write`], of an object.
pub(crate) fn write_object(object: &Object) -> String {
    let mut text = String::new();
    push_object(&mut text, object);
    text
}

fn push_value(text: &mut String, value: &Value) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(true) => text.push_str("true"),
        Value::Bool(false) => text.push_str("false"),
        Value::Number(number) => text.push_str(number.as_str()),
        Value::Text(string) => push_text(text, string),
        Value::List(values) => push_list(text, values),
        Value::Object(object) => push_object(text, object),
    }
}

fn push_text(text: &mut String, string: &Text) {
    text.push('"');
    text.push_str(string.escaped());
    text.push('"');
}

fn push_list(text: &mut String, values: &[Value]) {
    text.push('[');
    let mut separator = "";
    for value in values {
        text.push_str(separator);
        push_value(text, value);
        separator = ", ";
    }
    text.push(']');
}

fn push_object(text: &mut String, object: &Object) {
    text.push('{');
    let mut separator = "";
    for (key, value) in object.iter() {
        text.push_str(separator);
        push_text(text, key);
        text.push_str(": ");
        push_value(text, value);
        separator = ", ";
    }
    text.push('}');
}
