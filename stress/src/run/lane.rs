//! One lane: the processes that do its changes, one after the other, and what they report.

use super::children::Children;
use super::messages::{Message, Outbox};
use crate::event::{Acknowledged, Event, LINE_BYTES_MAX};
use crate::verdict::Source;
use crate::worker::{ChangeOrders, Orders, SUBCOMMAND};
use std::io::{self, BufRead, BufReader, PipeReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Arc;

/// What it takes to start a worker of a round.
#[derive(Clone, Debug)]
pub(super) struct Starter {
    pub(super) program: PathBuf,
    pub(super) directory: PathBuf,
    pub(super) children: Arc<Children>,
}

/// Why a process did not do what it was started for, as the end of a sentence about it.
type Trouble = String;

/// Runs a lane to its end: one process for each range of changes in `processes`.
///
/// Every process has `start` as its standard input and begins when that ends.
pub(super) fn drive_lane(
    starter: &Starter,
    orders: ChangeOrders,
    processes: &[(u32, u32)],
    start: &PipeReader,
    outbox: &Outbox,
) {
    let source = Source::Lane(orders.lane);
    let mut progress = Progress {
        acknowledged: orders.acknowledged,
        floor: orders.floor,
    };
    let ended = processes.iter().try_for_each(|&(first, last)| {
        let part = Orders::Change(ChangeOrders {
            first,
            last,
            acknowledged: progress.acknowledged,
            floor: progress.floor,
            ..orders
        });
        let stdin = start.try_clone().map_err(|error| cannot_start(&error))?;
        let take = |event| {
            progress.take(&event);
            outbox.send(Message::Event(source, event));
        };
        run_worker(starter, &part, stdin, take)
    });
    let ended = ended.map_err(|trouble| {
        let (done, all) = (progress.acknowledged, orders.iterations);
        format!("{trouble} (after {done} of {all} changes)")
    });
    outbox.send(Message::Ended(source, ended));
}

/// Runs the process that reads. It stops when `stdin` ends.
pub(super) fn drive_reader(starter: &Starter, orders: &Orders, stdin: PipeReader, outbox: &Outbox) {
    let ended = run_worker(starter, orders, stdin, |event| {
        outbox.send(Message::Event(Source::Reader, event));
    });
    outbox.send(Message::Ended(Source::Reader, ended));
}

/// What one process of a lane has to tell the next.
struct Progress {
    acknowledged: u64,
    floor: u64,
}

impl Progress {
    fn take(&mut self, event: &Event) {
        if let Event::Acknowledged(Acknowledged { laid_on, .. }) = event {
            self.acknowledged += 1;
            self.floor = laid_on.map_or(self.floor, |version| version + 1);
        }
    }
}

/// Starts a process, passes on what it reports, and reaps it.
fn run_worker(
    starter: &Starter,
    orders: &Orders,
    stdin: PipeReader,
    mut take: impl FnMut(Event),
) -> Result<(), Trouble> {
    let mut command = command(starter, orders);
    command.stdin(stdin).stdout(Stdio::piped());
    let started = starter.children.start(&mut command);
    // Else it would hold the end of the pipe that the worker waits for.
    drop(command);
    let mut child = started.map_err(|error| cannot_start(&error))?;
    let stdout = child.stdout.take();
    let report = stdout.map_or(Report::default(), |stdout| read_report(stdout, &mut take));
    let status = starter.children.reap(&mut child);
    match status {
        Ok(status) => judge(report, status),
        Err(error) => Err(format!("could not be waited for: {error}")),
    }
}

fn command(starter: &Starter, orders: &Orders) -> Command {
    let orders = serde_json::to_string(orders).expect("orders are made of numbers and names");
    let mut command = Command::new(&starter.program);
    command.arg(SUBCOMMAND).arg(orders).arg(&starter.directory);
    command
}

/// How a report ended.
#[derive(Debug, Default)]
struct Report {
    finished: bool,
    trouble: Option<Trouble>,
}

fn read_report(stdout: ChildStdout, take: &mut impl FnMut(Event)) -> Report {
    let mut lines = BufReader::new(stdout);
    let mut report = Report::default();
    while let Some(line) = next_line(&mut lines) {
        match line.parse() {
            Ok(Event::Finished) => report.finished = true,
            Ok(Event::Failed(why)) => report.trouble = Some(format!("failed: {why}")),
            Ok(event) => take(event),
            Err(_) => {
                let line: String = line.chars().take(60).collect();
                report
                    .trouble
                    .get_or_insert(format!("reported {line:?}, which is no event"));
            }
        }
    }
    report
}

/// The next line, or what there is of it; `None` at the end. A line that is too long comes in
/// pieces, none of which is an event.
fn next_line(lines: &mut impl BufRead) -> Option<String> {
    let mut line = Vec::new();
    let read = lines
        .by_ref()
        .take(LINE_BYTES_MAX)
        .read_until(b'\n', &mut line);
    if !matches!(read, Ok(1..)) {
        return None;
    }
    let text = String::from_utf8_lossy(&line);
    Some(match text.strip_suffix('\n') {
        Some(whole) => whole.to_owned(),
        None => format!("{text}(unfinished)"),
    })
}

fn judge(report: Report, status: ExitStatus) -> Result<(), Trouble> {
    match (report.trouble, report.finished) {
        (Some(trouble), _) => Err(trouble),
        (None, true) if status.success() => Ok(()),
        (None, _) => Err(how_it_ended(status)),
    }
}

fn how_it_ended(status: ExitStatus) -> Trouble {
    match (status.signal(), status.code()) {
        (Some(signal), _) => format!("was killed by signal {signal}"),
        (None, Some(code)) => format!("ended with exit code {code} without finishing its report"),
        (None, None) => "ended in a way that nobody knows".to_owned(),
    }
}

fn cannot_start(error: &io::Error) -> Trouble {
    format!("could not be started: {error}")
}
