//! How much a process may have. A process is started by way of another one, this program under a
//! subcommand of its own, that limits itself and becomes what was wanted:
//! `stress limited LIMITS PROGRAM ARGUMENTS`, where the limits are JSON.
//!
//! On the way it asks the kernel to kill it when the one who has started it is gone, as by SIGKILL (prctl(2),
//! `PR_SET_PDEATHSIG`). Without limits there is no such way, since another program doubles the time of a
//! command that takes a millisecond; then commands outlive a `stress` that is killed.

use hookstate_cli::exit;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// The first word of its command line.
pub(crate) const SUBCOMMAND: &str = "limited";

/// What it writes to standard error if it cannot become what was wanted. The one who has started it
/// has no other way to know that.
pub(crate) const CANNOT_START: &str = "stress limited: cannot start: ";

/// The most of each that a process may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Limits {
    /// File descriptors: `RLIMIT_NOFILE`.
    pub(crate) nofile: Option<u64>,
    /// Processes of the same user: `RLIMIT_NPROC`, which does not bind root.
    pub(crate) nproc: Option<u64>,
}

impl Limits {
    pub(crate) fn is_any(&self) -> bool {
        *self != Self::default()
    }

    /// The command that starts `program` within these limits.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> io::Result<Command> {
        if !self.is_any() {
            return Ok(Command::new(program));
        }
        let mut command = Command::new(std::env::current_exe()?);
        let limits = serde_json::to_string(self)?;
        command.arg(SUBCOMMAND).arg(limits).arg(program);
        Ok(command)
    }

    fn set(&self) -> io::Result<()> {
        for (resource, most) in [
            (Resource::Nofile, self.nofile),
            (Resource::Nproc, self.nproc),
        ] {
            if most.is_some() {
                let maximum = getrlimit(resource).maximum;
                let current = maximum.map_or(most, |maximum| most.map(|most| most.min(maximum)));
                setrlimit(resource, Rlimit { current, maximum })?;
            }
        }
        Ok(())
    }
}

/// Becomes what the words say. Returns only if that cannot be.
pub(crate) fn main(mut words: impl Iterator<Item = OsString>) -> exit::Code {
    let limits = words.next().and_then(|word| word.into_string().ok());
    let limits: Option<Limits> = limits.and_then(|limits| serde_json::from_str(&limits).ok());
    let (Some(limits), Some(program)) = (limits, words.next()) else {
        eprintln!("error: it takes its limits, as JSON, and a program with its arguments");
        return exit::Code::Usage;
    };
    let error = match limits
        .set()
        .and_then(|()| end_with_the_one_who_started_it())
    {
        Ok(()) => Command::new(program).args(words).exec(),
        Err(error) => error,
    };
    eprintln!("{CANNOT_START}{error}");
    exit::Code::Failed
}

/// Its parent is the thread that has started it, which waits for its end.
#[cfg(target_os = "linux")]
fn end_with_the_one_who_started_it() -> io::Result<()> {
    let signal = Some(rustix::process::Signal::KILL);
    Ok(rustix::process::set_parent_process_death_signal(signal)?)
}

#[cfg(not(target_os = "linux"))]
fn end_with_the_one_who_started_it() -> io::Result<()> {
    Ok(())
}
