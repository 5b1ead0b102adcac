//! What the system lets one process have open, and one user have running.
//!
//! Soft limits are for programs that do not know what they do; a process may raise its own to the
//! hard one (getrlimit(2)).

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What a lane has open at most, while it starts a process: the end of the report, both ends of it
/// and of the pipe by which the standard library learns of a failed exec, and the signal to begin.
const FILES_OF_A_LANE: u64 = 5;

/// What a lane has open at most, while it starts a command: its standard input, both ends of the pipes
/// for what it says, and both of that of the standard library.
const FILES_OF_A_COMMAND: u64 = 7;

/// Everything else.
const FILES_BESIDES: u64 = 40;

/// Raises the limits as far as possible, and fails if so many processes need more than that.
pub(super) fn raise_for(procs: u32) -> anyhow::Result<()> {
    // Who may run how many more is not known before they are started.
    raise(Resource::Nproc);
    let files_max = raise(Resource::Nofile);
    check(procs, FILES_OF_A_LANE, files_max).map_err(anyhow::Error::msg)
}

/// Does so for so many commands, but only if it is needed, since they inherit the limits.
pub(crate) fn raise_for_commands(procs: u32) -> anyhow::Result<()> {
    let soft = getrlimit(Resource::Nofile).current;
    if check(procs, FILES_OF_A_COMMAND, soft).is_ok() {
        return Ok(());
    }
    let files_max = raise(Resource::Nofile);
    check(procs, FILES_OF_A_COMMAND, files_max).map_err(anyhow::Error::msg)
}

/// Raises the soft limit to the hard one, and gives what is the limit then, if there is one.
fn raise(resource: Resource) -> Option<u64> {
    let limits = getrlimit(resource);
    let raised = Rlimit {
        current: limits.maximum,
        ..limits
    };
    match setrlimit(resource, raised) {
        Ok(()) => limits.maximum,
        Err(_) => limits.current,
    }
}

fn check(procs: u32, files_of_one: u64, files_max: Option<u64>) -> Result<(), String> {
    let needed = u64::from(procs) * files_of_one + FILES_BESIDES;
    let Some(most) = files_max.filter(|most| *most < needed) else {
        return Ok(());
    };
    let fitting = most.saturating_sub(FILES_BESIDES) / files_of_one;
    Err(format!(
        "--procs {procs} needs {needed} open files, and RLIMIT_NOFILE is {most}: raise the hard limit, \
         as with 'prlimit --nofile={needed} stress ...' as root, or take fewer processes: {fitting} fit"
    ))
}

#[cfg(test)]
mod tests {
    use super::{FILES_OF_A_LANE, check};

    #[test]
    fn what_fits_below_the_limit_is_no_error() {
        assert_eq!(check(512, FILES_OF_A_LANE, None), Ok(()));
        assert_eq!(check(512, FILES_OF_A_LANE, Some(2600)), Ok(()));
        assert_eq!(check(8, FILES_OF_A_LANE, Some(80)), Ok(()));
    }

    #[test]
    fn what_does_not_fit_is_told_the_limit_the_need_and_what_to_do() {
        let text = check(512, FILES_OF_A_LANE, Some(1024)).unwrap_err();
        assert_eq!(
            text,
            "--procs 512 needs 2600 open files, and RLIMIT_NOFILE is 1024: raise the hard limit, as \
             with 'prlimit --nofile=2600 stress ...' as root, or take fewer processes: 196 fit"
        );
    }
}
