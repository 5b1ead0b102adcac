//! At most so many inside, and the slot of one who is killed is free at once.
//!
//! Each process waits for a slot, does something that others can notice, and leaves. A wait has no
//! end in the search, so whoever waits for a slot that nobody frees is stuck.

use super::NAME;
use crate::oracle::{DIRECTORY, Violation, ViolationKind};
use crate::search::{Goal, Search};
use crate::sim::{AnyDoor, Door, Fd, Reply, Request, SimProcess};
use crate::stores::scene::{Account, Finale, Process, Scene, Verdict, broken, demand, goal, sure};
use crate::stores::{Control, Ground, Kind, Setting, Subject};
use crate::twin::WithoutLock;
use hookstate::guard::Slots;
use hookstate::kernel::{FlockOperation, Kernel, Watched};
use hookstate::strategy::Flock;
use hookstate::{NoDelta, Result, State, Store};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(in crate::stores) const SLOTS: Subject = Subject {
    name: "slots",
    kind: Kind::Guards,
    holds: "never more than two inside of two slots, and a slot of one who is killed is free at once",
    ground: Ground::Locks(|setting| Box::new(visits::<2>(setting))),
    settings: SETTINGS,
    controls: &[COUNTED, COUNTED_FOR_EVER],
};

pub(in crate::stores) const ONE_SLOT: Subject = Subject {
    name: "one-slot",
    kind: Kind::Guards,
    holds: "never more than one inside of one slot, and it is free at once if that one is killed",
    ground: Ground::Locks(|setting| Box::new(visits::<1>(setting))),
    settings: SETTINGS,
    controls: &[UNLOCKED, REMOVED],
};

const SETTINGS: &[Setting] = &[
    Setting::kills(3, 1),
    Setting::kills(2, 2),
    Setting::failing(2),
];

const COUNTED: Control = Control {
    name: "slots-looked-at-then-taken",
    leaves_out: "Looks how many are inside, and adds itself in another window.",
    verdicts: &[ViolationKind::ExclusionBroken],
    setting: Setting::kills(3, 0),
    search: |setting| Box::new(counted::<2>(setting, Windows::Two)),
};

const COUNTED_FOR_EVER: Control = Control {
    name: "slots-counted-for-ever",
    leaves_out: "Counts who is inside, in one window, instead of holding locks.",
    verdicts: &[ViolationKind::Stuck],
    setting: Setting::kills(2, 1),
    search: |setting| Box::new(counted::<1>(setting, Windows::One)),
};

const UNLOCKED: Control = Control {
    name: "slots-unlocked",
    leaves_out: "Takes no lock of the slot and believes that it has it.",
    verdicts: &[ViolationKind::ExclusionBroken],
    setting: Setting::kills(2, 0),
    search: |setting| {
        let around = |process| Watched::new(process, WithoutLock);
        Box::new(visits_over::<1, _>(setting, around))
    },
};

const REMOVED: Control = Control {
    name: "slots-removed",
    leaves_out: "Removes the file of its slot when it leaves.",
    verdicts: &[ViolationKind::ExclusionBroken],
    setting: Setting::kills(3, 0),
    search: |setting| {
        let around = |process: Process| SimProcess(RemovesTheFile::new(process.0));
        Box::new(visits_over::<1, _>(setting, around))
    },
};

/// Longer than any wait.
const FOR_EVER: Duration = Duration::MAX;

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Said {
    inside: bool,
    /// The slot that it got.
    number: Option<usize>,
}

impl Said {
    fn stays_inside(&mut self, process: &Process, number: usize) {
        self.inside = true;
        self.number = Some(number);
        // Something that the others can notice.
        let _ = process.stat(Path::new(DIRECTORY));
        self.inside = false;
    }
}

fn visits<const SLOTS: usize>(setting: Setting) -> Search<Account<Said>, Violation> {
    visits_over::<SLOTS, _>(setting, |process| process)
}

fn visits_over<const SLOTS: usize, K: Kernel + 'static>(
    setting: Setting,
    around: fn(Process) -> K,
) -> Search<Account<Said>, Violation> {
    searched::<SLOTS>(setting, move |process, said| {
        let slots = Slots::with(DIRECTORY, NAME, SLOTS, around(process.clone()));
        let slot = slots.acquire_within(FOR_EVER)?;
        let slot = slot.expect("the time is never up");
        said.stays_inside(process, slot.number());
        drop(slot);
        Ok(())
    })
}

fn searched<const SLOTS: usize>(
    setting: Setting,
    act: impl Fn(&Process, &mut Said) -> Result<()> + Clone + Send + Sync + 'static,
) -> Search<Account<Said>, Violation> {
    let seats = 0..setting.processes;
    let scene = seats.fold(Scene::new(), |scene, _| scene.process(act.clone()));
    scene
        .judged(setting.budget, judge::<SLOTS>)
        .at_most(
            SLOTS,
            |account| account.said.inside,
            broken(
                ViolationKind::ExclusionBroken,
                "more processes were inside than there are slots",
            ),
        )
        .reaching(goals::<SLOTS>(setting))
}

/// Nobody is left in a slot.
fn judge<const SLOTS: usize>(finale: &Finale<'_, Said>) -> Verdict {
    let slots = Slots::with(DIRECTORY, NAME, SLOTS, finale.newcomer());
    let mut held = Vec::new();
    while let Some(slot) = sure(slots.try_acquire())? {
        held.push(slot);
    }
    demand(held.len() == SLOTS, ViolationKind::Lost, || {
        format!(
            "{} of {SLOTS} slots are free when all have left",
            held.len()
        )
    })
}

fn goals<const SLOTS: usize>(setting: Setting) -> Vec<Goal<Account<Said>>> {
    let mut goals = vec![goal(
        "everybody has been inside",
        |finale: &Finale<'_, _>| finale.said().all(|said: &Said| said.number.is_some()),
    )];
    if SLOTS > 1 {
        goals.push(goal("the last slot is taken", |finale: &Finale<'_, _>| {
            finale.said().any(|said: &Said| said.number == Some(SLOTS))
        }));
    }
    if setting.budget.kills > 0 {
        goals.push(goal(
            "somebody gets the slot in which another was killed",
            |finale: &Finale<'_, _>| {
                let killed = finale.said().find(|said: &&Said| said.inside);
                killed.is_some_and(|killed| {
                    let mut finished = finale.finished();
                    finished.any(|said| said.number == killed.number)
                })
            },
        ));
    }
    goals
}

/// Leaves no file behind, as it believes.
#[derive(Debug)]
struct RemovesTheFile {
    door: AnyDoor,
    open: RefCell<BTreeMap<Fd, PathBuf>>,
}

impl RemovesTheFile {
    fn new(door: AnyDoor) -> Self {
        let open = RefCell::default();
        Self { door, open }
    }
}

impl Door for RemovesTheFile {
    fn call(&self, request: Request) -> hookstate::kernel::Result<Reply> {
        let answer = self.door.call(request.clone());
        match (request, &answer) {
            (Request::Open { path, .. }, Ok(Reply::Fd(fd))) => {
                self.open.borrow_mut().insert(*fd, path);
            }
            (
                Request::Flock {
                    fd,
                    operation: FlockOperation::Unlock,
                },
                Ok(_),
            ) => {
                let path = self.open.borrow_mut().remove(&fd);
                // That another was quicker is no harm, as it believes.
                let _ = path.map(|path| self.door.call(Request::Unlink { path }));
            }
            _ => {}
        }
        answer
    }
}

/// A counter of those who are inside.
#[derive(Default, Serialize, Deserialize)]
struct Count(usize);

impl State for Count {
    type Delta = NoDelta;

    fn apply(&mut self, delta: &NoDelta) {
        match *delta {}
    }
}

/// How many windows it takes to go in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Windows {
    One,
    /// One to look and one to add.
    Two,
}

fn counted<const SLOTS: usize>(
    setting: Setting,
    windows: Windows,
) -> Search<Account<Said>, Violation> {
    searched::<SLOTS>(setting, move |process, said| {
        let count: Store<Count, _, _> = Store::with(DIRECTORY, "count", Flock, process.clone());
        while !is_let_in(&count, SLOTS, windows)? {
            process.sched_yield();
        }
        said.stays_inside(process, 1);
        let _ = count.locked_modify(|count| count.0 -= 1)?;
        Ok(())
    })
}

fn is_let_in<K: Kernel>(
    count: &Store<Count, Flock, K>,
    most: usize,
    windows: Windows,
) -> Result<bool> {
    if windows == Windows::Two && count.read()?.value.0 >= most {
        return Ok(false);
    }
    let outcome = count.try_locked_modify(|count| {
        if windows == Windows::One && count.0 >= most {
            return Err(());
        }
        count.0 += 1;
        Ok(())
    })?;
    Ok(outcome.value.is_ok())
}
