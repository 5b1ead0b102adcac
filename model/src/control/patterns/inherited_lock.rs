//! flock that a child inherits and outlives its parent with.
//!
//! Protocol
//!   1. Open the lock file, creating it if there is none; lock it exclusively.
//!   2. Start a child; change the state.
//!   3. Close the lock file, which releases the lock.
//!
//! Missing: `O_CLOEXEC` in step 1, so that the child does not have the descriptor. The lock belongs
//! to the open file description, which parent and child share, and goes with its last descriptor.
//!
//! What is lost: availability: the parent is killed, and the lock stays held for as long as the
//! child lives. The parent has died before the search begins; it goes through the orders of those
//! who come then.

use super::trial::{Trial, Verdict, added, all_kept, file, newcomer, sure};
use super::{Circumstance, Form, Pattern, Protocol, Variant};
use crate::control::file::{failed, load, locked, replace};
use crate::oracle::{Change, Token, ViolationKind};
use crate::sim::{FaultModel, Sequential, Sim, SimProcess};
use hookstate::Result;
use hookstate::kernel::{Access, CallKind, FlockOperation, Kernel, OpenHow};

pub(super) const PATTERN: Pattern = Pattern {
    number: 20,
    name: "inherited-lock",
    lost: "availability",
    form: Form::Protocol(Protocol {
        processes: 2,
        needs: Circumstance::Child,
        rejected_as: ViolationKind::Stuck,
        model: |variant, processes| {
            let before = |first: &_| leave_a_child(variant, first);
            let trial = Trial::new(FaultModel::LOCAL, before, judge);
            Box::new(trial.crowd(processes, change))
        },
    }),
};

/// Steps 1 and 2 of a process that is killed then. Its child has started another program and lives.
fn leave_a_child(variant: Variant, first: &SimProcess<Sequential>) -> Result<()> {
    let parent = first.another();
    let lock = file("lock");
    let fd = parent
        .open(&lock, OpenHow::or_create(Access::ReadWrite))
        .map_err(|errno| failed("open", &lock, CallKind::Open, errno))?;
    parent
        .flock(&fd, FlockOperation::Exclusive)
        .map_err(|errno| failed("lock", &lock, CallKind::Flock, errno))?;
    let child = parent.fork();
    if variant == Variant::Repaired {
        // What execve(2) does with a descriptor that is marked so.
        child.close(fd);
    }
    parent.end();
    Ok(())
}

/// As the parent, without a child.
fn change<K: Kernel>(kernel: &K, token: Token) -> Result<Change> {
    let lock = file("lock");
    let _alone = locked(kernel, &lock, FlockOperation::Exclusive)?;
    let mut ledger = load(kernel, &file("state"))?;
    let change = added(&mut ledger, token);
    replace(kernel, &file("temporary"), &file("state"), &ledger)?;
    Ok(change)
}

fn judge(sim: &Sim, said: &[Option<Change>]) -> Verdict {
    let changes: Vec<&Change> = said.iter().flatten().collect();
    all_kept(&sure(load(&newcomer(sim), &file("state")))?, &changes)
}
