//! A flush that fails, and is tried again.
//!
//! Nobody knows whether the call is in the file after a write of more than a page that failed and of which
//! undoing failed too; and where it is to survive a power loss, after a sync that failed, and any failure
//! from the header of the journal on. The handle lets go of it then.

use super::FLOCK;
use super::cast::{Before, Cast, Reach};
use super::said::{Act, Flaw, Manner};
use crate::oracle::ViolationKind;
use crate::stores::{Control, Ground, Kind, Setting, Subject};
use hookstate::Durability;

pub(in crate::stores) const RETRY: Subject = Subject {
    name: "flush-retried",
    kind: Kind::Statistics,
    holds: "a flush that is tried again counts its call once, or once or never if nobody knows",
    ground: Ground::Store(&[FLOCK], |_, setting| Box::new(CALLS.search(setting))),
    settings: &[Setting::failures(1, 2), Setting::failing(2)],
    controls: &[BELIEVED],
};

pub(in crate::stores) const IN_PAGES: Subject = Subject {
    name: "flush-retried-in-pages",
    kind: Kind::Statistics,
    holds: "a flush of more than a page that is tried again counts its call once, or nobody knows",
    ground: Ground::Store(&[FLOCK], |_, setting| {
        Box::new(CALLS_IN_PAGES.search(setting))
    }),
    settings: &[Setting::failures(1, 2)],
    controls: &[RECORDED_ANEW],
};

const BELIEVED: Control = Control {
    name: "flush-believed",
    leaves_out: "Takes an error that says that its call may be in the file for its acknowledgement.",
    verdicts: &[ViolationKind::Lost],
    setting: Setting::failing(1),
    search: |_, setting| Box::new(CALLS_BELIEVED.search(setting)),
};

const RECORDED_ANEW: Control = Control {
    name: "flush-repeated",
    leaves_out: "Records its call anew after an error that says that it may be in the file.",
    verdicts: &[ViolationKind::Doubled],
    setting: Setting::failures(1, 2),
    search: |_, setting| Box::new(CALLS_RECORDED_ANEW.search(setting)),
};

/// With these one failing call is enough.
const DURABLE: Manner = Manner {
    durability: Durability::Power,
    ..Manner::ORDINARY
};

/// One counts and tries again if that fails; another counts.
const CALLS: Cast = Cast {
    manner: DURABLE,
    goals: &[Reach::IsUnsure],
    ..Cast::of(&[&[Act::CountTwiceIfNeeded], &[Act::Count]])
};

const CALLS_IN_PAGES: Cast = Cast {
    manner: Manner::ORDINARY,
    before: Before::CallOnTwoPagesAlone,
    ..CALLS
};

const CALLS_BELIEVED: Cast = Cast {
    parts: &[&[Act::Flawed(Flaw::BelievesItIsThere)]],
    goals: &[],
    ..CALLS
};

const CALLS_RECORDED_ANEW: Cast = Cast {
    parts: &[&[Act::Flawed(Flaw::RepeatsWhatMayBeThere)]],
    goals: &[],
    ..CALLS_IN_PAGES
};
