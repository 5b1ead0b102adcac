//! A debounce that acts at the leading edge of a burst only.
//!
//! Protocol
//!   1. Lock the lock file exclusively; record the change; unlock.
//!   2. Lock the lock file exclusively. If the last action is younger than the interval, do nothing
//!      more. Otherwise write the stamp and act on all that is recorded. Unlock.
//!
//! Missing: in step 2, instead of nothing, a wait until the interval is over, and then the action.
//!
//! What is lost: the last change of a burst. It is recorded, and nobody acts on it until another
//! one comes.

use super::trial::{Trial, Verdict, added, all_kept, file, newcomer, sure};
use super::{Circumstance, Form, Pattern, Protocol, Variant};
use crate::control::file::{load, locked, replace};
use crate::oracle::{Change, Ledger, Token, ViolationKind};
use crate::sim::{FaultModel, Sim};
use hookstate::Result;
use hookstate::kernel::{FlockOperation, Kernel};
use std::path::Path;
use std::time::Duration;

pub(super) const PATTERN: Pattern = Pattern {
    number: 18,
    name: "debounce-leading-edge",
    lost: "the last change of a burst",
    form: Form::Protocol(Protocol {
        processes: 2,
        needs: Circumstance::Burst,
        rejected_as: ViolationKind::Lost,
        model: |variant| {
            let trial = Trial::new(FaultModel::LOCAL, |_| Ok(()), judge);
            let trial = trial.process(move |kernel| change(variant, kernel, 10));
            Box::new(trial.process(move |kernel| change(variant, kernel, 20)))
        },
    }),
};

const INTERVAL: Duration = Duration::from_secs(30);

fn change<K: Kernel>(variant: Variant, kernel: &K, token: Token) -> Result<Change> {
    let lock = file("lock");
    let change = record(kernel, &lock, token)?;
    if !acts(kernel, &lock)? {
        variant.put_back(|| {
            kernel.nanosleep(INTERVAL);
            let _alone = locked(kernel, &lock, FlockOperation::Exclusive)?;
            act(kernel)
        })?;
    }
    Ok(change)
}

/// Step 1.
fn record<K: Kernel>(kernel: &K, lock: &Path, token: Token) -> Result<Change> {
    let _alone = locked(kernel, lock, FlockOperation::Exclusive)?;
    let mut ledger = load(kernel, &file("recorded"))?;
    let change = added(&mut ledger, token);
    replace(kernel, &file("temporary"), &file("recorded"), &ledger)?;
    Ok(change)
}

/// Step 2, and whether it acted.
fn acts<K: Kernel>(kernel: &K, lock: &Path) -> Result<bool> {
    let _alone = locked(kernel, lock, FlockOperation::Exclusive)?;
    let stamp: Duration = load(kernel, &file("stamp"))?;
    if kernel.clock_realtime().saturating_sub(stamp) < INTERVAL {
        return Ok(false);
    }
    act(kernel)?;
    Ok(true)
}

fn act<K: Kernel>(kernel: &K) -> Result<()> {
    let now = kernel.clock_realtime();
    replace(kernel, &file("temporary"), &file("stamp"), &now)?;
    let recorded: Ledger = load(kernel, &file("recorded"))?;
    replace(kernel, &file("temporary"), &file("acted-on"), &recorded)
}

fn judge(sim: &Sim, said: &[Option<Change>]) -> Verdict {
    let changes: Vec<&Change> = said.iter().flatten().collect();
    all_kept(&sure(load(&newcomer(sim), &file("acted-on")))?, &changes)
}
