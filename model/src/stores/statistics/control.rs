//! Statistics that are kept wrong, on purpose: what the model must reject.
//!
//! Each is the shipping code but for the one step, which is done by way of a plain
//! [`Store`] of the same file, or by way of what is between the shipping code and its kernel.

use super::counted::{Counted, tool};
use super::peer::{add_call, increment};
use super::said::{Flaw, Handle, SESSION, statistics};
use crate::oracle::{DIRECTORY, Token};
use crate::sim::{AnyDoor, SimProcess};
use crate::stores::scene::without_lock;
use crate::twin::{WithoutRecheck, WithoutRecovery};
use hookstate::kernel::{Access, CallKind, FlockOperation, Kernel, OpenHow};
use hookstate::stats::{STALE_AFTER_DEFAULT, SessionFile, cleanup_stale_on};
use hookstate::strategy::Flock;
use hookstate::{Error, Result, State, Store};
use serde_json::Value;

/// Does not look at the name of a file once it has the lock.
pub(super) fn without_recheck(door: AnyDoor) -> AnyDoor {
    AnyDoor::new(WithoutRecheck::new(door))
}

/// Does not look into the journal of a write that was cut short.
pub(super) fn without_recovery(door: AnyDoor) -> AnyDoor {
    AnyDoor::new(WithoutRecovery(door))
}

/// Does it.
pub(super) fn perform(flaw: Flaw, handle: &mut Handle<'_>, token: Token) -> Result<()> {
    match flaw {
        Flaw::FinalizesInSteps => finalize_in_steps(handle),
        Flaw::HandsOnAfterTheWindow => hand_on_after_the_window(handle),
        Flaw::FlushesASnapshot => flush_a_snapshot(handle, token),
        Flaw::RepeatsWhatMayBeThere => repeat_what_may_be_there(handle, token),
        Flaw::BelievesItIsThere => believe_it_is_there(handle, token),
        Flaw::ForgetsTheList => forget_the_list(handle, token),
        Flaw::CleansUpUnlocked => clean_up_unlocked(handle),
        Flaw::CleansUpByAnEarlierLook => clean_up_by_an_earlier_look(handle),
    }
}

/// One window reads, another empties the file.
fn finalize_in_steps(handle: &mut Handle<'_>) -> Result<()> {
    let read = handle.stats.read()?.value;
    let _ = store(handle).locked_modify(std::mem::take::<SessionFile>)?;
    handle.ended(Counted::of(&read));
    Ok(())
}

/// Whoever is killed after the window takes the result along, and believes that it is handed on.
fn hand_on_after_the_window(handle: &mut Handle<'_>) -> Result<()> {
    let last = handle.stats.finalize()?.value;
    handle.ended(Counted::of(last.file()));
    Ok(())
}

/// What was there before the window is written in it.
fn flush_a_snapshot(handle: &mut Handle<'_>, token: Token) -> Result<()> {
    let read = handle.stats.read()?.value;
    let snapshot = edited(&read, |file| {
        add_call(file, &tool(token), token);
        add_call_of_agent(file, token);
    });
    let _ = store(handle).locked_modify(|file| *file = snapshot)?;
    handle.said.acknowledged.push(token);
    Ok(())
}

/// As a program does that is run again after an error.
fn repeat_what_may_be_there(handle: &mut Handle<'_>, token: Token) -> Result<()> {
    handle.record(token)?;
    handle.flush().or_else(|error| {
        handle.said.tried_again = true;
        if error.is_indeterminate() {
            handle.stats = statistics(handle.kernel, handle.manner);
            handle.said.recorded.clear();
            handle.record(token)?;
        }
        handle.flush()
    })
}

/// As a program does that looks only at whether it was told that nothing was written.
fn believe_it_is_there(handle: &mut Handle<'_>, token: Token) -> Result<()> {
    handle.record(token)?;
    handle
        .flush()
        .or_else(|error| match error.is_indeterminate() {
            true => {
                handle.said.acknowledged.push(token);
                Ok(())
            }
            false => Err(error),
        })
}

/// As if the totals had nothing of the list.
fn forget_the_list(handle: &mut Handle<'_>, token: Token) -> Result<()> {
    let _ = store(handle).locked_modify(|file| {
        *file = edited(file, |file| {
            let totals = file["hookstate"]["timings"].as_object_mut();
            let totals = totals.into_iter().flat_map(|hooks| hooks.values_mut());
            totals.for_each(|hook| hook["listed"] = 0.into());
        });
    })?;
    handle.record(token)?;
    handle.flush()
}

fn clean_up_unlocked(handle: &mut Handle<'_>) -> Result<()> {
    let kernel = SimProcess(without_lock(handle.kernel.0.clone()));
    let cleaned = cleanup_stale_on(&kernel, DIRECTORY, STALE_AFTER_DEFAULT)?;
    handle.said.cleaned += cleaned.removed.len();
    Ok(())
}

/// All else that cleaning up does is right, and that the file has been changed lately comes after
/// the look at its age.
fn clean_up_by_an_earlier_look(handle: &mut Handle<'_>) -> Result<()> {
    let kernel = handle.kernel;
    let path = handle.stats.path();
    let failed = |call| {
        let path = path.clone();
        move |errno| Error::from_call("clean up", &path, call, errno)
    };
    let how = OpenHow::existing(Access::ReadWrite);
    let file = kernel.open(&path, how).map_err(failed(CallKind::Open))?;
    let modified = kernel.modified(&file).map_err(failed(CallKind::Modified))?;
    let age = kernel.clock_realtime().saturating_sub(modified);
    let is_alone = kernel.flock(&file, FlockOperation::TryExclusive).is_ok();
    if is_alone && age >= STALE_AFTER_DEFAULT {
        kernel.unlink(&path).map_err(failed(CallKind::Unlink))?;
        handle.said.cleaned += 1;
    }
    kernel.close(file);
    Ok(())
}

fn store(handle: &Handle<'_>) -> Store<SessionFile, Flock, SimProcess<AnyDoor>> {
    Store::with(DIRECTORY, SESSION, Flock, handle.kernel.clone())
}

/// The file with its JSON changed.
pub(super) fn edited(file: &SessionFile, edit: impl FnOnce(&mut Value)) -> SessionFile {
    let json = file.to_json().expect("statistics are JSON");
    let mut value = serde_json::from_slice(&json).expect("statistics are JSON");
    edit(&mut value);
    let json = value.to_string();
    SessionFile::from_json(json.as_bytes()).expect("it is still an object")
}

fn add_call_of_agent(file: &mut Value, token: Token) {
    let counts = &mut file["hookstate"]["agents"][super::counted::AGENT];
    increment(&mut counts["tool_count"]);
    increment(&mut counts["tool_names"][tool(token)]);
}
