//! A call in few words: what tells one call of a trace from another, and nothing that follows from
//! it.

use super::{Event, name as errno_name};
use crate::sim::{Reply, Request};
use hookstate::kernel::{Create, Errno, FlockOperation, Result};
use std::cell::Cell;
use std::path::Path;

/// What happened, in at most so many characters, and to which open file, if that is to be told and there
/// is room. The beginnings of file names are what is left out.
pub(super) fn brief(event: &Event, file: Option<&Path>, width: usize) -> String {
    let fits = |text: &String| text.chars().count() <= width;
    let named = file.map(|file| fitted(event, Some(file), width));
    match named.filter(fits) {
        Some(named) => named,
        None => cut(&fitted(event, None, width), width),
    }
}

/// What happened, with all that was asked for.
pub(super) fn whole(event: &Event, file: Option<&Path>) -> String {
    let about = |words: String| about(words, file, &|path| file_name(path));
    match event {
        Event::Returned(..) | Event::Unnoticed(..) | Event::Waits(_) => about(event.to_string()),
        Event::Killed(request, 0) => format!("killed before {}", about(request.to_string())),
        Event::Killed(request, pages) => {
            format!(
                "killed after {pages} pages of {}",
                about(request.to_string())
            )
        }
        Event::PowerCut(_) => event.to_string(),
    }
}

/// With names as long as there is room for.
fn fitted(event: &Event, file: Option<&Path>, width: usize) -> String {
    let whole = text(event, file, &|path| file_name(path));
    if whole.chars().count() <= width {
        return whole;
    }
    let names = Cell::new(0);
    let without_names = text(event, file, &|_| {
        names.set(names.get() + 1);
        String::new()
    });
    let room = width.saturating_sub(without_names.chars().count()) / names.get().max(1);
    text(event, file, &|path| {
        end(&file_name(path), room.max(NAME_MIN))
    })
}

/// Of a file name, at least.
const NAME_MIN: usize = 8;

fn text(event: &Event, file: Option<&Path>, name: Name<'_>) -> String {
    let asked = |request| about(asked(request, name), file, name);
    match event {
        Event::Returned(request, answer) | Event::Unnoticed(request, answer) => {
            let call = about(call(request, answer, name), file, name);
            format!("{call}{}", result(answer))
        }
        Event::Waits(request) => format!("{} waits", asked(request)),
        Event::PowerCut(losses) if losses.is_empty() => "the power is cut: nothing lost".to_owned(),
        Event::PowerCut(_) => "the power is cut".to_owned(),
        Event::Killed(request, 0) => format!("killed before {}", asked(request)),
        Event::Killed(request, pages) => {
            format!("killed, {pages} pages into {}", asked(request))
        }
    }
}

/// The words of a call, with the file behind the first of them.
fn about(words: String, file: Option<&Path>, name: Name<'_>) -> String {
    let Some(file) = file else {
        return words;
    };
    match words.split_once(' ') {
        Some((kind, rest)) => format!("{kind} {} {rest}", name(file)),
        None => format!("{words} {}", name(file)),
    }
}

/// How a file is called.
type Name<'a> = &'a dyn Fn(&Path) -> String;

/// The last component.
fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

/// The end of a name, since the names of one store begin alike.
fn end(name: &str, width: usize) -> String {
    let length = name.chars().count();
    match length <= width {
        true => name.to_owned(),
        false => ['…']
            .into_iter()
            .chain(name.chars().skip(length - width + 1))
            .collect(),
    }
}

fn cut(text: &str, width: usize) -> String {
    match text.chars().count() <= width {
        true => text.to_owned(),
        false => text.chars().take(width - 1).chain(['…']).collect(),
    }
}

/// With the number of bytes that were transferred, or were to be written.
fn call(request: &Request, answer: &Result<Reply>, name: Name<'_>) -> String {
    let got = match answer {
        Ok(Reply::Bytes(bytes)) => Some(bytes.len()),
        Ok(Reply::Count(count)) => Some(*count),
        _ => None,
    };
    let (asked_for, offset) = match request {
        Request::Pread { length, offset, .. } => (*length, *offset),
        Request::Pwrite { bytes, offset, .. } => (bytes.len(), *offset),
        Request::Append { bytes, .. } => (bytes.len(), 0),
        _ => return asked(request, name),
    };
    let kind = request.as_call().kind();
    let at = at(offset);
    match got {
        // A read for as much as there may be says nothing by being shorter.
        Some(got) if got < asked_for && !matches!(request, Request::Pread { .. }) => {
            format!("{kind} {got} of {asked_for} bytes{at}")
        }
        Some(1) => format!("{kind} 1 byte{at}"),
        Some(got) => format!("{kind} {got} bytes{at}"),
        None if !matches!(request, Request::Pread { .. }) => {
            format!("{kind} {asked_for} bytes{at}")
        }
        None => format!("{kind}{at}"),
    }
}

fn at(offset: u64) -> String {
    match offset {
        0 => String::new(),
        offset => format!(" at {offset}"),
    }
}

fn asked(request: &Request, name: Name<'_>) -> String {
    let kind = request.as_call().kind();
    match request {
        Request::Open { path, how } => {
            let create = match how.create {
                Create::Never => "",
                Create::IfMissing => " create",
                Create::New => " create new",
            };
            let truncate = if how.truncate { " truncate" } else { "" };
            format!("{kind} {}{create}{truncate}", name(path))
        }
        Request::Flock { operation, .. } => format!("{kind} {}", lock(*operation)),
        Request::Stat { path } | Request::Unlink { path } | Request::Mkdir { path, .. } => {
            format!("{kind} {}", name(path))
        }
        Request::Rename { from, to } => {
            format!("{kind} {} to {}", name(from), name(to))
        }
        Request::Exchange { one, other } => {
            format!("{kind} {} and {}", name(one), name(other))
        }
        Request::Pread { offset, .. } => format!("{kind}{}", at(*offset)),
        Request::Pwrite { bytes, offset, .. } => {
            format!("{kind} {} bytes{}", bytes.len(), at(*offset))
        }
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
        Err(errno) => format!(" {}", errno_name(*errno)),
        Ok(Reply::Stat(stat)) => format!(" inode {}, {} bytes", stat.identity.inode, stat.size),
        Ok(Reply::Names(names)) => format!(" {} names", names.len()),
        Ok(_) => String::new(),
    }
}
