//! One task that several begin and end at the same time.

use super::cast::{Cast, Reach};
use super::said::{Act, Flaw, Key};
use super::{FLOCK, KILLS};
use crate::oracle::ViolationKind;
use crate::stores::{Control, Ground, Kind, Setting, Subject};

pub(in crate::stores) const ADDED_AND_REMOVED: Subject = Subject {
    name: "task-added-and-removed",
    kind: Kind::Tasks,
    holds: "a task that some add and others remove is there if the last one added it, and each is told what it found",
    ground: Ground::Store(&[FLOCK], |sound, setting| {
        Box::new(ADDED_BESIDE_A_REMOVAL.search(sound, setting))
    }),
    settings: KILLS,
    controls: &[BRINGS_BACK],
};

pub(in crate::stores) const RESET_TWICE: Subject = Subject {
    name: "task-reset-twice",
    kind: Kind::Tasks,
    holds: "of two starts of a task at once one remains, and the tries of its announcements are numbered from it on",
    ground: Ground::Store(&[FLOCK], |sound, setting| {
        Box::new(TWO_RESET.search(sound, setting))
    }),
    settings: KILLS,
    controls: &[KEEPS_THE_TRIES],
};

pub(in crate::stores) const BRINGS_BACK: Control = Control {
    name: "resets-what-was-removed",
    leaves_out: "Lets a task begin anew that it had read before its window, and that another has removed since.",
    verdicts: &[ViolationKind::Undead],
    setting: Setting::kills(2, 0),
    search: |sound, setting| Box::new(RESET_FROM_A_SNAPSHOT.search(sound, setting)),
};

pub(in crate::stores) const KEEPS_THE_TRIES: Control = Control {
    name: "reset-keeps-the-tries",
    leaves_out: "Lets a task begin anew with the announcements that it has had.",
    verdicts: &[ViolationKind::Lost],
    setting: Setting::kills(2, 0),
    search: |sound, setting| Box::new(ONE_KEEPS_THE_TRIES.search(sound, setting)),
};

const FIRST: Key = Key::Session(1);
const CHECKS: &[Act] = &[Act::Check];
const ADDS: &[Act] = &[Act::Add(FIRST)];
const REMOVES: &[Act] = &[Act::Remove(FIRST)];
const ADDS_AND_CHECKS: &[Act] = &[Act::Add(FIRST), Act::Check];
const ADDS_TO_A_SNAPSHOT: &[Act] = &[Act::Flawed(Flaw::HoldsASnapshot(&Act::Add(FIRST)))];
const ADDS_WITH_THE_TRIES: &[Act] = &[Act::Flawed(Flaw::KeepsTheTries(FIRST))];

const ADDED_BESIDE_A_REMOVAL: Cast = Cast {
    goals: &[Reach::AddsAgain, Reach::RemovesAnew],
    ..Cast::of(&[ADDS, REMOVES, CHECKS])
};

const TWO_RESET: Cast = Cast {
    goals: &[Reach::AnnouncesBothResets, Reach::ConfirmsInVain],
    ..Cast::of(&[ADDS_AND_CHECKS, ADDS_AND_CHECKS, CHECKS])
};

const RESET_FROM_A_SNAPSHOT: Cast = Cast::of(&[ADDS_TO_A_SNAPSHOT, REMOVES]);

const ONE_KEEPS_THE_TRIES: Cast = Cast::of(&[ADDS_WITH_THE_TRIES, ADDS_AND_CHECKS]);
