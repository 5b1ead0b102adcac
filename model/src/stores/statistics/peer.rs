//! The call that a program counts which knows nothing of this project: it changes what it knows of
//! the file, and keeps the rest.

use super::counted::{HOOK, succeeds, tool_of_peer};
use crate::oracle::Token;
use crate::scenario::peer::rewritten;
use hookstate::kernel::Kernel;
use serde_json::{Value, json};
use std::path::Path;

/// Counts one call, with its timing.
///
/// # Panics
///
/// If a call of the kernel fails, or the file holds something else than an object or nothing.
pub(super) fn count<K: Kernel>(kernel: &K, path: &Path, token: Token) {
    rewritten(kernel, path, |content| {
        let mut file = match content.trim_ascii() {
            [] => blank(),
            json => serde_json::from_slice(json).expect("the file holds statistics"),
        };
        add_call(&mut file, &tool_of_peer(token), token);
        (file.to_string().into_bytes(), ())
    });
}

/// One call more of this tool.
pub(super) fn add_call(file: &mut Value, tool: &str, token: Token) {
    increment(&mut file["tool_count"]);
    if !succeeds(token) {
        increment(&mut file["error_count"]);
    }
    increment(&mut file["tool_names"][tool]);
    let timing = json!(f64::from(token));
    match &mut file["hook_timings"][HOOK] {
        Value::Array(timings) => timings.push(timing),
        none => *none = json!([timing]),
    }
}

/// By one; a count that is not there is zero.
pub(super) fn increment(count: &mut Value) {
    *count = json!(count.as_u64().unwrap_or(0) + 1);
}

fn blank() -> Value {
    json!({
        "session_id": "session",
        "started_at": 0.0,
        "tool_count": 0,
        "error_count": 0,
        "tool_names": {},
        "hook_timings": {},
    })
}
