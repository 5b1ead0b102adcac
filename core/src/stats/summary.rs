//! The one line that says how a session goes.

use super::file::SessionFile;
use super::json::Text;
use super::timings::HookTimings;
use std::fmt::Write;

/// How many tools the line names.
const TOOLS_SHOWN: usize = 5;

/// The line, to the character as the old program has it. `now` is in seconds since the epoch.
///
/// ```text
/// [CB] 12m | 10 tools | 1 error | Bash:7 Edit:3 | ⏱ PostToolUse:4ms PreToolUse:12ms
/// ```
pub(crate) fn summary(file: &SessionFile, now: f64) -> String {
    let minutes = duration(file, now) / 60.0;
    let errors = file.error_count();
    let mut line = format!(
        "[CB] {}m | {} tools | {errors} {} | {}",
        minutes.floor() as i64,
        file.tool_count(),
        if errors == 1 { "error" } else { "errors" },
        most_used(file.tool_names()),
    );
    let timings = averages(file.timings());
    if !timings.is_empty() {
        // Writing to a string does not fail.
        let _ = write!(line, " | \u{23f1} {timings}");
    }
    line
}

/// How long the session has been going on, in seconds; zero if it has not begun, or if it is not known
/// since when.
pub(crate) fn duration(file: &SessionFile, now: f64) -> f64 {
    if file.has_ended() {
        return 0.0;
    }
    file.started_at().map_or(0.0, |started_at| now - started_at)
}

/// The sort is stable: among equals, the one that was called first stays first.
fn most_used(mut tools: Vec<(String, u64)>) -> String {
    tools.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let shown = tools.iter().take(TOOLS_SHOWN);
    let shown: Vec<String> = shown
        .map(|(tool, count)| format!("{tool}:{count}"))
        .collect();
    shown.join(" ")
}

fn averages(mut timings: Vec<(Text, HookTimings)>) -> String {
    timings.sort_by_key(|(hook, _)| hook.code_points());
    let shown = timings.iter();
    let shown: Vec<String> = shown
        .map(|(hook, timings)| format!("{}:{:.0}ms", hook.decoded(), timings.average_ms()))
        .collect();
    shown.join(" ")
}
