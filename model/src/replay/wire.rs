//! What the driver and a process say to each other: lines of JSON on a socket.

use super::readable::{Invocation, Response};
use crate::oracle::Account;
use crate::process::Exit;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// What a process says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Word {
    /// It stands before this call.
    Asks(Invocation),
    /// This became of it.
    Met(Response),
    /// It writes no more pages than it was to be killed after.
    Shorter,
    /// It has come to its end.
    Ended { account: Account, exit: Exit },
}

/// What the driver answers to a process that asks.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) enum Leave {
    /// The call may be made.
    Go,
    /// So many of its pages may be written. The process is not to go on after that.
    Write { pages: u64 },
}

/// One end of the socket.
#[derive(Debug)]
pub(super) struct Wire {
    reader: BufReader<UnixStream>,
    writer: UnixStream,
}

impl Wire {
    /// Waits for the other end for so long at most.
    pub(super) fn new(stream: UnixStream, patience: Duration) -> io::Result<Self> {
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        let writer = stream.try_clone()?;
        let reader = BufReader::new(stream);
        Ok(Self { reader, writer })
    }

    pub(super) fn send(&mut self, message: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(message)?;
        line.push(b'\n');
        self.writer.write_all(&line)
    }

    /// The next message. That the other end is gone is an error.
    pub(super) fn receive<T: DeserializeOwned>(&mut self) -> io::Result<T> {
        let mut line = String::new();
        match self.reader.read_line(&mut line)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(serde_json::from_str(&line)?),
        }
    }
}
