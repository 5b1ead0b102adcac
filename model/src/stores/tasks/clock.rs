//! Clocks: of those that agree, and of tasks that come to their age.

use super::cast::{Cast, Reach, Terms};
use super::control::forget_the_clock;
use super::said::{Act, Flaw, Key};
use super::{FLOCK, KILLS};
use crate::oracle::ViolationKind;
use crate::stores::{Control, Ground, Kind, Setting, Subject};
use std::time::Duration;

pub(in crate::stores) const WAITING: Subject = Subject {
    name: "claims-after-waiting",
    kind: Kind::Tasks,
    holds: "if time passes while processes wait for the lock, no window takes that for a step back",
    ground: Ground::Store(&[FLOCK], |sound, setting| {
        Box::new(SOME_WAIT.search(sound, setting))
    }),
    settings: KILLS,
    controls: &[READ_BEFORE],
};

pub(in crate::stores) const EXPIRY: Subject = Subject {
    name: "task-expiry",
    kind: Kind::Tasks,
    holds: "a task that has come to its age is dropped by the next window, and told by one process",
    ground: Ground::Store(&[FLOCK], |sound, setting| {
        Box::new(SOME_EXPIRE.search(sound, setting))
    }),
    settings: KILLS,
    controls: &[NEVER_DROPPED, FORGETS_THE_CLOCK],
};

pub(in crate::stores) const READ_BEFORE: Control = Control {
    name: "clock-read-before-the-window",
    leaves_out: "Reads the clock, waits for the lock, and goes by what it has read.",
    verdicts: &[ViolationKind::RolledBack],
    setting: Setting::kills(2, 0),
    search: |sound, setting| Box::new(SOME_READ_BEFORE.search(sound, setting)),
};

pub(in crate::stores) const FORGETS_THE_CLOCK: Control = Control {
    name: "clock-forgotten",
    leaves_out: "Forgets the time of the last window, so that no step back is noticed.",
    verdicts: &[ViolationKind::RolledBack],
    setting: Setting::kills(2, 0),
    search: |sound, setting| Box::new(FORGOTTEN.search(sound, setting)),
};

pub(in crate::stores) const NEVER_DROPPED: Control = Control {
    name: "tasks-never-dropped",
    leaves_out: "Keeps the tasks that have come to their age.",
    verdicts: &[ViolationKind::Undead],
    setting: Setting::kills(1, 0),
    search: |sound, setting| Box::new(KEPT_FOR_EVER.search(sound, setting)),
};

const CHECKS: &[Act] = &[Act::Check];
const WAITS: &[Act] = &[Act::Wait, Act::Check];
const IS_AHEAD: &[Act] = &[Act::GoAhead, Act::Check];
const ADDS: &[Act] = &[Act::Add(Key::Session(2))];
const READS_BEFORE: &[Act] = &[Act::Flawed(Flaw::ReadsTheClockBefore), Act::Check];
const KEEPS: &[Act] = &[Act::Flawed(Flaw::KeepsForEver)];

/// While two wait for their first windows, it becomes as late for them as it is for the third.
const SOME_WAIT: Cast = Cast {
    terms: Terms {
        clocks_agree: true,
        ..Terms::AT_ONCE
    },
    ..Cast::of(&[WAITS, IS_AHEAD, WAITS])
};

const SOME_READ_BEFORE: Cast = Cast {
    parts: &[READS_BEFORE, IS_AHEAD],
    ..SOME_WAIT
};

/// For those who are ahead a task comes to its age; for the one who adds another the clock is set back.
const SOME_EXPIRE: Cast = Cast {
    terms: Terms {
        expire_after: Duration::from_secs(60),
        ..Terms::AT_ONCE
    },
    goals: &[Reach::Expires],
    ..Cast::of(&[IS_AHEAD, ADDS, IS_AHEAD])
};

const KEPT_FOR_EVER: Cast = Cast {
    parts: &[KEEPS],
    goals: &[],
    ..SOME_EXPIRE
};

const FORGOTTEN: Cast = Cast {
    misread: Some(forget_the_clock),
    ..Cast::of(&[CHECKS, IS_AHEAD])
};
