//! One lane: the processes that do its changes, one after the other, and what they report.

use super::children::Children;
use super::course::Course;
use super::meanwhile::Attentive;
use super::messages::{Message, Outbox};
use crate::args::Shape;
use crate::chaos::{Blows, Chaos, Lifetimes};
use crate::event::{Event, LINE_BYTES_MAX};
use crate::verdict::Source;
use crate::worker::{ChangeOrders, Orders, SUBCOMMAND};
use std::cell::RefCell;
use std::io::{self, BufRead, BufReader, PipeReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;

/// What it takes to start a worker of a round.
#[derive(Clone, Debug)]
pub(super) struct Starter {
    pub(super) program: PathBuf,
    pub(super) directory: PathBuf,
    pub(super) children: Arc<Children>,
    pub(super) chaos: Chaos,
    pub(super) usual: Arc<Lifetimes>,
}

/// Why a process did not do what it was started for, as the end of a sentence about it.
type Trouble = String;

/// How the trouble begins with a process that there never was.
pub(super) const NOT_STARTED: &str = "could not be started: ";

/// How a process came to its end without trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// It has done everything.
    Finished,
    /// It was killed on purpose.
    Killed,
}

/// Runs a lane to its end: one process for each part of its course.
///
/// Every process has `start` as its standard input and begins when that ends.
pub(super) fn drive_lane(
    starter: &Starter,
    orders: ChangeOrders,
    shape: Shape,
    start: &PipeReader,
    outbox: &Outbox,
) {
    let source = Source::Lane(orders.lane);
    let blows = RefCell::new(Blows::new(starter.chaos, orders.seed, &starter.usual));
    let mut course = Course::new(orders, shape);
    let ended = follow(starter, &mut course, start, outbox, &blows).map_err(|trouble| {
        let (done, all) = (course.acknowledged(), orders.iterations);
        format!("{trouble} (after {done} of {all} changes)")
    });
    let mut blows = blows.into_inner();
    outbox.send(Message::Struck(blows.take_dealt()));
    outbox.send(Message::Ended(source, ended));
}

fn follow(
    starter: &Starter,
    course: &mut Course,
    start: &PipeReader,
    outbox: &Outbox,
    blows: &RefCell<Blows<'_>>,
) -> Result<(), Trouble> {
    while let Some(part) = course.next_part() {
        let source = Source::Lane(part.lane);
        let stdin = start.try_clone().map_err(|error| cannot_start(&error))?;
        blows.borrow_mut().choose(course.at());
        let take = |event| {
            course.take(&event, &mut blows.borrow_mut());
            outbox.send(Message::Event(source, event));
        };
        match run_worker(starter, &Orders::Change(part), stdin, blows, take)? {
            Ending::Finished => course.finish(),
            Ending::Killed => {
                if course.is_killed_in_doubt() {
                    outbox.send(Message::Doubt(source));
                }
            }
        }
    }
    Ok(())
}

/// Runs the process that reads. It stops when `stdin` ends.
pub(super) fn drive_reader(starter: &Starter, orders: &Orders, stdin: PipeReader, outbox: &Outbox) {
    let ended = run_unharmed(starter, orders, stdin, |event| {
        outbox.send(Message::Event(Source::Reader, event));
    });
    outbox.send(Message::Ended(Source::Reader, ended));
}

/// Runs a process to which nothing is done.
pub(super) fn run_unharmed(
    starter: &Starter,
    orders: &Orders,
    stdin: PipeReader,
    take: impl FnMut(Event),
) -> Result<(), Trouble> {
    let nothing = Blows::new(Chaos::default(), crate::workload::Seed(0), &starter.usual);
    run_worker(starter, orders, stdin, &RefCell::new(nothing), take).map(|_| ())
}

/// Starts a process, passes on what it reports, and reaps it.
fn run_worker(
    starter: &Starter,
    orders: &Orders,
    stdin: PipeReader,
    blows: &RefCell<Blows<'_>>,
    mut take: impl FnMut(Event),
) -> Result<Ending, Trouble> {
    let mut command = command(starter, orders).map_err(|error| cannot_start(&error))?;
    command.stdin(stdin).stdout(Stdio::piped());
    let started = starter.children.start(&mut command);
    // Else it would hold the end of the pipe that the worker waits for.
    drop(command);
    let mut child = started.map_err(|error| cannot_start(&error))?;
    let stdout = child.stdout.take();
    let report = stdout.map_or(Report::default(), |pipe| {
        let attentive = Attentive {
            pipe,
            children: &starter.children,
            child: &child,
            meanwhile: blows,
        };
        read_report(attentive, &mut take)
    });
    let status = starter.children.reap(&mut child);
    let status = status.map_err(|error| format!("could not be waited for: {error}"))?;
    if blows.borrow_mut().end(status) {
        return Ok(Ending::Killed);
    }
    judge(report, status).map(|()| Ending::Finished)
}

fn command(starter: &Starter, orders: &Orders) -> io::Result<Command> {
    let orders = serde_json::to_string(orders).expect("orders are made of numbers and names");
    let mut command = starter.chaos.limits.command(&starter.program)?;
    command.arg(SUBCOMMAND).arg(orders).arg(&starter.directory);
    Ok(command)
}

/// How a report ended.
#[derive(Debug, Default)]
struct Report {
    finished: bool,
    trouble: Option<Trouble>,
}

fn read_report(pipe: impl Read, take: &mut impl FnMut(Event)) -> Report {
    let mut lines = BufReader::new(pipe);
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
    format!("{NOT_STARTED}{error}")
}
