//! Hears a process out: what it says, until it has ended.
//!
//! A process may leave others behind that have inherited its pipes, so the end of the pipes cannot
//! be waited for. What was in them when the process ended is still read.

use super::record::Step;
use super::shown;
use crate::run::{Children, Meanwhile};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::fd::OwnedFd;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

/// How long it takes at most to see that a process has ended whose pipes somebody else keeps open.
const TICK: Duration = Duration::from_millis(5);

/// What is kept of a line. A longer one is cut, and is no step: nobody knows what its versions are.
const LINE_BYTES_MAX: usize = 1 << 10;

/// How much is read of a pipe before something else is looked at: all that it can hold (pipe(7)), so
/// that nothing of what was in it at the end is missed.
const HEARD_AT_ONCE_MAX: usize = 1 << 20;

/// How many steps of one process are kept beside the last. What it has said in between is not looked at,
/// so a fork there stays unseen, and nobody is accused for it.
const FIRST_STEPS_MAX: usize = 64;

/// How many of the first lines of standard error are kept.
const COMPLAINTS_MAX: usize = 8;

/// What a process has said, as far as it matters.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// The first steps, and the last.
    pub(super) steps: Vec<Step>,
    /// The last line of standard error that is not empty.
    pub(super) complaint: Option<String>,
    /// The first few of them.
    pub(super) first_complaints: Vec<String>,
}

impl Said {
    fn take_step(&mut self, step: Step) {
        self.steps.truncate(FIRST_STEPS_MAX);
        self.steps.push(step);
    }
}

/// Listens to a process until it has ended, and reaps it.
pub(super) fn listen(
    children: &Children,
    child: &mut Child,
    meanwhile: &mut impl Meanwhile,
) -> io::Result<(ExitStatus, Said)> {
    let mut said = Said::default();
    let mut pipes = [
        child
            .stdout
            .take()
            .map(|pipe| Pipe::new(pipe.into(), false)),
        child.stderr.take().map(|pipe| Pipe::new(pipe.into(), true)),
    ];
    for pipe in pipes.iter().flatten() {
        rustix::io::ioctl_fionbio(&pipe.end, true)?;
    }
    let mut looked = Instant::now();
    loop {
        let open = pipes.iter().flatten().count();
        if open == 0 && meanwhile.due().is_none() {
            break;
        }
        let quiet = !wait_for_any(&pipes, meanwhile.due())?;
        // Somebody else who keeps a pipe may fill it for ever.
        let looks = quiet || looked.elapsed() >= TICK;
        let ended = looks && children.has_ended(child)?;
        if looks {
            looked = Instant::now();
        }
        pipes = pipes.map(|pipe| pipe.and_then(|pipe| pipe.hear(&mut said)));
        if ended {
            break;
        }
        if meanwhile.due().is_some_and(|due| due <= Instant::now()) {
            meanwhile.act(children, child);
        }
    }
    let status = children.reap(child)?;
    Ok((status, said))
}

/// Waits until there is something to read, a tick is over or something is due. Tells whether there
/// is something to read.
fn wait_for_any(pipes: &[Option<Pipe>], due: Option<Instant>) -> io::Result<bool> {
    let mut watched = Vec::with_capacity(pipes.len());
    for pipe in pipes.iter().flatten() {
        watched.push(PollFd::new(&pipe.end, PollFlags::IN));
    }
    let until_due = due.map(|due| due.saturating_duration_since(Instant::now()));
    let wait = until_due.map_or(TICK, |due| due.min(TICK));
    let wait = Timespec::try_from(wait).map_err(io::Error::other)?;
    match poll(&mut watched, Some(&wait)) {
        Ok(ready) => Ok(ready > 0),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The end of a pipe, and the line that has begun to come out of it.
struct Pipe {
    end: File,
    line: Vec<u8>,
    /// Whether there was more of the line than is kept.
    is_cut: bool,
    complains: bool,
}

impl Pipe {
    fn new(end: OwnedFd, complains: bool) -> Self {
        Self {
            end: end.into(),
            line: Vec::new(),
            is_cut: false,
            complains,
        }
    }

    /// Reads what is there. Gives itself back unless the pipe has ended.
    fn hear(mut self, said: &mut Said) -> Option<Self> {
        let mut piece = [0; 8 << 10];
        let mut heard = 0;
        loop {
            if heard >= HEARD_AT_ONCE_MAX {
                return Some(self);
            }
            match self.end.read(&mut piece) {
                Ok(0) => break,
                Ok(count) => {
                    heard += count;
                    self.take(&piece[..count], said);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Some(self),
                // Nothing more comes out of it.
                Err(_) => break,
            }
        }
        self.end_line(said);
        None
    }

    fn take(&mut self, mut bytes: &[u8], said: &mut Said) {
        while let Some(at) = bytes.iter().position(|byte| *byte == b'\n') {
            self.extend(&bytes[..at]);
            self.end_line(said);
            bytes = &bytes[at + 1..];
        }
        self.extend(bytes);
    }

    fn extend(&mut self, bytes: &[u8]) {
        let room = LINE_BYTES_MAX - self.line.len();
        self.line.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.is_cut |= bytes.len() > room;
    }

    fn end_line(&mut self, said: &mut Said) {
        let line = String::from_utf8_lossy(&self.line);
        let line = line.trim_end();
        if let Some(step) = Step::parse(line).filter(|_| !self.is_cut) {
            said.take_step(step);
        } else if self.complains && !line.is_empty() {
            let line = shown::line(line);
            if said.first_complaints.len() < COMPLAINTS_MAX {
                said.first_complaints.push(line.clone());
            }
            said.complaint = Some(line);
        }
        self.line.clear();
        self.is_cut = false;
    }
}

#[cfg(test)]
mod tests {
    use super::{FIRST_STEPS_MAX, LINE_BYTES_MAX, Pipe, Said};

    /// What is kept of this text, in as many pieces as there are.
    fn heard(pieces: &[&str]) -> Said {
        let nobody = std::fs::File::open("/dev/null").unwrap();
        let (mut pipe, mut said) = (Pipe::new(nobody.into(), true), Said::default());
        for piece in pieces {
            pipe.take(piece.as_bytes(), &mut said);
        }
        pipe.hear(&mut said);
        said
    }

    /// Half of a version is another version, which somebody else may have read.
    #[test]
    fn a_line_that_is_cut_is_no_step() {
        let line = |length: usize| {
            let words = "stress: read 1 wrote ";
            format!("{words}{}\n", "7".repeat(length - words.len()))
        };
        assert_eq!(heard(&[&line(LINE_BYTES_MAX)]).steps.len(), 1);
        let said = heard(&[&line(LINE_BYTES_MAX + 1), "stress: read 2 wrote 3\n"]);
        assert_eq!(said.steps.len(), 1);
        assert_eq!(said.steps[0].read, "2");
        let long = line(LINE_BYTES_MAX + 1);
        let (begin, end) = long.split_at(LINE_BYTES_MAX);
        assert!(heard(&[begin, end]).steps.is_empty());
    }

    #[test]
    fn of_many_steps_the_first_are_kept_and_the_last() {
        let all = FIRST_STEPS_MAX + 10;
        let lines: String = (1..=all)
            .map(|n| format!("stress: read {n} wrote {}\n", n + 1))
            .collect();
        let read: Vec<String> = heard(&[&lines])
            .steps
            .into_iter()
            .map(|step| step.read)
            .collect();
        let first = (1..=FIRST_STEPS_MAX).chain([all]);
        assert_eq!(read, first.map(|n| n.to_string()).collect::<Vec<_>>());
    }
}
