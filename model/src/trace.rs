//! What the processes did, in order, as a table with a column for each.

use crate::sim::{Reply, Request};
use hookstate::kernel::{Errno, Result};
use std::borrow::Cow;
use std::fmt;

/// The calls of one execution.
#[derive(Clone, Debug)]
pub struct Trace {
    processes: usize,
    events: Vec<(usize, Event)>,
}

/// Something that a process did or suffered.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Returned(Request, Result<Reply>),
    Waits(Request),
    /// At this call, when so many pages of it had been written.
    Killed(Request, u64),
    /// A call that no other process can notice.
    Unnoticed(Request, Result<Reply>),
}

impl Trace {
    pub(crate) fn new(processes: usize) -> Self {
        let events = Vec::new();
        Self { processes, events }
    }

    pub(crate) fn push(&mut self, process: usize, event: Event) {
        self.events.push((process, event));
    }

    pub(crate) fn processes(&self) -> usize {
        self.processes
    }

    /// What happened, each with the process that it happened to.
    pub(crate) fn events(&self) -> &[(usize, Event)] {
        &self.events
    }

    /// How many calls there were that others could notice.
    #[must_use]
    pub fn len(&self) -> usize {
        self.noticed().count()
    }

    /// Whether there were none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn noticed(&self) -> impl Iterator<Item = &(usize, Event)> {
        let noticed = |(_, event): &&(usize, Event)| !matches!(event, Event::Unnoticed(..));
        self.events.iter().filter(noticed)
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Returned(request, Err(errno)) | Self::Unnoticed(request, Err(errno)) => {
                write!(f, "{request} = {}", name(*errno))
            }
            Self::Returned(request, Ok(reply)) | Self::Unnoticed(request, Ok(reply)) => {
                match reply.to_string() {
                    text if text.is_empty() => write!(f, "{request}"),
                    text => write!(f, "{request} = {text}"),
                }
            }
            Self::Waits(request) => write!(f, "{request} ..."),
            Self::Killed(request, 0) => write!(f, "killed before {request}"),
            Self::Killed(request, pages) => write!(f, "killed after {pages} pages of {request}"),
        }
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cells: Vec<(usize, String)> = self
            .noticed()
            .map(|(process, event)| (*process, event.to_string()))
            .collect();
        let widths: Vec<usize> = (0..self.processes)
            .map(|column| width(&cells, column))
            .collect();
        for (column, width) in widths.iter().enumerate() {
            write!(f, "{:<width$}  ", format!("process {column}"))?;
        }
        writeln!(f)?;
        for (process, cell) in &cells {
            let indent: usize = widths[..*process].iter().map(|width| width + 2).sum();
            writeln!(f, "{:indent$}{cell}", "")?;
        }
        Ok(())
    }
}

fn width(cells: &[(usize, String)], column: usize) -> usize {
    let longest = cells
        .iter()
        .filter(|(process, _)| *process == column)
        .map(|(_, cell)| cell.chars().count())
        .max();
    longest.unwrap_or(0).max("process 0".len())
}

/// As the manual pages call it.
pub(crate) fn name(errno: Errno) -> Cow<'static, str> {
    Cow::Borrowed(match errno {
        Errno::NOENT => "ENOENT",
        Errno::EXIST => "EEXIST",
        Errno::WOULDBLOCK => "EWOULDBLOCK",
        Errno::NOTDIR => "ENOTDIR",
        Errno::ISDIR => "EISDIR",
        Errno::NOTEMPTY => "ENOTEMPTY",
        Errno::LOOP => "ELOOP",
        Errno::INVAL => "EINVAL",
        Errno::BADF => "EBADF",
        Errno::NOSYS => "ENOSYS",
        Errno::OPNOTSUPP => "EOPNOTSUPP",
        other => return Cow::Owned(other.to_string()),
    })
}
