//! A call in few words: what tells one call of a trace from another, and nothing that follows from
//! it.

use super::{Event, name};
use crate::sim::{Reply, Request};
use hookstate::kernel::{Create, Errno, FlockOperation, Result};
use std::borrow::Cow;
use std::path::Path;

/// What happened, in at most so many characters. The file names are what is shortened.
pub(super) fn brief(event: &Event, width: usize) -> String {
    let text = |shorten: &dyn Fn(&Path) -> String| match event {
        Event::Returned(request, answer) | Event::Unnoticed(request, answer) => {
            format!("{}{}", call(request, answer, shorten), result(answer))
        }
        Event::Waits(request) => format!("{} waits", asked(request, shorten)),
        Event::PowerCut(outcome) => format!("the power is cut: outcome {outcome}"),
        Event::Killed(request, 0) => format!("killed before {}", asked(request, shorten)),
        Event::Killed(request, pages) => {
            format!("killed, {pages} pages into {}", asked(request, shorten))
        }
    };
    let whole = text(&|path| file_name(path).into_owned());
    match whole.chars().count() <= width {
        true => whole,
        false => cut(&text(&|path| suffix(&file_name(path))), width),
    }
}

/// The last component.
fn file_name(path: &Path) -> Cow<'_, str> {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy()
}

/// From the first full stop on, since the names of one store begin alike.
fn suffix(name: &str) -> String {
    match name.find('.') {
        Some(0) | None => name.to_owned(),
        Some(dot) => format!("…{}", &name[dot..]),
    }
}

fn cut(text: &str, width: usize) -> String {
    match text.chars().count() <= width {
        true => text.to_owned(),
        false => text.chars().take(width - 1).chain(['…']).collect(),
    }
}

/// With the number of bytes that were transferred, if the call has returned.
fn call(request: &Request, answer: &Result<Reply>, shorten: &dyn Fn(&Path) -> String) -> String {
    let got = match answer {
        Ok(Reply::Bytes(bytes)) => Some(bytes.len()),
        Ok(Reply::Count(count)) => Some(*count),
        _ => None,
    };
    let (asked_for, offset) = match request {
        Request::Pread { length, offset, .. } => (*length, *offset),
        Request::Pwrite { bytes, offset, .. } => (bytes.len(), *offset),
        Request::Append { bytes, .. } => (bytes.len(), 0),
        _ => return asked(request, shorten),
    };
    let kind = request.as_call().kind();
    let at = at(offset);
    match got {
        // A read for as much as there may be says nothing by being shorter.
        Some(got) if got < asked_for && !matches!(request, Request::Pread { .. }) => {
            format!("{kind} {got} of {asked_for} bytes{at}")
        }
        Some(got) => format!("{kind} {got} bytes{at}"),
        None => format!("{kind}{at}"),
    }
}

fn at(offset: u64) -> String {
    match offset {
        0 => String::new(),
        offset => format!(" at {offset}"),
    }
}

fn asked(request: &Request, shorten: &dyn Fn(&Path) -> String) -> String {
    let kind = request.as_call().kind();
    match request {
        Request::Open { path, how } => {
            let create = match how.create {
                Create::Never => "",
                Create::IfMissing => " create",
                Create::New => " create new",
            };
            let truncate = if how.truncate { " truncate" } else { "" };
            format!("{kind} {}{create}{truncate}", shorten(path))
        }
        Request::Flock { operation, .. } => format!("{kind} {}", lock(*operation)),
        Request::Stat { path } | Request::Unlink { path } | Request::Mkdir { path, .. } => {
            format!("{kind} {}", shorten(path))
        }
        Request::Rename { from, to } => {
            format!("{kind} {} to {}", shorten(from), shorten(to))
        }
        Request::Exchange { one, other } => {
            format!("{kind} {} and {}", shorten(one), shorten(other))
        }
        Request::Pread { offset, .. } => format!("{kind}{}", at(*offset)),
        _ => request.to_string(),
    }
}

const fn lock(operation: FlockOperation) -> &'static str {
    match operation {
        FlockOperation::TryShared | FlockOperation::Shared => "shared",
        FlockOperation::TryExclusive | FlockOperation::Exclusive => "exclusive",
        FlockOperation::Unlock => "unlock",
    }
}

fn result(answer: &Result<Reply>) -> String {
    match answer {
        Err(Errno::WOULDBLOCK) => " refused".to_owned(),
        Err(errno) => format!(" {}", name(*errno)),
        Ok(Reply::Stat(stat)) => format!(" inode {}, {} bytes", stat.identity.inode, stat.size),
        Ok(Reply::Names(names)) => format!(" {} names", names.len()),
        Ok(_) => String::new(),
    }
}
