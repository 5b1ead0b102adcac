//! Tasks that are kept wrong, on purpose: what the model must reject.
//!
//! Each is the shipping code but for the one step, which is done by way of a plain [`Store`] of the
//! same state, as JSON.

use super::said::{Announcement, Fate, Flaw, Handle, Key, directory, start_in};
use crate::oracle::{DIRECTORY, Token};
use crate::sim::{AnyDoor, SimProcess};
use crate::twin::{Through, WithoutLock};
use hookstate::kernel::{Kernel, Watched};
use hookstate::strategy::AnyStrategy;
use hookstate::tasks::Claim;
use hookstate::{NoDelta, Result, State, Store};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// The tasks as they are kept.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
struct Kept(Value);

impl State for Kept {
    type Delta = NoDelta;

    fn apply(&mut self, delta: &NoDelta) {
        match *delta {}
    }
}

/// Under which key an announcement stands that is due at once.
const AT_ONCE: &str = "0";

/// Grants every lock.
pub(super) fn without_lock(door: AnyDoor) -> AnyDoor {
    AnyDoor::new(Through(Watched::new(SimProcess(door), WithoutLock)))
}

/// Does it.
pub(super) fn perform(flaw: Flaw, handle: &mut Handle<'_>, token: Token) -> Result<()> {
    match flaw {
        Flaw::ClaimsInTwoWindows => claim_in_two_windows(handle),
        Flaw::SavesItsSnapshot => save_the_snapshot(handle),
        Flaw::ConfirmsBeforeSending => handle.check(confirm_before_sending),
        Flaw::ConfirmsAnyStart => handle.check(confirm_any_start),
        Flaw::AddsFromASnapshot(_) => add_from_a_snapshot(handle, token),
        Flaw::ImportsInTwoWindows => import_in_two_windows(handle),
    }
}

/// One window looks, and another marks.
fn claim_in_two_windows(handle: &mut Handle<'_>) -> Result<()> {
    let store = store(handle);
    if !store.read()?.value.0["sessions"]["session-1"]["own"]["announcements"][AT_ONCE].is_null() {
        return Ok(());
    }
    let now_ms = now_ms(handle);
    let start = store.locked_modify(|kept| {
        mark(kept, "claimed", now_ms);
        first_start(kept)
    })?;
    let number = announce(handle, start.value);
    let _ = store.locked_modify(|kept| mark(kept, "sent", now_ms))?;
    handle.settle(number, Fate::Confirmed(true));
    Ok(())
}

/// The check marks what it had read, sends, and saves that.
fn save_the_snapshot(handle: &mut Handle<'_>) -> Result<()> {
    let store = store(handle);
    let mut snapshot = store.read()?.value;
    if !has_first_task(&snapshot) {
        return Ok(());
    }
    mark(&mut snapshot, "sent", now_ms(handle));
    let number = announce(handle, first_start(&snapshot));
    let _ = store.locked_modify(|kept| *kept = snapshot)?;
    handle.settle(number, Fate::Confirmed(true));
    Ok(())
}

fn confirm_before_sending(handle: &mut Handle<'_>, number: usize, claim: &Claim) -> Result<()> {
    let confirmed = handle.tasks.confirm(claim)?.value;
    handle.settle(number, Fate::Confirmed(confirmed));
    Ok(())
}

fn confirm_any_start(handle: &mut Handle<'_>, number: usize, _claim: &Claim) -> Result<()> {
    handle.settle(number, Fate::Sent);
    let now_ms = now_ms(handle);
    let confirmed = store(handle).locked_modify(|kept| {
        let is_there = has_first_task(kept);
        if is_there {
            mark(kept, "sent", now_ms);
        }
        is_there
    })?;
    handle.settle(number, Fate::Confirmed(confirmed.value));
    Ok(())
}

fn add_from_a_snapshot(handle: &mut Handle<'_>, token: Token) -> Result<()> {
    let store = store(handle);
    let mut snapshot = store.read()?.value;
    snapshot.0["sessions"]["session-2"]["own"] = task(token, now_ms(handle));
    let _ = store.locked_modify(|kept| *kept = snapshot)?;
    handle.said.added.push((Key::Session(2), token));
    Ok(())
}

/// One window looks for the mark, and another puts tasks and mark.
fn import_in_two_windows(handle: &mut Handle<'_>) -> Result<()> {
    let store = store(handle);
    if !store.read()?.value.0["import"].is_null() {
        return Ok(());
    }
    let now_ms = now_ms(handle);
    let _ = store.locked_modify(|kept| {
        for start in [2_000, 2_001] {
            let directory = directory(start).display().to_string();
            kept.0["imported"][directory] = task(start, now_ms);
        }
        kept.0["import"] = json!({ "at_ms": now_ms, "tasks": 2 });
    })?;
    handle.said.imports += 1;
    Ok(())
}

fn store(handle: &Handle<'_>) -> Store<Kept, AnyStrategy, SimProcess<AnyDoor>> {
    let name = "hookstate-tasks";
    Store::with(DIRECTORY, name, handle.strategy, handle.kernel.clone())
}

fn has_first_task(kept: &Kept) -> bool {
    kept.0["sessions"]["session-1"]["own"].is_object()
}

fn first_start(kept: &Kept) -> Token {
    let directory = kept.0["sessions"]["session-1"]["own"]["cwd"].as_str();
    start_in(Path::new(directory.expect("a task has its directory")))
}

/// Says this of the announcement of the first task.
fn mark(kept: &mut Kept, state: &str, now_ms: u64) {
    let said = &mut kept.0["sessions"]["session-1"]["own"]["announcements"][AT_ONCE];
    *said = json!({ "state": state, "tries": 1, "at_ms": now_ms });
}

/// One that starts now.
fn task(start: Token, now_ms: u64) -> Value {
    let cwd = directory(start).display().to_string();
    json!({
        "cwd": cwd,
        "added_ms": now_ms,
        "started_ms": now_ms,
        "incarnation": u64::from(start),
    })
}

fn now_ms(handle: &Handle<'_>) -> u64 {
    let now = handle.kernel.clock_realtime().as_millis();
    u64::try_from(now).expect("the clocks of the model begin in 2026")
}

/// Sends it, and tells which of the announcements it is.
fn announce(handle: &mut Handle<'_>, start: Token) -> usize {
    let announcements = &mut handle.said.announcements;
    announcements.push(Announcement {
        start,
        after: Duration::ZERO,
        attempt: 1,
        fate: Fate::Sent,
    });
    announcements.len() - 1
}
