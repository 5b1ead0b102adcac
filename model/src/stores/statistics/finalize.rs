//! The end of a session among those who still count.
//!
//! `finalize` leaves a file in which nothing is counted, so that a peer which had it open and waits
//! for its lock adds to the file that stays.

use super::cast::{Before, Cast, Reach};
use super::control::without_recovery;
use super::said::{Act, Flaw};
use super::{FLOCK, SETTINGS};
use crate::oracle::ViolationKind;
use crate::stores::scene::without_lock;
use crate::stores::{Control, Ground, Kind, Setting, Subject};

pub(in crate::stores) const FINALIZE: Subject = Subject {
    name: "finalize",
    kind: Kind::Statistics,
    holds: "each call is in the result of the one who ends the session, or in the file that stays",
    ground: Ground::Store(&[FLOCK], |_, setting| Box::new(CALLS.search(setting))),
    settings: SETTINGS,
    controls: &[IN_STEPS, WITHOUT_LOCK, SNAPSHOT],
};

pub(in crate::stores) const TWICE: Subject = Subject {
    name: "finalize-twice",
    kind: Kind::Statistics,
    holds: "of two who end a session each call is in the result of one",
    ground: Ground::Store(&[FLOCK], |_, setting| Box::new(TWO_ENDS.search(setting))),
    settings: SETTINGS,
    controls: &[TWICE_IN_STEPS],
};

pub(in crate::stores) const FIRST_USE: Subject = Subject {
    name: "finalize-first-use",
    kind: Kind::Statistics,
    holds: "the same if there is neither a file nor a directory before",
    ground: Ground::Store(&[FLOCK], |_, setting| Box::new(FIRST_CALLS.search(setting))),
    settings: SETTINGS,
    controls: &[FIRST_WITHOUT_LOCK],
};

pub(in crate::stores) const HAND_ON: Subject = Subject {
    name: "hand-on",
    kind: Kind::Statistics,
    holds: "a result that is handed on within the window is had at least once, also after a kill",
    ground: Ground::Store(&[FLOCK], |_, setting| Box::new(HANDED_ON.search(setting))),
    settings: SETTINGS,
    controls: &[AFTER_THE_WINDOW],
};

pub(in crate::stores) const TWO_PAGES: Subject = Subject {
    name: "finalize-two-pages",
    kind: Kind::Statistics,
    holds: "the same in a file of two pages, whose writes a kill can tear",
    ground: Ground::Store(&[FLOCK], |_, setting| {
        Box::new(TWO_PAGES_LONG.search(setting))
    }),
    settings: SETTINGS,
    controls: &[WITHOUT_RECOVERY],
};

pub(in crate::stores) const PEER: Subject = Subject {
    name: "finalize-peer",
    kind: Kind::Statistics,
    holds: "beside a program that rewrites the file under flock no call of either is lost, and no timing doubled",
    ground: Ground::Store(&[FLOCK], |_, setting| Box::new(PEERS.search(setting))),
    settings: SETTINGS,
    controls: &[FORGETS_THE_LIST, PEER_WITHOUT_LOCK],
};

const IN_STEPS: Control = Control {
    name: "finalize-reads-then-empties",
    leaves_out: "Ends the session by reading in one window and emptying the file in another.",
    verdicts: &[ViolationKind::Lost],
    setting: Setting::kills(2, 0),
    search: |_, setting| Box::new(Cast::of(&[READS_THEN_EMPTIES, COUNTS]).search(setting)),
};

const TWICE_IN_STEPS: Control = Control {
    name: "finalize-twice-reads-then-empties",
    leaves_out: "Ends the session twice, each time by reading in one window and emptying the file in another.",
    verdicts: &[ViolationKind::Doubled],
    setting: Setting::kills(2, 0),
    search: |_, setting| Box::new(Cast::of(&[READS_THEN_EMPTIES]).search(setting)),
};

const WITHOUT_LOCK: Control = Control {
    name: "finalize-unlocked",
    leaves_out: "Takes no lock of the file and believes that it has it.",
    verdicts: &[
        ViolationKind::Lost,
        ViolationKind::Doubled,
        ViolationKind::Torn,
    ],
    setting: Setting::kills(2, 0),
    search: |_, setting| Box::new(UNLOCKED.search(setting)),
};

const FIRST_WITHOUT_LOCK: Control = Control {
    name: "first-use-unlocked",
    leaves_out: "Takes no lock of the file that it makes.",
    verdicts: &[
        ViolationKind::Lost,
        ViolationKind::Doubled,
        ViolationKind::Torn,
        ViolationKind::Failed,
    ],
    setting: Setting::kills(2, 0),
    search: |_, setting| Box::new(UNLOCKED_FIRST.search(setting)),
};

const PEER_WITHOUT_LOCK: Control = Control {
    name: "peer-unlocked",
    leaves_out: "Takes no lock, beside a program that does.",
    verdicts: &[
        ViolationKind::Lost,
        ViolationKind::Doubled,
        ViolationKind::Torn,
        ViolationKind::Failed,
    ],
    setting: Setting::kills(2, 0),
    search: |_, setting| Box::new(UNLOCKED_PEERS.search(setting)),
};

const SNAPSHOT: Control = Control {
    name: "flush-snapshot",
    leaves_out: "Writes with a flush what it had read before its window.",
    verdicts: &[ViolationKind::Lost],
    setting: Setting::kills(2, 0),
    search: |_, setting| Box::new(Cast::of(&[WRITES_A_SNAPSHOT, COUNTS]).search(setting)),
};

const AFTER_THE_WINDOW: Control = Control {
    name: "hand-on-after-the-window",
    leaves_out: "Hands on the result after the window that took it out of the file.",
    verdicts: &[ViolationKind::Lost],
    setting: Setting::kills(1, 1),
    search: |_, setting| Box::new(Cast::of(&[HANDS_ON_LATE]).search(setting)),
};

const WITHOUT_RECOVERY: Control = Control {
    name: "flush-without-recovery",
    leaves_out: "Never looks into the journal for a write that was cut short.",
    verdicts: &[
        ViolationKind::Torn,
        ViolationKind::Lost,
        ViolationKind::Failed,
    ],
    setting: Setting::kills(2, 1),
    search: |_, setting| Box::new(UNRECOVERED.search(setting)),
};

const FORGETS_THE_LIST: Control = Control {
    name: "totals-forget-the-list",
    leaves_out: "Counts all timings of the list as new, whether the totals have them or not.",
    verdicts: &[ViolationKind::Torn],
    setting: Setting::kills(1, 0),
    search: |_, setting| Box::new(Cast::of(&[FORGETS]).search(setting)),
};

const COUNTS: &[Act] = &[Act::Count];
const ENDS: &[Act] = &[Act::Finalize];
const ENDS_WITH_ITS_OWN: &[Act] = &[Act::Record, Act::Finalize];
const HANDS_ON: &[Act] = &[Act::HandOn];
const COUNTS_AS_A_PEER: &[Act] = &[Act::Peer];

const READS_THEN_EMPTIES: &[Act] = &[Act::Flawed(Flaw::FinalizesInSteps)];
const WRITES_A_SNAPSHOT: &[Act] = &[Act::Flawed(Flaw::FlushesASnapshot)];
const HANDS_ON_LATE: &[Act] = &[Act::Flawed(Flaw::HandsOnAfterTheWindow)];
const FORGETS: &[Act] = &[Act::Flawed(Flaw::ForgetsTheList)];

const TAKES_OR_COMES_LATER: &[Reach] = &[Reach::TakesACall, Reach::ComesLater];

/// Two count while another ends the session, with a call of its own that it has not flushed.
const CALLS: Cast = Cast {
    goals: TAKES_OR_COMES_LATER,
    ..Cast::of(&[COUNTS, ENDS_WITH_ITS_OWN, COUNTS])
};

const TWO_ENDS: Cast = Cast {
    goals: &[Reach::SharesOut],
    ..Cast::of(&[ENDS, COUNTS, HANDS_ON])
};

const FIRST_CALLS: Cast = Cast {
    before: Before::Nothing,
    ..CALLS
};

const HANDED_ON: Cast = Cast {
    goals: &[Reach::TakesACall, Reach::ComesLater, Reach::HandsOnTwice],
    ..Cast::of(&[COUNTS, HANDS_ON, COUNTS])
};

const TWO_PAGES_LONG: Cast = Cast {
    before: Before::CallOnTwoPages,
    ..HANDED_ON
};

const PEERS: Cast = Cast {
    goals: TAKES_OR_COMES_LATER,
    ..Cast::of(&[ENDS, COUNTS_AS_A_PEER, COUNTS])
};

const UNLOCKED: Cast = Cast {
    twin: without_lock,
    ..Cast::of(&[ENDS, COUNTS])
};

const UNLOCKED_FIRST: Cast = Cast {
    twin: without_lock,
    before: Before::Nothing,
    ..Cast::of(&[COUNTS])
};

const UNLOCKED_PEERS: Cast = Cast {
    twin: without_lock,
    ..Cast::of(&[COUNTS, COUNTS_AS_A_PEER])
};

const UNRECOVERED: Cast = Cast {
    twin: without_recovery,
    before: Before::CallOnTwoPages,
    ..Cast::of(&[COUNTS])
};
