//! What the processes did, in order, as a table with a column for each.

mod brief;
mod holds;
mod table;

pub(crate) use holds::{Hold, Holds};

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
    /// The power was cut, which made this of the files.
    PowerCut(Vec<String>),
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

    /// How many calls there were that others could notice, or that were moves of their own.
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

impl Event {
    /// The call that it is about.
    fn request(&self) -> Option<&Request> {
        match self {
            Self::Returned(request, _)
            | Self::Unnoticed(request, _)
            | Self::Waits(request)
            | Self::Killed(request, _) => Some(request),
            Self::PowerCut(_) => None,
        }
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
            Self::PowerCut(losses) if losses.is_empty() => {
                write!(f, "POWER CUT, all files as they were")
            }
            Self::PowerCut(losses) => write!(f, "POWER CUT, {}", losses.join("; ")),
            Self::Killed(request, 0) => write!(f, "killed before {request}"),
            Self::Killed(request, pages) => write!(f, "killed after {pages} pages of {request}"),
        }
    }
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
        Errno::INTR => "EINTR",
        Errno::IO => "EIO",
        Errno::MFILE => "EMFILE",
        Errno::NOLCK => "ENOLCK",
        Errno::NOSPC => "ENOSPC",
        Errno::SPIPE => "ESPIPE",
        Errno::SRCH => "ESRCH",
        other => return Cow::Owned(other.to_string()),
    })
}
