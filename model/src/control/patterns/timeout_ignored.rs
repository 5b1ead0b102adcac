//! A lock with a timeout, and on without the lock when it runs out.
//!
//! Protocol
//!   1. Try to take flock on the lock file; if it is held, sleep and try again; after some tries go
//!      on all the same, so as not to block the caller.
//!   2. Read P; change; write a temporary file with a name of its own; rename it over P.
//!   3. Unlock.
//!
//! Missing: at the end of step 1, the answer that nothing was done. The repaired program gives it.
//!
//! What is lost: one of two updates, exactly under load: it takes somebody who holds the lock for
//! longer than the others wait.

use super::trial::{Trial, Verdict, added, all_kept, file, newcomer, sure};
use super::{Circumstance, Form, Pattern, Protocol, TIME_PASSES, Variant};
use crate::control::file::{OpenFile, load, replace};
use crate::oracle::{Change, Token, ViolationKind};
use crate::sim::Sim;
use hookstate::Result;
use hookstate::kernel::{Access, Kernel, OpenHow};
use std::time::Duration;

pub(super) const PATTERN: Pattern = Pattern {
    number: 12,
    name: "timeout-ignored",
    lost: "one of two updates, exactly under load",
    form: Form::Protocol(Protocol {
        processes: 2,
        needs: Circumstance::Contention,
        rejected_as: ViolationKind::Lost,
        model: |variant, processes| {
            let trial = Trial::new(TIME_PASSES, |_| Ok(()), judge);
            Box::new(trial.crowd(processes, move |kernel, token| {
                change(variant, kernel, token)
            }))
        },
    }),
};

const TRIES: u32 = 2;
const POLL: Duration = Duration::from_secs(1);
/// How long the change takes.
const WORK: Duration = Duration::from_secs(10);

/// What was changed, if anything was.
type Said = Option<Change>;

fn change<K: Kernel>(variant: Variant, kernel: &K, token: Token) -> Result<Said> {
    let path = file("lock");
    let how = OpenHow::or_create(Access::ReadWrite);
    let lock = OpenFile::make(kernel, &path, how)?;
    if !is_taken_in_time(kernel, &lock)? && variant == Variant::Repaired {
        return Ok(None);
    }
    let mut ledger = load(kernel, &file("state"))?;
    let change = added(&mut ledger, token);
    kernel.nanosleep(WORK);
    let temporary = file(&format!("temporary.{}", kernel.getpid()));
    replace(kernel, &temporary, &file("state"), &ledger)?;
    Ok(Some(change))
}

/// Step 1.
fn is_taken_in_time<K: Kernel>(kernel: &K, lock: &OpenFile<'_, K>) -> Result<bool> {
    for _ in 0..TRIES {
        if lock.try_lock()? {
            return Ok(true);
        }
        kernel.nanosleep(POLL);
    }
    Ok(false)
}

fn judge(sim: &Sim, said: &[Option<Said>]) -> Verdict {
    let changes: Vec<&Change> = said.iter().flatten().flatten().collect();
    all_kept(&sure(load(&newcomer(sim), &file("state")))?, &changes)
}
