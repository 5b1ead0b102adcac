//! A call and its result in a form for people and for files.
//!
//! It has what two kernels must agree on: descriptors by number, contents by length and checksum
//! with their first line, files by type and size. It leaves out what they may choose: the numbers of
//! inodes and devices, and the user, who is whoever runs the test.

use crate::sim::{Reply, Request};
use crate::trace;
use crc::{CRC_32_ISO_HDLC, Crc};
use hookstate::kernel::{OpenHow, Result, Stat};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::ffi::OsString;
use std::fmt;

/// What a process asks of the kernel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invocation {
    /// Which call, as in a manual page.
    pub call: String,
    /// Its arguments by name.
    pub arguments: Map<String, Value>,
}

/// What becomes of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Response {
    /// It succeeds and gives this back.
    Returned(Map<String, Value>),
    /// It fails with this error, as the manual pages call it.
    Failed(String),
    /// It waits for another process and is made again later.
    Waits,
    /// The process is killed at it.
    Killed {
        /// How many pages of the write have been written. With 0 the call has not begun.
        pages: u64,
    },
}

impl From<&Request> for Invocation {
    fn from(request: &Request) -> Self {
        Self {
            call: request.as_call().kind().to_string(),
            arguments: object(arguments(request)),
        }
    }
}

impl From<&Result<Reply>> for Response {
    fn from(result: &Result<Reply>) -> Self {
        match result {
            Ok(reply) => Self::Returned(object(answer(reply))),
            Err(errno) => Self::Failed(trace::name(*errno).into_owned()),
        }
    }
}

fn arguments(request: &Request) -> Value {
    match request {
        Request::Open { path, how } => opening(json!({ "path": path }), *how),
        Request::Close { fd }
        | Request::Fstat { fd }
        | Request::Modified { fd }
        | Request::Fstatfs { fd }
        | Request::Fsync { fd }
        | Request::Fdatasync { fd } => json!({ "fd": fd.number() }),
        Request::Flock { fd, operation } => {
            json!({ "fd": fd.number(), "operation": format!("{operation:?}") })
        }
        Request::Stat { path } | Request::Unlink { path } => json!({ "path": path }),
        Request::Pread { fd, length, offset } => {
            json!({ "fd": fd.number(), "length": length, "offset": offset })
        }
        Request::Pwrite { fd, bytes, offset } => {
            json!({ "fd": fd.number(), "offset": offset, "content": content(bytes) })
        }
        Request::Append { fd, bytes } => json!({ "fd": fd.number(), "content": content(bytes) }),
        Request::Ftruncate { fd, length } => json!({ "fd": fd.number(), "length": length }),
        Request::Fallocate { fd, offset, length } => {
            json!({ "fd": fd.number(), "offset": offset, "length": length })
        }
        Request::Rename { from, to } => json!({ "from": from, "to": to }),
        Request::Exchange { one, other } => json!({ "one": one, "other": other }),
        Request::Mkdir { path, mode } => json!({ "path": path, "mode": format!("{mode:04o}") }),
        Request::List { directory } => json!({ "directory": directory }),
        Request::Nanosleep { duration } => json!({ "nanoseconds": duration.as_nanos() as u64 }),
        Request::ClockRealtime
        | Request::ClockMonotonic
        | Request::SchedYield
        | Request::Getrandom
        | Request::Getpid
        | Request::Geteuid => json!({}),
    }
}

fn opening(mut arguments: Value, how: OpenHow) -> Value {
    arguments["access"] = json!(format!("{:?}", how.access));
    arguments["create"] = json!(format!("{:?}", how.create));
    if how.truncate {
        arguments["truncate"] = json!(true);
    }
    arguments
}

fn answer(reply: &Reply) -> Value {
    match reply {
        Reply::Fd(fd) => json!({ "fd": fd.number() }),
        Reply::Stat(stat) => inspected(stat),
        Reply::Bytes(bytes) => json!({ "content": content(bytes) }),
        Reply::Count(count) => json!({ "count": count }),
        Reply::Names(names) => json!({ "names": sorted(names) }),
        Reply::Unit | Reply::FileSystem(_) | Reply::Time(_) | Reply::Number(_) => json!({}),
    }
}

fn inspected(stat: &Stat) -> Value {
    json!({ "type": format!("{:?}", stat.file_type), "bytes": stat.size })
}

fn sorted(names: &[OsString]) -> Vec<String> {
    let mut names: Vec<String> = names
        .iter()
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

const CHECKSUM: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);
/// How much of a content is shown.
const SHOWN_CHARS: usize = 100;

fn content(bytes: &[u8]) -> Value {
    let sum = format!("{:08x}", CHECKSUM.checksum(bytes));
    let mut content = json!({ "bytes": bytes.len(), "crc32": sum });
    if let Some(line) = first_line(bytes) {
        content["text"] = json!(line);
    }
    content
}

/// `None` if it is no text.
fn first_line(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    let line = text.trim().lines().next()?;
    let printable = !line.chars().any(char::is_control);
    printable.then(|| line.trim_end().chars().take(SHOWN_CHARS).collect())
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => unreachable!("{other} is no object"),
    }
}

impl fmt::Display for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.call)?;
        write_all(f, &self.arguments)
    }
}

impl fmt::Display for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Returned(values) if values.is_empty() => f.write_str("success"),
            Self::Returned(values) => {
                f.write_str("success,")?;
                write_all(f, values)
            }
            Self::Failed(errno) => f.write_str(errno),
            Self::Waits => f.write_str("a wait"),
            Self::Killed { pages: 0 } => f.write_str("a kill before it"),
            Self::Killed { pages } => write!(f, "a kill after {pages} pages of it"),
        }
    }
}

fn write_all(f: &mut fmt::Formatter<'_>, values: &Map<String, Value>) -> fmt::Result {
    values
        .iter()
        .try_for_each(|(name, value)| write!(f, " {name} {value}"))
}
