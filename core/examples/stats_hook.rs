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
//! It never blocks a tool: whatever goes wrong, it says so on standard error and exits with 0. If the
//! payload never comes, the timeout ends it.

#![expect(clippy::disallowed_methods, reason = "a hook may look at the clock")]

use hookstate::Recovery;
use hookstate::stats::{STALE_AFTER_DEFAULT, SessionStats, cleanup_stale, data_dir};
use serde::Deserialize;
use serde_json::Deserializer;
use std::error::Error;
use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

/// What it looks at of the payload. Failures have an event of their own.
#[derive(Deserialize)]
struct Payload {
    session_id: String,
    hook_event_name: String,
    #[serde(default)]
    agent_id: String,
    #[serde(default)]
    tool_name: String,
}

fn main() {
    if let Err(error) = run() {
        tell(&*error);
    }
}

/// On standard error, where nobody may read it: with all that led to it.
fn tell(error: &dyn Error) {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    let causes: Vec<String> = causes.map(ToString::to_string).collect();
    let _ = writeln!(io::stderr(), "stats_hook: {}", causes.join(": "));
}

/// What became of a file that was found damaged.
fn tell_of(recovery: Option<Recovery>) {
    if let Some(recovery) = recovery {
        let _ = writeln!(io::stderr(), "stats_hook: {recovery}");
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let began = Instant::now();
    // One JSON value and no more: the end of the input may never come.
    let mut input = Deserializer::from_reader(io::stdin()).into_iter::<Payload>();
    let payload = input.next().ok_or("there is no payload")??;
    let directory = data_dir(None).ok_or("there is no home directory")?;
    let stats = SessionStats::new(&directory, &payload.session_id);
    let mut stats = stats.agent(&payload.agent_id);
    match payload.hook_event_name.as_str() {
        "PostToolUse" => record(&mut stats, &payload, true, began)?,
        "PostToolUseFailure" => record(&mut stats, &payload, false, began)?,
        "Stop" => say(&stats)?,
        "SessionEnd" => end(&mut stats, &directory)?,
        _ => return Ok(()),
    }
    // On drop an error would be swallowed.
    tell_of(stats.flush()?.recovery);
    Ok(())
}

/// The call, and how long this hook has taken so far: what the tool took is not its own time.
fn record(
    stats: &mut SessionStats,
    payload: &Payload,
    success: bool,
    began: Instant,
) -> hookstate::Result<()> {
    tell_of(
        stats
            .record_tool_call(&payload.tool_name, success)?
            .recovery,
    );
    let ms = began.elapsed().as_secs_f64() * 1e3;
    tell_of(
        stats
            .record_hook_timing(&payload.hook_event_name, ms)?
            .recovery,
    );
    Ok(())
}

/// Background calls go on after a turn, so this only looks.
fn say(stats: &SessionStats) -> Result<(), Box<dyn Error>> {
    let line = stats.format_summary()?;
    tell_of(line.recovery);
    show(&line.value)?;
    Ok(())
}

/// The file lets go of the session once that is told.
fn end(stats: &mut SessionStats, directory: &Path) -> Result<(), Box<dyn Error>> {
    let told = stats.try_finalize(|last| show(&last.to_json()))?;
    tell_of(told.recovery);
    told.value?;
    for error in cleanup_stale(directory, STALE_AFTER_DEFAULT)?.errors {
        tell(&error);
    }
    Ok(())
}

fn show(message: &str) -> io::Result<()> {
    let message = serde_json::json!({ "systemMessage": message });
    writeln!(io::stdout(), "{message}")
}
