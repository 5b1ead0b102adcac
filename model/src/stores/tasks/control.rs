//! Tasks that are kept wrong, on purpose: what the model must reject.
//!
//! Each is the shipping `TaskStore`, over a strategy or a kernel that makes one mistake, or used as it
//! must not be.

use super::cast::Terms;
use super::said::{AHEAD, Act, Fate, Flaw, Handle, LEGACY, store};
use super::waiting::ReadBefore;
use crate::control::Held;
use crate::oracle::Token;
use crate::sim::SimProcess;
use crate::stores::Later;
use crate::stores::scene::erased;
use hookstate::kernel::{CallKind, Kernel};
use hookstate::tasks::Claim;
use hookstate::{Error, Result};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

/// All that start while the clock stands still have the same number.
pub(super) fn without_numbers(tasks: &mut Value) {
    tasks["incarnation"] = 0.into();
}

/// What was announced besides the first announcement, and that this one has passed.
fn forget_all_but_the_first(tasks: &mut Value) {
    let announcements = tasks["sessions"]["session-1"]["own"]["announcements"].as_object_mut();
    if let Some(announcements) = announcements {
        announcements.retain(|age, said| age == "0" && said["state"] != "passed");
    }
}

/// The time of the last window.
pub(super) fn forget_the_clock(tasks: &mut Value) {
    tasks["clock_ms"] = 0.into();
}

/// The mark of the import.
pub(super) fn forget_the_import(tasks: &mut Value) {
    tasks["import"] = Value::Null;
}

/// The announcements of the first session's task, whichever start of it they are of.
fn keep_the_tries(before: &Value, after: &mut Value) {
    let own = |tasks: &Value| tasks["sessions"]["session-1"]["own"].clone();
    if own(before).is_object() && own(after).is_object() {
        let announcements = own(before)["announcements"].clone();
        after["sessions"]["session-1"]["own"]["announcements"] = announcements;
    }
}

/// Does it.
pub(super) fn perform(flaw: Flaw, handle: &mut Handle<'_>, token: Token) -> Result<()> {
    match flaw {
        Flaw::HoldsASnapshot(act) => hold_a_snapshot(handle, *act, token),
        Flaw::PassesNone => pass_none(handle),
        Flaw::ConfirmsBeforeSending => handle.check(confirm_before_sending),
        Flaw::ReadsTheClockBefore => {
            let waiting = handle.waiting();
            handle.go_on_with(erased(SimProcess(ReadBefore::of(waiting.0))));
            Ok(())
        }
        Flaw::KeepsForEver => keep_for_ever(handle, token),
        Flaw::RemovesTheFile => remove_the_file(handle),
        Flaw::KeepsTheTries(key) => {
            handle.witness.amend(Some(keep_the_tries));
            handle.perform(Act::Add(key), token)?;
            handle.witness.amend(None);
            Ok(())
        }
    }
}

fn hold_a_snapshot(handle: &mut Handle<'_>, act: Act, token: Token) -> Result<()> {
    let held = Held::of(handle.witness.clone());
    let mut holding = Handle {
        tasks: store(held, handle.terms, handle.kernel.clone()),
        witness: handle.witness.clone(),
        terms: handle.terms,
        kernel: handle.kernel,
        said: &mut *handle.said,
    };
    holding.perform(act, token)
}

/// It knows of one announcement, so that the other is never due. What it claims it confirms as it should.
fn pass_none(handle: &mut Handle<'_>) -> Result<()> {
    let terms = Terms {
        announce_after: &handle.terms.announce_after[..1],
        ..handle.terms
    };
    handle.tasks = store(handle.witness.clone(), terms, handle.kernel.clone());
    handle.witness.misread(forget_all_but_the_first);
    handle.check(|handle, number, claim| {
        handle.witness.misread(|_| ());
        handle.send(number, claim)
    })
}

fn confirm_before_sending(handle: &mut Handle<'_>, number: usize, claim: &Claim) -> Result<()> {
    let confirmed = handle.tasks.confirm(claim)?.value;
    handle.settle(number, Fate::Confirmed(confirmed));
    Ok(())
}

/// Nothing is ever that old.
fn keep_for_ever(handle: &mut Handle<'_>, token: Token) -> Result<()> {
    let kernel = erased(Later::by(AHEAD, handle.kernel.clone()));
    let tasks = store(handle.witness.clone(), handle.terms, kernel);
    handle.tasks = tasks.expire_after(Duration::MAX);
    handle.perform(Act::Check, token)
}

fn remove_the_file(handle: &mut Handle<'_>) -> Result<()> {
    let import = handle.tasks.import(LEGACY, 0)?.value;
    handle.said.note_import(&import);
    let file = Path::new(LEGACY);
    let removed = handle.kernel.unlink(file);
    removed.map_err(|errno| Error::from_call("remove", file, CallKind::Unlink, errno))
}
