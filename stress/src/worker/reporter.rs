//! A worker's end of the report.

use crate::event::{Event, LockTimeout};
use crate::workload::Flaw;
use hookstate::{Error, ErrorKind, Outcome, Result};
use hookstate_cli::exit;
use std::cell::Cell;
use std::io::Write;

/// How many flaws one process reports. A control sees hundreds, and the first tell it all.
const FLAWS_MAX: u32 = 8;

/// Writes events to standard output.
pub(super) struct Reporter {
    flaws: Cell<u32>,
}

impl Reporter {
    pub(super) const fn new() -> Self {
        Self {
            flaws: Cell::new(0),
        }
    }

    /// Reports an event. If nobody listens any more the process ends: a worker never outlives the
    /// one that started it.
    pub(super) fn emit(&self, event: &Event) {
        self.line(&event.to_string());
    }

    /// Writes a line in one piece.
    pub(super) fn line(&self, line: &str) {
        let mut stdout = std::io::stdout().lock();
        if writeln!(stdout, "{line}")
            .and_then(|()| stdout.flush())
            .is_err()
        {
            std::process::exit(exit::Code::Failed.number().into());
        }
    }

    /// Reports what the process saw to be wrong.
    pub(super) fn flaw(&self, flaw: Flaw) {
        self.flaws.set(self.flaws.get().saturating_add(1));
        if self.flaws.get() <= FLAWS_MAX {
            self.emit(&Event::Flaw(flaw));
        }
    }

    /// Reports what an outcome says beside its value, and gives the value.
    pub(super) fn value<R>(&self, outcome: Outcome<R>) -> R {
        if let Some(recovery) = outcome.recovery {
            let recovery = format!("{recovery:?}");
            self.flaw(Flaw::Recovered { recovery });
        }
        if let Some(error) = outcome.deferred {
            self.emit(&Event::Deferred(chain(&error)));
        }
        outcome.value
    }

    /// Tries until the lock is there, and gives the value of the outcome. A lock timeout promises that
    /// nothing was changed, so trying again does not do it twice; the bound for all of it is the
    /// parent's.
    pub(super) fn until_unlocked<R>(
        &self,
        mut attempt: impl FnMut() -> Result<Outcome<R>>,
    ) -> Result<R> {
        loop {
            match attempt() {
                Ok(outcome) => return Ok(self.value(outcome)),
                Err(error) if error.kind() == ErrorKind::LockTimeout => {
                    self.lock_timeout(&error);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Reports that somebody else has held the lock for too long.
    pub(super) fn lock_timeout(&self, error: &Error) {
        self.emit(&Event::LockTimeout(LockTimeout {
            holder: error.holder(),
            error: chain(error),
        }));
    }

    /// Reports the error that the process ends with. That the content is no state is more than the
    /// trouble of one process: nothing had damaged it.
    pub(super) fn failed(&self, error: &Error) {
        let text = chain(error);
        if error.kind() == ErrorKind::Corrupt {
            let error = text.clone();
            self.flaw(Flaw::Corrupt { error });
        }
        self.failed_because(&text);
    }

    /// Reports why the process ends.
    pub(super) fn failed_because(&self, why: &str) {
        self.emit(&Event::Failed(why.to_owned()));
    }
}

/// The text of an error and of its causes.
pub(super) fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
