//! The example that hook authors copy, as a program: three edits, one waiting process, and the command
//! on the last of them.

use crate::example_program::program;
use crate::meeting::scratch;
use crate::parts::patient;
use crate::workers::{LIMIT, spawn};
use hookstate::guard::{AnyPath, Debounce};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

/// Long enough for three processes to come one after the other, on most machines. If they do not, the
/// command runs more often, and for the last one all the same.
const QUIET_MS: &str = "300";

/// The program as it is built together with all tests. If only these tests were built it is built
/// now, which takes a while: for fewer packages cargo chooses other features of what they depend on,
/// and builds that anew. Whoever may not write there runs what others have built.
fn example() -> PathBuf {
    program("debounced_command", |build| {
        spawn(build).wait().is_ok_and(|status| status.success())
    })
}

/// What is written to a FIFO, line by line.
fn lines_of(fifo: &Path) -> Receiver<String> {
    let (send, lines) = channel();
    let fifo = fifo.to_owned();
    std::thread::spawn(move || {
        // Each opening is one run of the command.
        while let Ok(run) = std::fs::File::open(&fifo) {
            for line in BufReader::new(run).lines().map_while(Result::ok) {
                let _ = send.send(line);
            }
        }
    });
    lines
}

#[test]
fn the_example_runs_the_command_on_the_file_that_was_edited_last() {
    let (example, scratch) = (example(), scratch());
    let fifo = scratch.path().join("fifo");
    let mut mkfifo = Command::new("mkfifo");
    mkfifo.arg(&fifo);
    assert!(spawn(mkfifo).wait().expect("it ends").success());
    let lines = lines_of(&fifo);
    for file in ["/first", "/second", "/third\u{e9}"] {
        let mut command = Command::new(&example);
        command
            .args([scratch.path().as_os_str(), QUIET_MS.as_ref()])
            .args(["sh", "-c", "echo \"$2\" > \"$1\"", "sh"])
            .arg(&fifo)
            .stdin(Stdio::piped());
        let mut hook = spawn(command);
        // The input stays open, as an agent may leave it.
        let mut input = hook.stdin.take().expect("a pipe");
        let event = serde_json::json!({"tool_input": {"file_path": file}});
        write!(input, "{event}").expect("it listens");
        assert!(hook.wait().expect("it ends").success());
    }
    while lines.recv_timeout(LIMIT).expect("the command runs") != "/third\u{e9}" {}
    // The process that waited leaves, and leaves nothing to do.
    let edits = Debounce::<AnyPath>::over(patient(scratch.path(), "edits"), LIMIT);
    until_the_role_is_free(&scratch.path().join("edits.debounce.waiter"));
    assert!(edits.take_over().expect("an answer").value.is_none());
}

/// Waits for the lock as the kernel has it, for as long as anything may take.
fn until_the_role_is_free(role: &Path) {
    let role = std::fs::File::open(role).expect("it was taken");
    let (send, free) = channel();
    std::thread::spawn(move || send.send(role.lock().is_ok()));
    assert_eq!(free.recv_timeout(LIMIT), Ok(true));
}
