//! Tasks that end beside a slow announcer.

use super::cast::{Cast, Reach};
use super::said::{Act, Flaw, Key};
use super::{FLOCK, KILLS, SETTINGS};
use crate::oracle::ViolationKind;
use crate::stores::{Control, Ground, Kind, Setting, Subject};

pub(in crate::stores) const REMOVAL: Subject = Subject {
    name: "task-removal",
    kind: Kind::Tasks,
    holds: "a task that is removed while others announce it stays removed, and that of its agent goes on",
    ground: Ground::Store(&[FLOCK], |sound, setting| {
        Box::new(ONE_REMOVES.search(sound, setting))
    }),
    settings: SETTINGS,
    controls: &[SNAPSHOT],
};

pub(in crate::stores) const SESSION: Subject = Subject {
    name: "session-removal",
    kind: Kind::Tasks,
    holds: "a session that is removed while others announce its tasks is gone with all of them, and no other",
    ground: Ground::Store(&[FLOCK], |sound, setting| {
        Box::new(ONE_ENDS_A_SESSION.search(sound, setting))
    }),
    settings: KILLS,
    controls: &[SESSION_SNAPSHOT],
};

pub(in crate::stores) const SNAPSHOT: Control = Control {
    name: "check-saves-its-snapshot",
    leaves_out: "Writes back with a check what it had read before it announced.",
    verdicts: &[ViolationKind::Undead],
    setting: Setting::kills(2, 0),
    search: |sound, setting| Box::new(SAVED_BESIDE_A_REMOVAL.search(sound, setting)),
};

pub(in crate::stores) const SESSION_SNAPSHOT: Control = Control {
    name: "check-saves-a-session",
    leaves_out: "Writes back a whole session with a check.",
    verdicts: &[ViolationKind::Undead],
    setting: Setting::kills(2, 0),
    search: |sound, setting| Box::new(SAVED_BESIDE_AN_END.search(sound, setting)),
};

const CHECKS: &[Act] = &[Act::Check];
const FAILS: &[Act] = &[Act::CheckInVain];
const SAVES: &[Act] = &[Act::Flawed(Flaw::HoldsASnapshot(&Act::Check))];
const REMOVES: &[Act] = &[Act::Remove(Key::Session(1))];
const ENDS_THE_SESSION: &[Act] = &[Act::RemoveSession];

const ONE_REMOVES: Cast = Cast {
    before: &[Key::Session(1), Key::Agent(1)],
    goals: &[Reach::ConfirmsInVain, Reach::FailsInVain],
    ..Cast::of(&[CHECKS, REMOVES, FAILS])
};

const ONE_ENDS_A_SESSION: Cast = Cast {
    before: &[Key::Session(1), Key::Agent(1), Key::Session(2)],
    goals: &[Reach::ConfirmsInVain],
    ..Cast::of(&[CHECKS, ENDS_THE_SESSION, CHECKS])
};

const SAVED_BESIDE_A_REMOVAL: Cast = Cast::of(&[SAVES, REMOVES]);

const SAVED_BESIDE_AN_END: Cast = Cast::of(&[SAVES, ENDS_THE_SESSION]);
