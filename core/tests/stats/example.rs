//! The example that hook authors copy, as a program that an agent runs.

use crate::example_program::program;
use crate::scratch::PATIENCE;
use hookstate::stats::SessionStats;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;

fn example() -> PathBuf {
    program("stats_hook", |mut build| {
        build.status().is_ok_and(|status| status.success())
    })
}

fn payload(event: &str) -> Value {
    json!({ "session_id": "m", "hook_event_name": event, "tool_name": "Bash", "duration_ms": 86_400_000.0 })
}

/// What it says on standard output and error, and how it ends. The input stays open until then, as an
/// agent may leave it.
fn said(mut child: Child, event: &str) -> (String, String, ExitStatus) {
    let mut input = child.stdin.take().expect("a pipe");
    write!(input, "{}", payload(event)).expect("it listens");
    let (send, ended) = channel();
    let waiting = std::thread::spawn(move || {
        let (mut output, mut errors) = (String::new(), String::new());
        if let Some(mut stdout) = child.stdout.take() {
            stdout.read_to_string(&mut output).expect("text");
        }
        let mut stderr = child.stderr.take().expect("a pipe");
        stderr.read_to_string(&mut errors).expect("text");
        let status = child.wait().expect("a child");
        let _ = send.send(());
        (output, errors, status)
    });
    ended
        .recv_timeout(PATIENCE)
        .expect("it does not wait for the end of its input");
    drop(input);
    waiting.join().expect("what it said")
}

fn hook(example: &Path, directory: &Path, stdout: Stdio) -> Child {
    let mut command = Command::new(example);
    command
        .env("CLAUDE_PLUGIN_DATA", directory)
        .stdin(Stdio::piped())
        .stdout(stdout)
        .stderr(Stdio::piped());
    command.spawn().expect("it is there")
}

#[test]
fn the_example_counts_while_its_input_stays_open_and_hands_the_session_on() {
    let (example, directory) = (example(), tempfile::tempdir().expect("a directory"));
    let run = |event, stdout| said(hook(&example, directory.path(), stdout), event);
    let stats = SessionStats::new(directory.path(), "m");
    for event in ["PostToolUse", "PostToolUseFailure"] {
        let (output, errors, status) = run(event, Stdio::piped());
        assert!(output.is_empty() && errors.is_empty(), "{output}{errors}");
        assert!(status.success());
    }
    let file = stats.read().expect("a file").value;
    assert_eq!((file.tool_count(), file.error_count()), (2, 1));
    for (hook, timings) in file.hook_timings() {
        let most = PATIENCE.as_secs_f64() * 1e3;
        assert!(
            timings.max_ms() < most,
            "{hook}: its own time, not that of the tool"
        );
    }
    // Nobody reads what it says: the session stays.
    let (_, errors, status) = run("SessionEnd", unread());
    assert!(errors.starts_with("stats_hook: "), "{errors}");
    assert!(status.success(), "it never blocks a tool");
    assert_eq!(stats.read().expect("a file").value.tool_count(), 2);
    let (output, errors, status) = run("SessionEnd", Stdio::piped());
    assert!(
        output.contains("tool_count") && errors.is_empty(),
        "{output}{errors}"
    );
    assert!(status.success());
    assert_eq!(stats.read().expect("a file").value.tool_count(), 0);
}

/// A pipe that nobody reads.
fn unread() -> Stdio {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    writer.into()
}
