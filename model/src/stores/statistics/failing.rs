//! A flush that fails, and is tried again.
//!
//! After a sync that failed nobody knows whether the call is in the file, and after a write of which
//! undoing fails too. The handle lets go of it then. One failure is enough for that where a flush is to
//! survive a power loss, so those here do.

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
    controls: &[RECORDED_ANEW],
};

const RECORDED_ANEW: Control = Control {
    name: "flush-repeated",
    leaves_out: "Records its call anew after an error that says that it may be in the file.",
    verdicts: &[ViolationKind::Doubled],
    setting: Setting::failures(1, 2),
    search: |_, setting| Box::new(CALLS_RECORDED_ANEW.search(setting)),
};

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

/// A write of more than a page that fails, and undoing it fails too.
const CALLS_RECORDED_ANEW: Cast = Cast {
    before: Before::CallOnTwoPagesAlone,
    ..Cast::of(&[&[Act::Flawed(Flaw::RepeatsWhatMayBeThere)]])
};
