//! Tasks that are added, and begin anew.

use super::cast::{Cast, Reach};
use super::control::without_numbers;
use super::said::{Act, Flaw, Key};
use super::{FLOCK, KILLS};
use crate::oracle::ViolationKind;
use crate::stores::{Control, Ground, Kind, Setting, Subject};

pub(in crate::stores) const ADDITIONS: Subject = Subject {
    name: "task-additions",
    kind: Kind::Tasks,
    holds: "of tasks that are added at the same time none is lost, and each is announced",
    ground: Ground::Store(&[FLOCK], |sound, setting| {
        Box::new(TWO_ADD.search(sound, setting))
    }),
    settings: KILLS,
    controls: &[SNAPSHOT],
};

pub(in crate::stores) const RESET: Subject = Subject {
    name: "task-reset",
    kind: Kind::Tasks,
    holds: "a task that begins anew is announced anew, and a claim of its start before confirms nothing",
    ground: Ground::Store(&[FLOCK], |sound, setting| {
        Box::new(ONE_RESETS.search(sound, setting))
    }),
    settings: KILLS,
    controls: &[ANY_START],
};

pub(in crate::stores) const SNAPSHOT: Control = Control {
    name: "adds-to-a-snapshot",
    leaves_out: "Adds a task to what it had read before its window.",
    verdicts: &[ViolationKind::Lost],
    setting: Setting::kills(2, 0),
    search: |sound, setting| Box::new(ONE_ADDS_TO_A_SNAPSHOT.search(sound, setting)),
};

pub(in crate::stores) const ANY_START: Control = Control {
    name: "confirms-any-start",
    leaves_out: "Gives all starts of a task the same number, so that a claim of one confirms any.",
    verdicts: &[ViolationKind::Lost],
    setting: Setting::kills(2, 1),
    search: |sound, setting| Box::new(WITHOUT_NUMBERS.search(sound, setting)),
};

const FIRST: Key = Key::Session(1);
const SECOND: Key = Key::Session(2);
const THIRD: Key = Key::Session(3);
const CHECKS: &[Act] = &[Act::Check];
const RESETS_AND_CHECKS: &[Act] = &[Act::Add(FIRST), Act::Check];

/// There is neither a file nor a directory.
const TWO_ADD: Cast = Cast {
    before: &[],
    goals: &[Reach::AnnouncesBothStarts],
    ..Cast::of(&[&[Act::Add(FIRST)], &[Act::Add(SECOND)], CHECKS])
};

const ONE_RESETS: Cast = Cast {
    goals: &[Reach::ConfirmsInVain, Reach::AnnouncesBothStarts],
    ..Cast::of(&[CHECKS, RESETS_AND_CHECKS, CHECKS])
};

const ONE_ADDS_TO_A_SNAPSHOT: Cast = Cast::of(&[
    &[Act::Flawed(Flaw::HoldsASnapshot(&Act::Add(SECOND)))],
    &[Act::Add(THIRD)],
]);

/// The one confirms its claim of the first start when the other, which was killed before it sent it, has
/// claimed the second.
const WITHOUT_NUMBERS: Cast = Cast {
    misread: Some(without_numbers),
    ..Cast::of(&[CHECKS, RESETS_AND_CHECKS])
};
