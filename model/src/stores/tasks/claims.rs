//! Checks that come at the same time, and what becomes of an announcement that is due.

use super::cast::{Cast, Reach, Terms};
use super::said::{Act, Flaw};
use super::{FLOCK, KILLS};
use crate::oracle::ViolationKind;
use crate::stores::scene::without_lock;
use crate::stores::{Control, Ground, Kind, Setting, Subject};
use hookstate::strategy::ALL;
use std::time::Duration;

pub(in crate::stores) const CLAIMS: Subject = Subject {
    name: "claims",
    kind: Kind::Tasks,
    holds: "an announcement is claimed by one process and sent once, and after a kill once more by a later check",
    ground: Ground::Store(&ALL, |sound, setting| {
        Box::new(ALL_CHECK.search(sound, setting))
    }),
    settings: KILLS,
    controls: &[UNLOCKED, TWO_WINDOWS, NEVER_RETRIED, CONFIRMED_FIRST],
};

pub(in crate::stores) const FAILURES: Subject = Subject {
    name: "claims-that-fail",
    kind: Kind::Tasks,
    holds: "an announcement that could not be sent is tried by one process again, three times in all",
    ground: Ground::Store(&[FLOCK], |sound, setting| {
        Box::new(SOME_FAIL.search(sound, setting))
    }),
    settings: KILLS,
    controls: &[FAILING_UNLOCKED],
};

pub(in crate::stores) const RETRIES: Subject = Subject {
    name: "claims-retried",
    kind: Kind::Tasks,
    holds: "if notifiers are slower than a retry, each try is that of one process, and there are three",
    ground: Ground::Store(&[FLOCK], |sound, setting| {
        Box::new(ALL_ARE_SLOW.search(sound, setting))
    }),
    settings: &[
        Setting::kills(4, 0),
        Setting::kills(3, 1),
        Setting::kills(2, 2),
        Setting::failing(2),
    ],
    controls: &[RETRIED_UNLOCKED],
};

pub(in crate::stores) const PASSING: Subject = Subject {
    name: "claims-passing",
    kind: Kind::Tasks,
    holds: "if a later announcement is due, the earlier one passes; a clock that steps repeats none",
    ground: Ground::Store(&[FLOCK], |sound, setting| {
        Box::new(ONE_IS_AHEAD.search(sound, setting))
    }),
    settings: KILLS,
    controls: &[PASSING_UNLOCKED, NOT_PASSED, PASSING_CONFIRMED_FIRST],
};

pub(in crate::stores) const UNLOCKED: Control = Control {
    name: "claims-unlocked",
    leaves_out: "Takes no lock of the tasks and believes that it has it.",
    verdicts: &[ViolationKind::Doubled],
    setting: Setting::kills(2, 0),
    search: |sound, setting| Box::new(UNLOCKED_CHECKS.search(sound, setting)),
};

pub(in crate::stores) const FAILING_UNLOCKED: Control = Control {
    name: "failed-claims-unlocked",
    leaves_out: "Takes no lock, and says that it could not send.",
    verdicts: &[ViolationKind::Doubled],
    setting: Setting::kills(2, 0),
    search: |sound, setting| Box::new(UNLOCKED_FAILURES.search(sound, setting)),
};

pub(in crate::stores) const RETRIED_UNLOCKED: Control = Control {
    name: "retries-unlocked",
    leaves_out: "Takes no lock, with notifiers that are slower than a retry.",
    verdicts: &[ViolationKind::Doubled],
    setting: Setting::kills(2, 0),
    search: |sound, setting| Box::new(UNLOCKED_RETRIES.search(sound, setting)),
};

const PASSING_UNLOCKED: Control = Control {
    name: "passing-unlocked",
    leaves_out: "Takes no lock, with a clock that is ahead of the others.",
    verdicts: &[ViolationKind::Doubled],
    setting: Setting::kills(2, 0),
    search: |sound, setting| Box::new(UNLOCKED_PASSING.search(sound, setting)),
};

pub(in crate::stores) const NOT_PASSED: Control = Control {
    name: "earlier-not-passed",
    leaves_out: "Knows the earlier announcement only, and forgets that it has passed and which was claimed instead.",
    verdicts: &[ViolationKind::RolledBack],
    setting: Setting::kills(2, 0),
    search: |sound, setting| Box::new(NONE_PASSES.search(sound, setting)),
};

pub(in crate::stores) const PASSING_CONFIRMED_FIRST: Control = Control {
    name: "passing-confirms-first",
    leaves_out: "Confirms the later announcement before it sends it, when the earlier one was sent.",
    verdicts: &[ViolationKind::Lost],
    setting: Setting::kills(2, 1),
    search: |sound, setting| Box::new(LATER_CONFIRMED_FIRST.search(sound, setting)),
};

pub(in crate::stores) const TWO_WINDOWS: Control = Control {
    name: "claims-in-two-windows",
    leaves_out: "Looks in one window what is due, and marks it as claimed in another.",
    verdicts: &[ViolationKind::Doubled],
    setting: Setting::kills(2, 0),
    search: |sound, setting| Box::new(TWO_WINDOWS_EACH.search(sound, setting)),
};

pub(in crate::stores) const NEVER_RETRIED: Control = Control {
    name: "claims-never-retried",
    leaves_out: "Leaves alone for ever what was claimed and not confirmed.",
    verdicts: &[ViolationKind::Lost],
    setting: Setting::kills(1, 1),
    search: |sound, setting| Box::new(ALL_CHECK_ONCE.search(sound, setting)),
};

pub(in crate::stores) const CONFIRMED_FIRST: Control = Control {
    name: "confirms-before-sending",
    leaves_out: "Confirms an announcement and sends it then.",
    verdicts: &[ViolationKind::Lost],
    setting: Setting::kills(1, 1),
    search: |sound, setting| Box::new(ALL_CONFIRM_FIRST.search(sound, setting)),
};

const CHECKS: &[Act] = &[Act::Check];
const FAILS: &[Act] = &[Act::CheckInVain];
const IS_AHEAD: &[Act] = &[Act::GoAhead, Act::Check];
const PASSES_NONE: &[Act] = &[Act::Flawed(Flaw::PassesNone)];
const IS_AHEAD_AND_CONFIRMS_FIRST: &[Act] =
    &[Act::GoAhead, Act::Flawed(Flaw::ConfirmsBeforeSending)];
const FAILS_AND_CHECKS: &[Act] = &[Act::CheckInVain, Act::Check];

/// The time of a retry has come as soon as an announcement is claimed.
const SLOW: Terms = Terms {
    retry_after: Duration::ZERO,
    ..Terms::AT_ONCE
};

const NEVER_AGAIN: Terms = Terms {
    retry_after: Duration::MAX,
    ..Terms::AT_ONCE
};

const ALL_CHECK: Cast = Cast {
    goals: &[Reach::KillsAClaimant],
    ..Cast::of(&[CHECKS])
};

const SOME_FAIL: Cast = Cast {
    goals: &[Reach::TriesAgain, Reach::FailsThrice],
    ..Cast::of(&[FAILS_AND_CHECKS, FAILS, FAILS])
};

const ALL_ARE_SLOW: Cast = Cast {
    terms: SLOW,
    goals: &[Reach::SendsTwice, Reach::TriesAgain, Reach::GivesUp],
    ..Cast::of(&[CHECKS])
};

/// Of two announcements the later is due for the one process whose clock is ahead. For the others
/// the clock goes back whenever they come after it.
const ONE_IS_AHEAD: Cast = Cast {
    terms: Terms {
        announce_after: &[Duration::ZERO, Duration::from_secs(60)],
        ..Terms::AT_ONCE
    },
    goals: &[Reach::Passes, Reach::SharesOut],
    ..Cast::of(&[CHECKS, IS_AHEAD, CHECKS])
};

const UNLOCKED_CHECKS: Cast = Cast {
    twin: without_lock,
    ..ALL_CHECK
};

const UNLOCKED_FAILURES: Cast = Cast {
    twin: without_lock,
    ..Cast::of(&[FAILS])
};

const UNLOCKED_RETRIES: Cast = Cast {
    twin: without_lock,
    ..ALL_ARE_SLOW
};

const UNLOCKED_PASSING: Cast = Cast {
    twin: without_lock,
    ..ONE_IS_AHEAD
};

const NONE_PASSES: Cast = Cast {
    parts: &[PASSES_NONE, IS_AHEAD],
    goals: &[],
    ..ONE_IS_AHEAD
};

const LATER_CONFIRMED_FIRST: Cast = Cast {
    parts: &[CHECKS, IS_AHEAD_AND_CONFIRMS_FIRST],
    goals: &[],
    ..ONE_IS_AHEAD
};

const TWO_WINDOWS_EACH: Cast = Cast::of(&[&[Act::Flawed(Flaw::HoldsASnapshot(&Act::Check))]]);

const ALL_CHECK_ONCE: Cast = Cast {
    terms: NEVER_AGAIN,
    ..Cast::of(&[CHECKS])
};

const ALL_CONFIRM_FIRST: Cast = Cast::of(&[&[Act::Flawed(Flaw::ConfirmsBeforeSending)]]);
