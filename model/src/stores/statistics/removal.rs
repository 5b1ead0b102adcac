//! The end of a session that removes the file.
//!
//! Whoever waits for the lock of the file looks at its name afterwards, and begins a new one. A peer
//! that does not look adds to a file that nobody sees again: this is what `remove_when_finalized`
//! says, and a control here.

use super::cast::{Cast, Reach};
use super::control::without_recheck;
use super::said::{Act, Manner};
use super::{FLOCK, SETTINGS};
use crate::oracle::ViolationKind;
use crate::stores::{Control, Ground, Kind, Setting, Subject};

pub(in crate::stores) const REMOVE: Subject = Subject {
    name: "finalize-removes",
    kind: Kind::Statistics,
    holds: "each call is in the result that comes with the removal of the file, or in a new file",
    ground: Ground::Store(&[FLOCK], |_, setting| Box::new(CALLS.search(setting))),
    settings: SETTINGS,
    controls: &[BENEATH_A_PEER, WITHOUT_RECHECK],
};

pub(in crate::stores) const REMOVE_TWICE: Subject = Subject {
    name: "finalize-removes-twice",
    kind: Kind::Statistics,
    holds: "of two who end a session with its file each call is in the result of one",
    ground: Ground::Store(&[FLOCK], |_, setting| Box::new(TWO_ENDS.search(setting))),
    settings: SETTINGS,
    controls: &[TWICE_WITHOUT_RECHECK],
};

const BENEATH_A_PEER: Control = Control {
    name: "removed-beneath-a-peer",
    leaves_out: "Removes the file, though a program has it open that will not look at the name again.",
    verdicts: &[ViolationKind::Lost],
    setting: Setting::kills(2, 0),
    search: |_, setting| Box::new(PEERS.search(setting)),
};

const WITHOUT_RECHECK: Control = Control {
    name: "counts-in-a-removed-file",
    leaves_out: "Does not look whether the name still names the file whose lock it took.",
    verdicts: &[ViolationKind::Lost, ViolationKind::Failed],
    setting: Setting::kills(2, 0),
    search: |_, setting| Box::new(BLIND.search(setting)),
};

const TWICE_WITHOUT_RECHECK: Control = Control {
    name: "takes-from-a-removed-file",
    leaves_out: "Ends a session without looking whether the name still names the file whose lock it took.",
    verdicts: &[ViolationKind::Doubled],
    setting: Setting::kills(2, 0),
    search: |_, setting| Box::new(BLIND_ENDS.search(setting)),
};

const REMOVES: Manner = Manner {
    removes: true,
    ..Manner::ORDINARY
};

const COUNTS: &[Act] = &[Act::Count];
const ENDS: &[Act] = &[Act::Finalize];
const ENDS_WITH_ITS_OWN: &[Act] = &[Act::Record, Act::Finalize];

/// Two count while another ends the session, with a call of its own that it has not flushed.
const CALLS: Cast = Cast {
    manner: REMOVES,
    goals: &[Reach::TakesACall, Reach::ComesLater],
    ..Cast::of(&[COUNTS, ENDS_WITH_ITS_OWN, COUNTS])
};

const TWO_ENDS: Cast = Cast {
    manner: REMOVES,
    goals: &[Reach::SharesOut],
    ..Cast::of(&[ENDS, COUNTS, &[Act::HandOn]])
};

const PEERS: Cast = Cast {
    manner: REMOVES,
    ..Cast::of(&[ENDS, &[Act::Peer]])
};

const BLIND: Cast = Cast {
    manner: REMOVES,
    twin: without_recheck,
    ..Cast::of(&[ENDS, COUNTS])
};

const BLIND_ENDS: Cast = Cast {
    manner: REMOVES,
    twin: without_recheck,
    ..Cast::of(&[ENDS])
};
