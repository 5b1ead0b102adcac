//! A lock that is the existence of a file, and is never stolen.
//!
//! Protocol
//!   1. Make the lock file, which fails if there is one. Then sleep and try again; after some tries
//!      give up.
//!   2. Append a line to P.
//!   3. Remove the lock file.
//!
//! Missing: somebody who removes the lock file of a process that was killed in step 2. The repaired
//! program takes flock on the same file, which the kernel releases.
//!
//! What is lost: availability. Each of the others waits its whole patience and does nothing.
//! Reported were hooks that blocked others for 60 seconds, 30 minutes and days.

use super::trial::{Trial, Verdict, all_kept, file, newcomer, record, recorded, sure};
use super::{Circumstance, Form, Pattern, Protocol, TIME_PASSES, Variant};
use crate::control::file::{OpenFile, unlink};
use crate::oracle::{Change, Token, Violation, ViolationKind};
use crate::sim::Sim;
use hookstate::Result;
use hookstate::kernel::{Access, Kernel, OpenHow};
use std::path::Path;
use std::time::Duration;

pub(super) const PATTERN: Pattern = Pattern {
    number: 11,
    name: "lock-left-behind",
    lost: "availability",
    form: Form::Protocol(Protocol {
        processes: 2,
        needs: Circumstance::Kill { victim: 0 },
        rejected_as: ViolationKind::Stuck,
        model: |variant, processes| {
            let judge = move |sim: &Sim, said: &[_]| judge(variant, sim, said);
            let trial = Trial::new(TIME_PASSES, |_| Ok(()), judge);
            Box::new(trial.crowd(processes, move |kernel, token| {
                change(variant, kernel, token)
            }))
        },
    }),
};

const TRIES: u32 = 2;
const POLL: Duration = Duration::from_secs(30);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Said {
    Changed(Change),
    GaveUp,
}

fn change<K: Kernel>(variant: Variant, kernel: &K, token: Token) -> Result<Said> {
    let lock = file("lock");
    for _ in 0..TRIES {
        if let Some(_alone) = take(variant, kernel, &lock)? {
            let changed = record(kernel, "state", token)?;
            if variant == Variant::AsSeen {
                unlink(kernel, &lock)?;
            }
            return Ok(Said::Changed(changed));
        }
        kernel.nanosleep(POLL);
    }
    Ok(Said::GaveUp)
}

/// One try of step 1.
fn take<'a, K: Kernel>(
    variant: Variant,
    kernel: &'a K,
    lock: &'a Path,
) -> Result<Option<OpenFile<'a, K>>> {
    match variant {
        Variant::AsSeen => OpenFile::make_new(kernel, lock),
        Variant::Repaired => {
            let how = OpenHow::or_create(Access::ReadWrite);
            let file = OpenFile::make(kernel, lock, how)?;
            Ok(file.try_lock()?.then_some(file))
        }
    }
}

/// To give up is an answer while another has the lock. When all have ended nobody has it.
fn judge(variant: Variant, sim: &Sim, said: &[Option<Said>]) -> Verdict {
    let next = newcomer(sim);
    let last = match sure(change(variant, &next, 1_000))? {
        Said::Changed(last) => last,
        Said::GaveUp => return Err(Violation::Stuck),
    };
    let mut changes = vec![&last];
    changes.extend(said.iter().flatten().filter_map(Said::change));
    all_kept(&sure(recorded(&next, "state"))?, &changes)
}

impl Said {
    fn change(&self) -> Option<&Change> {
        match self {
            Self::Changed(change) => Some(change),
            Self::GaveUp => None,
        }
    }
}
