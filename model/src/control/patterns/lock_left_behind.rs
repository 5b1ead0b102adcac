//! A lock that is the existence of a file, and is never stolen.
//!
//! Protocol
//!   1. Make the lock file, which fails if there is one. Then sleep and try again; after some tries
//!      give up.
//!   2. Read P; change; write a temporary file and rename it over P.
//!   3. Remove the lock file.
//!
//! Missing: somebody who removes the lock file of a process that was killed in step 2. The repaired
//! program takes flock on the same file, which the kernel releases.
//!
//! What is lost: availability. Each of the others waits its whole patience and does nothing.
//! Reported were hooks that blocked others for 60 seconds, 30 minutes and days.

use super::trial::{Trial, Verdict, added, all_kept, file, newcomer, sure};
use super::{Circumstance, Form, Pattern, Protocol, Variant};
use crate::control::file::{OpenFile, load, replace, unlink};
use crate::oracle::{Change, Token, Violation, ViolationKind};
use crate::sim::{FaultModel, Sim};
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
        model: |variant| {
            let judge = move |sim: &Sim, said: &[_]| judge(variant, sim, said);
            let trial = Trial::new(FaultModel::LOCAL, |_| Ok(()), judge);
            let trial = trial.process(move |kernel| change(variant, kernel, 10));
            Box::new(trial.process(move |kernel| change(variant, kernel, 20)))
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
            let changed = add(kernel, token)?;
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

/// Step 2.
fn add<K: Kernel>(kernel: &K, token: Token) -> Result<Change> {
    let mut ledger = load(kernel, &file("state"))?;
    let change = added(&mut ledger, token);
    replace(kernel, &file("temporary"), &file("state"), &ledger)?;
    Ok(change)
}

/// To give up is an answer while another has the lock. When all have ended nobody has it.
fn judge(variant: Variant, sim: &Sim, said: &[Option<Said>]) -> Verdict {
    let next = newcomer(sim);
    let last = match sure(change(variant, &next, 30))? {
        Said::Changed(last) => last,
        Said::GaveUp => return Err(Violation::Stuck),
    };
    let mut changes = vec![&last];
    changes.extend(said.iter().flatten().filter_map(Said::change));
    all_kept(&sure(load(&next, &file("state")))?, &changes)
}

impl Said {
    fn change(&self) -> Option<&Change> {
        match self {
            Self::Changed(change) => Some(change),
            Self::GaveUp => None,
        }
    }
}
