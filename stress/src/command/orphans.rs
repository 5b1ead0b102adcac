//! What the commands have left running.
//!
//! A command may end and leave processes behind, some of them in sessions of their own where no
//! signal to a group reaches them. This process adopts them all (prctl(2),
//! `PR_SET_CHILD_SUBREAPER`), so at the end of a round they are its children, and whoever is a child
//! of this process then is one of them. Elsewhere than on Linux they are nobody's, and stay.

use std::io;
#[cfg(target_os = "linux")]
use std::{
    fs,
    time::{Duration, Instant},
};

/// How long it takes killed processes to be gone, at the very most.
#[cfg(target_os = "linux")]
const GRACE: Duration = Duration::from_secs(10);

/// Becomes the parent of every process that a command leaves behind.
#[cfg(target_os = "linux")]
pub(super) fn adopt() -> io::Result<()> {
    // Any number but 0 says yes.
    let yes = Some(rustix::process::getpid());
    Ok(rustix::process::set_child_subreaper(yes)?)
}

/// Kills and reaps every child of this process, and what they leave behind in turn.
#[cfg(target_os = "linux")]
pub(super) fn end_all() -> io::Result<()> {
    use rustix::process::{Signal, WaitOptions, kill_process, waitpid};
    let deadline = Instant::now() + GRACE;
    loop {
        let orphans = children()?;
        if orphans.is_empty() {
            return Ok(());
        }
        if Instant::now() > deadline {
            let left = orphans.len();
            return Err(io::Error::other(format!(
                "{left} processes that the commands have left behind cannot be killed"
            )));
        }
        for orphan in orphans {
            // It is not reaped before the next line, so the number is still its own.
            let _ = kill_process(orphan, Signal::KILL);
            rustix::io::retry_on_intr(|| waitpid(Some(orphan), WaitOptions::empty()))?;
        }
    }
}

/// The children of this process.
#[cfg(target_os = "linux")]
fn children() -> io::Result<Vec<rustix::process::Pid>> {
    let own = rustix::process::getpid();
    let mut children = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.parse().ok());
        let Some(pid) = number.and_then(rustix::process::Pid::from_raw) else {
            continue;
        };
        // Of a process that has just ended there is nothing to read.
        let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
        if stat.is_ok_and(|stat| parent(&stat) == Some(own.as_raw_nonzero().get())) {
            children.push(pid);
        }
    }
    Ok(children)
}

/// The parent in the line of a process in /proc. The name before it, in parentheses, may be
/// anything (proc_pid_stat(5)).
#[cfg(target_os = "linux")]
fn parent(stat: &str) -> Option<i32> {
    let (_, behind) = stat.rsplit_once(')')?;
    behind.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(not(target_os = "linux"))]
pub(super) fn adopt() -> io::Result<()> {
    Ok(())
}

#[cfg(not(target_os = "linux"))]
pub(super) fn end_all() -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::parent;

    #[test]
    fn a_name_with_parentheses_and_spaces_does_not_hide_the_parent() {
        assert_eq!(parent("17 (a) S 3 (b) R 42 17 17 0"), Some(42));
        assert_eq!(parent("17 sh"), None);
    }
}
