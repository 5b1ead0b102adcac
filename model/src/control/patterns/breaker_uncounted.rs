//! A breaker whose counter is kept by `cat` and `echo`.
//!
//! Protocol of a failure
//!   1. `n=$(cat counter)`. No counter, or no number in it: 0.
//!   2. `echo $((n+1)) > counter`, which opens the file, creating it and truncating it, and writes.
//!
//!   The breaker is open when the counter has reached the threshold.
//!
//! Missing: a lock around both steps, and around the read of whoever wants to know.
//!
//! What is lost: failures, so that the breaker never opens. Two that fail at once count as one; and
//! one that reads between the truncation and the write of another begins again from 0.

use super::trial::{Trial, Verdict, file, newcomer, sure};
use super::{Circumstance, Form, Pattern, Protocol, Variant};
use crate::control::file::{OpenFile, TRUNCATING, load, locked};
use crate::oracle::{Token, Violation, ViolationKind};
use crate::sim::{FaultModel, Sim};
use hookstate::Result;
use hookstate::kernel::{FlockOperation, Kernel};

pub(super) const PATTERN: Pattern = Pattern {
    number: 23,
    name: "breaker-uncounted",
    lost: "failures, so that it never opens",
    form: Form::Protocol(Protocol {
        processes: 2,
        needs: Circumstance::Meeting,
        rejected_as: ViolationKind::Lost,
        model: |variant, processes| {
            let trial = Trial::new(FaultModel::LOCAL, |_| Ok(()), judge);
            Box::new(trial.crowd(processes, move |kernel, _| fail(variant, kernel)))
        },
    }),
};

/// Gives back how many failures were counted before.
fn fail<K: Kernel>(variant: Variant, kernel: &K) -> Result<usize> {
    let lock = file("counter.lock");
    let _alone = variant.put_back(|| locked(kernel, &lock, FlockOperation::Exclusive))?;
    let path = file("counter");
    let failures: usize = load(kernel, &path)?;
    OpenFile::make(kernel, &path, TRUNCATING)?.write(&(failures + 1))?;
    Ok(failures)
}

/// All of them have failed, and so many are the threshold.
fn judge(sim: &Sim, found: &[Option<usize>]) -> Verdict {
    let threshold = found.len();
    let counted: usize = sure(load(&newcomer(sim), &file("counter")))?;
    if counted >= threshold {
        return Ok(());
    }
    Err(lost(found))
}

/// One of two that found the same number, if there are two; the processes count as tokens.
fn lost(found: &[Option<usize>]) -> Violation {
    let twice = found
        .iter()
        .position(|one| found.iter().filter(|other| *other == one).count() > 1);
    let token = twice.unwrap_or(0);
    let rival = found.iter().rposition(|other| *other == found[token]);
    let name = |seat| Token::try_from(seat).expect("few processes");
    Violation::Lost {
        token: name(token),
        rival: rival.filter(|&rival| rival != token).map(name),
    }
}
