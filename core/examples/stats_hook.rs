//! A hook that counts calls and prints the line of the session at the end of each turn.
//!
//! Register it, started without a shell, for `PostToolUse`, `PostToolUseFailure`, `Stop` and
//! `SessionEnd`; the payload comes on its standard input:
//!
//! ```json
//! {"hooks": {"PostToolUse": [{"matcher": "*", "hooks": [
//!   {"type": "command", "command": "/path/to/stats_hook", "args": [], "timeout": 5}]}]}}
//! ```
//!
//! It never blocks a tool: whatever goes wrong, it says so on standard error and exits with 0.

use hookstate::stats::{STALE_AFTER_DEFAULT, SessionStats, cleanup_stale, data_dir};
use serde::Deserialize;
use std::error::Error;
use std::io;
use std::path::Path;

/// What it looks at of the payload. Failures have an event of their own.
#[derive(Deserialize)]
struct Payload {
    session_id: String,
    hook_event_name: String,
    #[serde(default)]
    agent_id: String,
    #[serde(default)]
    tool_name: String,
    duration_ms: Option<f64>,
}

fn main() {
    if let Err(error) = run() {
        eprintln!("stats_hook: {error}");
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let payload: Payload = serde_json::from_reader(io::stdin().lock())?;
    let directory = data_dir(None).ok_or("there is no home directory")?;
    let stats = SessionStats::new(&directory, &payload.session_id);
    let mut stats = stats.agent(&payload.agent_id);
    match payload.hook_event_name.as_str() {
        "PostToolUse" => record(&mut stats, &payload, true)?,
        "PostToolUseFailure" => record(&mut stats, &payload, false)?,
        "Stop" => say(&stats)?,
        "SessionEnd" => end(&mut stats, &directory)?,
        _ => return Ok(()),
    }
    // On drop an error would be swallowed.
    let flushed = stats.flush()?;
    if let Some(recovery) = flushed.recovery {
        eprintln!("stats_hook: {recovery}");
    }
    Ok(())
}

fn record(stats: &mut SessionStats, payload: &Payload, success: bool) -> hookstate::Result<()> {
    let _ = stats.record_tool_call(&payload.tool_name, success)?;
    if let Some(ms) = payload.duration_ms {
        let _ = stats.record_hook_timing(&payload.hook_event_name, ms)?;
    }
    Ok(())
}

/// Background calls go on after a turn, so this only looks.
fn say(stats: &SessionStats) -> Result<(), Box<dyn Error>> {
    let line = stats.format_summary()?.value;
    println!("{}", serde_json::json!({ "systemMessage": line }));
    Ok(())
}

fn end(stats: &mut SessionStats, directory: &Path) -> Result<(), Box<dyn Error>> {
    let last = stats.finalize()?.value;
    println!("{}", serde_json::json!({ "systemMessage": last.to_json() }));
    for error in cleanup_stale(directory, STALE_AFTER_DEFAULT)?.errors {
        eprintln!("stats_hook: {error}");
    }
    Ok(())
}
