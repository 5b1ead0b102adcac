//! A debounce stamp that is read, compared and written without a lock.
//!
//! Protocol
//!   1. Read the stamp. If it is younger than the interval, do nothing.
//!   2. Write the time to a temporary file with a name of its own; rename it over the stamp. Act.
//!
//! Missing: a lock around both steps.
//!
//! What is lost: that it happens once. Two processes that both read before either writes both act.

use super::trial::{Trial, Verdict, file};
use super::{Circumstance, Form, Pattern, Protocol, Variant};
use crate::control::file::{load, locked, replace_with_own_temporary};
use crate::oracle::{Token, Violation, ViolationKind};
use crate::sim::{FaultModel, Sim};
use hookstate::Result;
use hookstate::kernel::{FlockOperation, Kernel};
use std::time::Duration;

pub(super) const PATTERN: Pattern = Pattern {
    number: 17,
    name: "debounce-unlocked",
    lost: "that it happens once",
    form: Form::Protocol(Protocol {
        processes: 2,
        needs: Circumstance::Meeting,
        rejected_as: ViolationKind::Doubled,
        model: |variant, processes| {
            let trial = Trial::new(FaultModel::LOCAL, |_| Ok(()), judge);
            Box::new(trial.crowd(processes, move |kernel, _| acts(variant, kernel)))
        },
    }),
};

/// What is done once in so long a time.
const ACTION: Token = 1;
const INTERVAL: Duration = Duration::from_secs(30);

/// Whether it acts.
fn acts<K: Kernel>(variant: Variant, kernel: &K) -> Result<bool> {
    let lock = file("stamp.lock");
    let _alone = variant.put_back(|| locked(kernel, &lock, FlockOperation::Exclusive))?;
    let stamp: Duration = load(kernel, &file("stamp"))?;
    let now = kernel.clock_realtime();
    if now.saturating_sub(stamp) < INTERVAL {
        return Ok(false);
    }
    replace_with_own_temporary(kernel, &file("stamp"), &now)?;
    Ok(true)
}

fn judge(_sim: &Sim, said: &[Option<bool>]) -> Verdict {
    let (token, rival) = (ACTION, None);
    match said.iter().flatten().filter(|&&acted| acted).count() {
        0 => Err(Violation::Lost { token, rival }),
        1 => Ok(()),
        _ => Err(Violation::Doubled { token }),
    }
}
