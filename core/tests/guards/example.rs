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
/// How long a command may take. One that writes a line does not take so long.
const LIMIT_MS: &str = "3000";

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

/// A FIFO in the directory.
fn fifo_in(directory: &Path) -> PathBuf {
    let fifo = directory.join("fifo");
    let mut mkfifo = Command::new("mkfifo");
    mkfifo.arg(&fifo);
    assert!(spawn(mkfifo).wait().expect("it ends").success());
    fifo
}

/// Lets the hook note an edit of the file. The command is this script, which has the FIFO and the file
/// as its arguments.
fn edit(example: &Path, fifo: &Path, script: &str, file: &str) {
    let directory = fifo.parent().expect("it is in a directory");
    let mut command = Command::new(example);
    command
        .arg(directory)
        .args([QUIET_MS, LIMIT_MS, "sh", "-c", script, "sh"])
        .arg(fifo)
        .stdin(Stdio::piped());
    let mut hook = spawn(command);
    // The input stays open, as an agent may leave it.
    let mut input = hook.stdin.take().expect("a pipe");
    let event = serde_json::json!({"tool_input": {"file_path": file}});
    write!(input, "{event}").expect("it listens");
    assert!(hook.wait().expect("it ends").success());
}

#[test]
fn the_example_runs_the_command_on_the_file_that_was_edited_last() {
    let (example, scratch) = (example(), scratch());
    let fifo = fifo_in(scratch.path());
    let lines = lines_of(&fifo);
    for file in ["/first", "/second", "/third\u{e9}"] {
        edit(&example, &fifo, "echo \"$2\" > \"$1\"", file);
    }
    while lines.recv_timeout(LIMIT).expect("the command runs") != "/third\u{e9}" {}
    // The process that waited leaves, and leaves nothing to do.
    let edits = Debounce::<AnyPath>::over(patient(scratch.path(), "edits"), LIMIT);
    until_the_role_is_free(&scratch.path().join("edits.debounce.waiter"));
    assert!(edits.take_over().expect("an answer").value.is_none());
}

#[test]
fn a_command_that_hangs_is_killed_with_what_it_started_and_the_next_edit_is_acted_on() {
    let (example, scratch) = (example(), scratch());
    let fifo = fifo_in(scratch.path());
    for file in ["/first", "/second"] {
        let hangs = "exec > \"$1\"; echo \"$2\"; sleep 100 & wait";
        edit(&example, &fifo, hangs, file);
        assert_eq!(written_until_all_are_gone(&fifo), format!("{file}\n"));
        until_the_role_is_free(&scratch.path().join("edits.debounce.waiter"));
    }
}

/// What was written to the FIFO when nobody has it open any more.
fn written_until_all_are_gone(fifo: &Path) -> String {
    let (send, written) = channel();
    let fifo = fifo.to_owned();
    std::thread::spawn(move || send.send(std::fs::read_to_string(fifo)));
    let written = written.recv_timeout(LIMIT).expect("all are gone in time");
    written.expect("it is text")
}

/// Waits for the lock as the kernel has it, for as long as anything may take. It is free again when
/// this returns: an edit that found it taken by us would leave its command to nobody.
fn until_the_role_is_free(role: &Path) {
    let role = std::fs::File::open(role).expect("it was taken");
    let (send, free) = channel();
    std::thread::spawn(move || {
        let locked = role.lock().is_ok();
        drop(role);
        send.send(locked)
    });
    assert_eq!(free.recv_timeout(LIMIT), Ok(true));
}
