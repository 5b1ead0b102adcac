//! A counter of running holders: count, and then add oneself.
//!
//! Protocol
//!   1. Read the counter. If it has reached the limit, turn back.
//!   2. Add one to what was read; write a temporary file with a name of its own; rename it over the
//!      counter. Go in.
//!   3. When done, take one off the counter in the same way.
//!
//! Missing: a lock around steps 1 and 2, and one around step 3.
//!
//! What is lost: exclusion. A limit of 3 admitted 12 of 12. So that the judge can tell, each process
//! that is inside says so with a file of its own, and counts those.

use super::trial::{Trial, Verdict, file};
use super::{Circumstance, Form, Pattern, Protocol, Variant};
use crate::control::file::{OpenFile, TRUNCATING, failed, load, locked, replace, unlink};
use crate::oracle::{DIRECTORY, Violation, ViolationKind};
use crate::sim::{FaultModel, Sim};
use hookstate::Result;
use hookstate::kernel::{CallKind, FlockOperation, Kernel};
use std::path::Path;

pub(super) const PATTERN: Pattern = Pattern {
    number: 16,
    name: "counted-then-added",
    lost: "exclusion",
    form: Form::Protocol(Protocol {
        processes: 2,
        needs: Circumstance::Meeting,
        rejected_as: ViolationKind::ExclusionBroken,
        model: |variant| {
            let trial = Trial::new(FaultModel::LOCAL, |_| Ok(()), judge);
            let trial = trial.process(move |kernel| visit(variant, kernel));
            Box::new(trial.process(move |kernel| visit(variant, kernel)))
        },
    }),
};

/// How many may be inside.
const LIMIT: usize = 1;

/// How many were inside, if the process was; `None` if it was turned away.
type Said = Option<usize>;

fn visit<K: Kernel>(variant: Variant, kernel: &K) -> Result<Said> {
    if !is_admitted(variant, kernel)? {
        return Ok(None);
    }
    let own = file(&format!("inside.{}", kernel.getpid()));
    OpenFile::make(kernel, &own, TRUNCATING)?;
    let inside = count_inside(kernel)?;
    unlink(kernel, &own)?;
    leave(variant, kernel)?;
    Ok(Some(inside))
}

/// Steps 1 and 2.
fn is_admitted<K: Kernel>(variant: Variant, kernel: &K) -> Result<bool> {
    let lock = file("counter.lock");
    let _alone = variant.put_back(|| locked(kernel, &lock, FlockOperation::Exclusive))?;
    let holders: usize = load(kernel, &file("counter"))?;
    if holders >= LIMIT {
        return Ok(false);
    }
    write(kernel, holders + 1)?;
    Ok(true)
}

/// Step 3.
fn leave<K: Kernel>(variant: Variant, kernel: &K) -> Result<()> {
    let lock = file("counter.lock");
    let _alone = variant.put_back(|| locked(kernel, &lock, FlockOperation::Exclusive))?;
    let holders: usize = load(kernel, &file("counter"))?;
    write(kernel, holders.saturating_sub(1))
}

fn write<K: Kernel>(kernel: &K, holders: usize) -> Result<()> {
    let temporary = file(&format!("counter.{}.tmp", kernel.getpid()));
    replace(kernel, &temporary, &file("counter"), &holders)
}

fn count_inside<K: Kernel>(kernel: &K) -> Result<usize> {
    let directory = Path::new(DIRECTORY);
    let names = kernel
        .list(directory)
        .map_err(|errno| failed("list", directory, CallKind::List, errno))?;
    let is_inside = |name: &&_| Path::new(name).file_stem() == Some("inside".as_ref());
    Ok(names.iter().filter(is_inside).count())
}

fn judge(_sim: &Sim, said: &[Option<Said>]) -> Verdict {
    match said.iter().flatten().flatten().max() {
        Some(&inside) if inside > LIMIT => Err(Violation::ExclusionBroken {
            inside,
            limit: LIMIT,
        }),
        _ => Ok(()),
    }
}
