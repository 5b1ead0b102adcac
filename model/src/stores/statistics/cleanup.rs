//! Cleaning up what was left behind, beside those who come late all the same.
//!
//! The file was made two days before, so that it is old, and what is changed now is not.

use super::cast::{Cast, Reach};
use super::said::{Act, Flaw};
use super::{FLOCK, SETTINGS};
use crate::oracle::ViolationKind;
use crate::stores::{Control, Ground, Kind, Setting, Subject};
use std::time::Duration;

pub(in crate::stores) const CLEANUP: Subject = Subject {
    name: "cleanup-stale",
    kind: Kind::Statistics,
    holds: "a file that a late call has changed is not removed, and no late call is lost",
    ground: Ground::Store(&[FLOCK], |_, setting| Box::new(CALLS.search(setting))),
    settings: SETTINGS,
    controls: &[UNLOCKED, EARLIER_LOOK],
};

const UNLOCKED: Control = Control {
    name: "cleanup-unlocked",
    leaves_out: "Cleans up without the lock of the file.",
    verdicts: &[ViolationKind::Lost],
    setting: Setting::kills(2, 0),
    search: |_, setting| Box::new(UNLOCKED_CALLS.search(setting)),
};

const EARLIER_LOOK: Control = Control {
    name: "cleanup-looks-before-locking",
    leaves_out: "Looks how old the file is before it has the lock.",
    verdicts: &[ViolationKind::Lost],
    setting: Setting::kills(2, 0),
    search: |_, setting| Box::new(CALLS_AFTER_A_LOOK.search(setting)),
};

const COUNTS: &[Act] = &[Act::Count];
const TWO_DAYS: Duration = Duration::from_secs(2 * 24 * 60 * 60);

/// One cleans up and two count.
const CALLS: Cast = Cast {
    ago: TWO_DAYS,
    goals: &[Reach::Cleans, Reach::LeavesWhatWasChanged],
    ..Cast::of(&[&[Act::CleanUp], COUNTS, COUNTS])
};

const UNLOCKED_CALLS: Cast = Cast {
    ago: TWO_DAYS,
    ..Cast::of(&[&[Act::Flawed(Flaw::CleansUpUnlocked)], COUNTS])
};

const CALLS_AFTER_A_LOOK: Cast = Cast {
    ago: TWO_DAYS,
    ..Cast::of(&[&[Act::Flawed(Flaw::CleansUpByAnEarlierLook)], COUNTS])
};
