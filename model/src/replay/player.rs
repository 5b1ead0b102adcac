//! One of the processes, as the driver sees it.

use super::divergence::Otherwise;
use super::part::Part;
use super::readable::{Invocation, Response};
use super::schedule::Step;
use super::wire::{Leave, Wire, Word};
use crate::oracle::Account;
use crate::process::Exit;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};

/// A process that was started for a seat. It is killed and waited for, whatever happens.
#[derive(Debug)]
pub(super) struct Player {
    child: Child,
    wire: Wire,
    stands: Stands,
}

/// How the process stands. It makes no call of which the driver does not know.
#[derive(Debug)]
enum Stands {
    /// It is on its way to its next call.
    Running,
    /// It waits before this call.
    Before(Invocation),
    Ended(Exit, Account),
    Killed,
}

/// How a process stood in the end.
#[derive(Debug)]
pub(super) enum End {
    Ended(Exit, Account),
    Killed,
    /// It still waits before a call.
    Before(Invocation),
}

impl Player {
    /// Starts the program for the part. It comes back with the process on its way.
    pub(super) fn start(mut command: Command, part: &Part) -> Result<Self, Otherwise> {
        let started = || -> io::Result<(Child, Wire)> {
            let (ours, its) = UnixStream::pair()?;
            part.give_to(&mut command);
            command.stdin(OwnedFd::from(its)).stdout(Stdio::null());
            let wire = Wire::new(ours, part.patience)?;
            let child = command.spawn()?;
            // Else we would hold its end of the socket, and never hear that it is gone.
            drop(command);
            Ok((child, wire))
        };
        let (child, wire) = started().map_err(Otherwise::NotStarted)?;
        let stands = Stands::Running;
        Ok(Self {
            child,
            wire,
            stands,
        })
    }

    /// Waits until the process stands before its next call, which should be `next`, or has ended.
    pub(super) fn advance(&mut self, next: Option<&Invocation>) -> Result<(), Otherwise> {
        if matches!(self.stands, Stands::Running) {
            self.stands = match self.hear(next)? {
                Word::Asks(invocation) => Stands::Before(invocation),
                Word::Ended { account, exit } => Stands::Ended(exit, account),
                other => return Err(confused(&other)),
            };
        }
        Ok(())
    }

    /// Lets the process do what the step says, if that is what it is about to do.
    pub(super) fn take(&mut self, step: &Step) -> Result<(), Otherwise> {
        self.check_next_call(&step.invocation)?;
        match step.result {
            Response::Killed { pages } => self.kill(&step.invocation, pages),
            _ => self.make(step),
        }
    }

    /// How the process stands now that the schedule is over.
    pub(super) fn finish(mut self) -> Result<End, Otherwise> {
        match std::mem::replace(&mut self.stands, Stands::Killed) {
            Stands::Ended(exit, account) => {
                self.wait_for_its_end()?;
                Ok(End::Ended(exit, account))
            }
            Stands::Before(invocation) => Ok(End::Before(invocation)),
            Stands::Killed => Ok(End::Killed),
            Stands::Running => unreachable!("a process runs only within a step"),
        }
    }

    fn check_next_call(&self, expected: &Invocation) -> Result<(), Otherwise> {
        let expected = expected.clone();
        match &self.stands {
            Stands::Before(got) if *got == expected => Ok(()),
            Stands::Before(got) => Err(Otherwise::Asked {
                expected,
                got: got.clone(),
            }),
            Stands::Ended(exit, _) => Err(Otherwise::Ended {
                expected,
                exit: exit.clone(),
            }),
            Stands::Killed => Err(Otherwise::Ended {
                expected,
                exit: Exit::Killed,
            }),
            Stands::Running => unreachable!("a process runs only within a step"),
        }
    }

    fn make(&mut self, step: &Step) -> Result<(), Otherwise> {
        let got = self.let_go(&step.invocation)?;
        self.stands = Stands::Running;
        match got == step.result {
            true => Ok(()),
            false => Err(Otherwise::Answered {
                invocation: step.invocation.clone(),
                expected: step.result.clone(),
                got,
            }),
        }
    }

    /// SIGKILL. When it has been waited for, its files are closed and its locks released.
    fn kill(&mut self, invocation: &Invocation, pages: u64) -> Result<(), Otherwise> {
        if pages > 0 {
            self.write(invocation, pages)?;
        }
        self.stands = Stands::Killed;
        let killed = self.child.kill().and_then(|()| self.child.wait());
        killed.map(|_| ()).map_err(|cause| Otherwise::Silent {
            expected: Some(invocation.clone()),
            cause,
        })
    }

    fn write(&mut self, invocation: &Invocation, pages: u64) -> Result<(), Otherwise> {
        let expected = invocation.clone();
        match self.leave(Leave::Write { pages }, invocation)? {
            Word::Met(Response::Returned(_)) => Ok(()),
            Word::Met(got) => Err(Otherwise::Answered {
                invocation: expected,
                expected: Response::Killed { pages },
                got,
            }),
            Word::Shorter => Err(Otherwise::Shorter { expected }),
            other => Err(confused(&other)),
        }
    }

    fn let_go(&mut self, invocation: &Invocation) -> Result<Response, Otherwise> {
        match self.leave(Leave::Go, invocation)? {
            Word::Met(response) => Ok(response),
            other => Err(confused(&other)),
        }
    }

    fn leave(&mut self, leave: Leave, invocation: &Invocation) -> Result<Word, Otherwise> {
        let sent = self.wire.send(&leave);
        sent.map_err(|cause| silent(Some(invocation), cause))?;
        self.hear(Some(invocation))
    }

    fn hear(&mut self, expected: Option<&Invocation>) -> Result<Word, Otherwise> {
        let heard = self.wire.receive();
        heard.map_err(|cause| silent(expected, cause))
    }

    /// The process has said its last word and is about to exit.
    fn wait_for_its_end(&mut self) -> Result<(), Otherwise> {
        match self.wire.receive::<Word>() {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(()),
            Err(cause) => Err(silent(None, cause)),
            Ok(word) => Err(confused(&word)),
        }
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        // Both do nothing to one that has been waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn silent(expected: Option<&Invocation>, cause: io::Error) -> Otherwise {
    let expected = expected.cloned();
    Otherwise::Silent { expected, cause }
}

fn confused(word: &Word) -> Otherwise {
    silent(None, io::Error::other(format!("it said {word:?} unasked")))
}
