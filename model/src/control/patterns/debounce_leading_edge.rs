//! A debounce that acts at the leading edge of a burst only.
//!
//! Protocol
//!   1. Append the change to the list of changes.
//!   2. Lock the file that tells of the last action. If that is younger than the interval, do
//!      nothing more. Otherwise act on all changes in the list, and write when. Unlock.
//!
//! Missing: in step 2, instead of nothing, a wait until the interval is over, and then the action.
//!
//! What is lost: the last change of a burst. It is recorded, and nobody acts on it until another
//! one comes.

use super::trial::{Trial, Verdict, all_kept, file, newcomer, record, recorded, sure};
use super::{Circumstance, Form, Pattern, Protocol, TIME_PASSES, Variant};
use crate::control::file::{OpenFile, load, locked};
use crate::oracle::{Change, Ledger, Token, ViolationKind};
use crate::sim::Sim;
use hookstate::Result;
use hookstate::kernel::{FlockOperation, Kernel};
use serde::{Deserialize, Serialize};
use std::time::Duration;

pub(super) const PATTERN: Pattern = Pattern {
    number: 18,
    name: "debounce-leading-edge",
    lost: "the last change of a burst",
    form: Form::Protocol(Protocol {
        processes: 2,
        needs: Circumstance::Burst,
        rejected_as: ViolationKind::Lost,
        model: |variant, processes| {
            let trial = Trial::new(TIME_PASSES, |_| Ok(()), judge);
            Box::new(trial.crowd(processes, move |kernel, token| {
                change(variant, kernel, token)
            }))
        },
    }),
};

const INTERVAL: Duration = Duration::from_secs(30);

/// When somebody acted last, and on what.
#[derive(Default, Serialize, Deserialize)]
struct Action {
    at: Duration,
    on: Ledger,
}

fn change<K: Kernel>(variant: Variant, kernel: &K, token: Token) -> Result<Change> {
    let change = record(kernel, "changes", token)?;
    if !acts(kernel)? {
        variant.put_back(|| {
            kernel.nanosleep(INTERVAL);
            act(
                kernel,
                &locked(kernel, &file("action"), FlockOperation::Exclusive)?,
            )
        })?;
    }
    Ok(change)
}

/// Step 2, and whether it acted.
fn acts<K: Kernel>(kernel: &K) -> Result<bool> {
    let path = file("action");
    let alone = locked(kernel, &path, FlockOperation::Exclusive)?;
    let last: Action = alone.state()?;
    if kernel.clock_realtime().saturating_sub(last.at) < INTERVAL {
        return Ok(false);
    }
    act(kernel, &alone)?;
    Ok(true)
}

fn act<K: Kernel>(kernel: &K, action: &OpenFile<'_, K>) -> Result<()> {
    let at = kernel.clock_realtime();
    let on = recorded(kernel, "changes")?;
    action.write(&Action { at, on })
}

fn judge(sim: &Sim, said: &[Option<Change>]) -> Verdict {
    let last: Action = sure(load(&newcomer(sim), &file("action")))?;
    let changes: Vec<&Change> = said.iter().flatten().collect();
    all_kept(&last.on, &changes)
}
