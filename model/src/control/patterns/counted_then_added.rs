//! A counter of running holders: count, and then add oneself.
//!
//! Protocol
//!   1. Open the counter; read. If it has reached the limit, turn back.
//!   2. Write one more than what was read; close. Go in.
//!   3. When done, read the counter again and write one less.
//!
//! Missing: a lock on the counter around steps 1 and 2, and around step 3.
//!
//! What is lost: exclusion. A limit of 3 admitted 12 of 12. So that the judge can tell, each process
//! that is inside says so with a file of its own, and counts those.

use super::trial::{Trial, Verdict, file};
use super::{Circumstance, Form, Pattern, Protocol, Variant};
use crate::control::file::{OpenFile, TRUNCATING, failed, unlink};
use crate::oracle::{DIRECTORY, Violation, ViolationKind};
use crate::sim::{FaultModel, Sim};
use hookstate::Result;
use hookstate::kernel::{Access, CallKind, FlockOperation, Kernel, OpenHow};
use std::path::Path;

pub(super) const PATTERN: Pattern = Pattern {
    number: 16,
    name: "counted-then-added",
    lost: "exclusion",
    form: Form::Protocol(Protocol {
        processes: 2,
        needs: Circumstance::Meeting,
        rejected_as: ViolationKind::ExclusionBroken,
        model: |variant, processes| {
            let trial = Trial::new(FaultModel::LOCAL, |_| Ok(()), judge);
            Box::new(trial.crowd(processes, move |kernel, _| visit(variant, kernel)))
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
    let path = file("counter");
    let counter = open(variant, kernel, &path)?;
    let holders: usize = counter.state()?;
    if holders >= LIMIT {
        return Ok(false);
    }
    counter.write(&(holders + 1))?;
    Ok(true)
}

/// Step 3.
fn leave<K: Kernel>(variant: Variant, kernel: &K) -> Result<()> {
    let path = file("counter");
    let counter = open(variant, kernel, &path)?;
    let holders: usize = counter.state()?;
    counter.write(&holders.saturating_sub(1))
}

/// The counter has one digit, so that it need not be truncated before it is written.
fn open<'a, K: Kernel>(variant: Variant, kernel: &'a K, path: &'a Path) -> Result<OpenFile<'a, K>> {
    let counter = OpenFile::make(kernel, path, OpenHow::or_create(Access::ReadWrite))?;
    variant.put_back(|| counter.lock(FlockOperation::Exclusive))?;
    Ok(counter)
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
        Some(&inside) if inside > LIMIT => Err(Violation::ExclusionBroken),
        _ => Ok(()),
    }
}
