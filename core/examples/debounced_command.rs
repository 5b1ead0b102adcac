//! A hook that runs a command once the edits have stopped, on the file that was edited last.
//!
//! Register it for `PostToolUse`, in exec form, with the matcher `Edit|Write`:
//!
//! ```json
//! {"type": "command", "command": "/path/to/debounced_command",
//!  "args": ["/path/for/its/state", "2000", "60000", "rustfmt"], "timeout": 5}
//! ```
//!
//! It reads one event on standard input and ends at once. The first of a burst leaves a process
//! behind that waits until there was no edit for 2000 milliseconds and then runs `rustfmt FILE`. If
//! that process is killed, the next edit starts another. A command that takes longer than 60000
//! milliseconds is killed with what it has started: as long as it runs, no later edit is acted on.

use hookstate::guard::{AnyPath, Arrival, Debounce, Waiter};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use serde_json::{Deserializer, Value};
use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

/// The first argument of the process that waits.
const WAIT: &str = "--wait";

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let done = match arguments.split_first() {
        Some((first, rest)) if first == WAIT => wait_and_run(rest),
        _ => note_the_edit(&arguments),
    };
    if let Err(error) = done {
        eprintln!("debounced_command: {}", chain(&*error));
        // To the agent that is an error to show, and no reason to block a tool, as 2 would be.
        return ExitCode::from(1);
    }
    ExitCode::SUCCESS
}

/// The error, and all that led to it.
fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    let causes: Vec<String> = causes.map(ToString::to_string).collect();
    causes.join(": ")
}

/// What the arguments say.
struct Plan<'a> {
    edits: Debounce<AnyPath>,
    limit: Duration,
    command: &'a [OsString],
}

fn plan(arguments: &[OsString]) -> Result<Plan<'_>, Box<dyn Error>> {
    let [directory, quiet, limit, command @ ..] = arguments else {
        return Err(
            "usage: debounced_command DIRECTORY QUIET_MS LIMIT_MS COMMAND [ARGUMENT]...".into(),
        );
    };
    Ok(Plan {
        edits: Debounce::new(directory, "edits", milliseconds(quiet)?),
        limit: milliseconds(limit)?,
        command,
    })
}

fn milliseconds(argument: &OsStr) -> Result<Duration, Box<dyn Error>> {
    let number = argument.to_str().ok_or("the time is no number")?;
    Ok(Duration::from_millis(number.parse()?))
}

/// The hook: a few milliseconds.
fn note_the_edit(arguments: &[OsString]) -> Result<(), Box<dyn Error>> {
    let plan = plan(arguments)?;
    // One JSON value and no more: the end of the input may never come.
    let mut input = Deserializer::from_reader(io::stdin()).into_iter::<Value>();
    let event = input.next().ok_or("there is no event")??;
    let Some(file) = event["tool_input"]["file_path"].as_str() else {
        return Ok(());
    };
    match plan.edits.event(AnyPath::from(Path::new(file)))?.value {
        Arrival::Wait(waiter) | Arrival::Leading(waiter) => leave_behind(waiter, arguments)?,
        Arrival::Merged => {}
    }
    Ok(())
}

/// Starts this program once more, without our standard streams, at the end of which the agent may be
/// waiting, and with the role. If that fails, the role is free again for the next edit.
fn leave_behind(waiter: Waiter<'_, AnyPath>, arguments: &[OsString]) -> io::Result<()> {
    let role = waiter.into_fd().expect("it has not left");
    Command::new(std::env::current_exe()?)
        .arg(WAIT)
        .args(arguments)
        .stdin(Stdio::from(role))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // A signal to the hook's group, such as at its timeout, is not meant for it.
        .process_group(0)
        .spawn()?;
    Ok(())
}

/// The process that waits.
fn wait_and_run(arguments: &[OsString]) -> Result<(), Box<dyn Error>> {
    let plan = plan(arguments)?;
    let role = io::stdin().as_fd().try_clone_to_owned()?;
    if let Some(waiter) = plan.edits.adopt(role)? {
        let _settled = waiter.settle(|last| run(&plan, &last))?;
    }
    Ok(())
}

/// Without our standard input, which is the role: it has to be free when we are gone, also if the
/// command is still running then.
fn run(plan: &Plan<'_>, file: &AnyPath) {
    let Some((program, arguments)) = plan.command.split_first() else {
        return;
    };
    let started = Command::new(program)
        .args(arguments)
        .arg(file.as_ref())
        .stdin(Stdio::null())
        // A group of its own, to be killed as a whole.
        .process_group(0)
        .spawn();
    // Nobody is there to be told if it fails; the next edit runs it again.
    let _ = started.and_then(|child| end_within(plan.limit, child));
}

/// Waits for its end, and brings that about if the time is up.
fn end_within(limit: Duration, mut child: Child) -> io::Result<()> {
    let pid = Pid::from_child(&child);
    let (send, ended) = channel();
    // It only looks. So until we collect the child the number is that of nobody else.
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    std::thread::spawn(move || send.send(waitid(WaitId::Pid(pid), look).map(drop)));
    if ended.recv_timeout(limit).is_err() {
        kill_process_group(pid, Signal::KILL)?;
    }
    child.wait().map(drop)
}
