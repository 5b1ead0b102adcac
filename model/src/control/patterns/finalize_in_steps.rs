//! Flush, read, remove, as steps of their own.
//!
//! Protocol of a change
//!   1. Open P, creating it if there is none; lock it exclusively.
//!   2. Read; change; truncate; write; close, which releases the lock.
//!
//! Protocol of the end of the session
//!   3. Open P; lock it shared; read; close. Report what was read.
//!   4. Remove P.
//!
//! Missing: one exclusive window around steps 3 and 4; and after step 1 the check whether P still
//! names the file that was locked, since step 4 takes it away from those who wait.
//!
//! What is lost: the updates between read and remove, and those of waiters on the removed file. Of
//! 800 updates 435 to 575 were accounted for.

use super::trial::{Trial, Verdict, added, all_kept, file, newcomer, sure};
use super::{Circumstance, Form, Pattern, Protocol, Variant};
use crate::control::file::{OpenFile, load, locked, replace, unlink};
use crate::oracle::{Change, Ledger, Token, ViolationKind};
use crate::sim::{FaultModel, Sim};
use hookstate::Result;
use hookstate::kernel::{Access, FlockOperation, Kernel, OpenHow};
use std::path::Path;

pub(super) const PATTERN: Pattern = Pattern {
    number: 14,
    name: "finalize-in-steps",
    lost: "the updates between read and remove",
    form: Form::Protocol(Protocol {
        processes: 2,
        needs: Circumstance::LateUpdate,
        rejected_as: ViolationKind::Lost,
        model: |variant, processes| {
            let trial = Trial::new(FaultModel::LOCAL, begin, judge);
            let trial = trial.process(move |kernel| finish(variant, kernel));
            Box::new(trial.crowd(processes - 1, move |kernel, token| {
                change(variant, kernel, token)
            }))
        },
    }),
};

/// What was there before.
const EARLIER: Token = 1_000;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Said {
    Changed(Change),
    Reported(Ledger),
}

fn begin<K: Kernel>(kernel: &K) -> Result<()> {
    let mut ledger = Ledger::default();
    ledger.add(EARLIER);
    replace(kernel, &file("temporary"), &file("state"), &ledger)
}

/// Steps 1 and 2.
fn change<K: Kernel>(variant: Variant, kernel: &K, token: Token) -> Result<Said> {
    let path = file("state");
    let file = lock(variant, kernel, &path)?;
    let mut ledger = file.state()?;
    let change = added(&mut ledger, token);
    file.truncate()?;
    file.write(&ledger)?;
    Ok(Said::Changed(change))
}

/// Steps 3 and 4.
fn finish<K: Kernel>(variant: Variant, kernel: &K) -> Result<Said> {
    let path = file("state");
    let alone = variant.put_back(|| lock(variant, kernel, &path))?;
    let reported = match &alone {
        Some(file) => file.state()?,
        None => read(kernel, &path)?,
    };
    unlink(kernel, &path)?;
    Ok(Said::Reported(reported))
}

fn lock<'a, K: Kernel>(variant: Variant, kernel: &'a K, path: &'a Path) -> Result<OpenFile<'a, K>> {
    let how = OpenHow::or_create(Access::ReadWrite);
    match variant {
        Variant::AsSeen => locked(kernel, path, FlockOperation::Exclusive),
        Variant::Repaired => OpenFile::lock_named(|| OpenFile::make(kernel, path, how)),
    }
}

/// Step 3.
fn read<K: Kernel>(kernel: &K, path: &Path) -> Result<Ledger> {
    locked(kernel, path, FlockOperation::Shared)?.state()
}

/// Each change is in the report or in what is there after it.
fn judge(sim: &Sim, said: &[Option<Said>]) -> Verdict {
    let mut accounted: Ledger = sure(load(&newcomer(sim), &file("state")))?;
    let (token, parent) = (EARLIER, None);
    let mut changes = vec![Change { token, parent }];
    for said in said.iter().flatten() {
        match said {
            Said::Changed(change) => changes.push(change.clone()),
            Said::Reported(ledger) => ledger.tokens.iter().for_each(|&token| accounted.add(token)),
        }
    }
    all_kept(&accounted, &changes.iter().collect::<Vec<_>>())
}
