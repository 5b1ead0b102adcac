//! At most so many inside, and the slot of one who is killed is free at once.
//!
//! Each process waits for a slot, takes the sign of that slot along, hangs it up again, and leaves;
//! where there is one slot, twice. So whoever misses the sign is in the slot of one who was killed
//! inside. A wait has no end in the search, so whoever waits for a slot that nobody frees is
//! stuck.

use crate::oracle::{DIRECTORY, Violation, ViolationKind};
use crate::search::{Goal, Search};
use crate::sim::{AnyDoor, Door, Fd, Reply, Request, SimProcess};
use crate::stores::scene::{
    Account, Finale, NAME, Process, Scene, Verdict, broken, demand, erased, goal, sure,
    without_lock,
};
use crate::stores::{Control, Ground, Kind, Setting, Subject};
use hookstate::guard::Slots;
use hookstate::kernel::{Access, Errno, FlockOperation, Kernel, OpenHow};
use hookstate::strategy::Flock;
use hookstate::{NoDelta, Result, State, Store};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(in crate::stores) const SLOTS: Subject = Subject {
    name: "slots",
    kind: Kind::Guards,
    holds: "never more than two inside of two slots, and a slot of one who is killed is free at once",
    ground: Ground::Locks(|setting| Box::new(visits(setting, TWO, unchanged))),
    settings: super::SETTINGS,
    controls: &[COUNTED, COUNTED_FOR_EVER],
};

pub(in crate::stores) const ONE_SLOT: Subject = Subject {
    name: "one-slot",
    kind: Kind::Guards,
    holds: "never more than one inside of one slot, and it is free at once if that one is killed",
    ground: Ground::Locks(|setting| Box::new(visits(setting, ONE_TWICE, unchanged))),
    settings: super::SETTINGS,
    controls: &[UNLOCKED, GIVES_UP, KEPT, REMOVED],
};

pub(in crate::stores) const COUNTED: Control = Control {
    name: "slots-looked-at-then-taken",
    leaves_out: "Looks how many are inside, and adds itself in another window.",
    verdicts: &[ViolationKind::ExclusionBroken],
    setting: Setting::kills(3, 0),
    search: |_, setting| Box::new(counted(setting, TWO, Windows::Two)),
};

pub(in crate::stores) const COUNTED_FOR_EVER: Control = Control {
    name: "slots-counted-for-ever",
    leaves_out: "Counts who is inside, in one window, instead of holding locks.",
    verdicts: &[ViolationKind::Stuck],
    setting: Setting::kills(2, 1),
    search: |_, setting| Box::new(counted(setting, ONE, Windows::One)),
};

pub(in crate::stores) const UNLOCKED: Control = Control {
    name: "slots-unlocked",
    leaves_out: "Takes no lock of the slot and believes that it has it.",
    verdicts: &[ViolationKind::ExclusionBroken],
    setting: Setting::kills(2, 0),
    search: |_, setting| {
        let around = |process: Process| SimProcess(without_lock(process.0));
        Box::new(visits(setting, ONE_TWICE, around))
    },
};

pub(in crate::stores) const GIVES_UP: Control = Control {
    name: "slots-gives-up",
    leaves_out: "Does not try again when all slots are held.",
    verdicts: &[ViolationKind::Failed],
    setting: Setting::kills(2, 0),
    search: |_, setting| {
        Box::new(searched(setting, ONE, |process, said| {
            let slots = Slots::with(DIRECTORY, NAME, 1, process.clone());
            if let Some(slot) = slots.try_acquire()? {
                said.stays_inside(process, slot.number());
            }
            Ok(())
        }))
    },
};

pub(in crate::stores) const KEPT: Control = Control {
    name: "slots-kept",
    leaves_out: "Neither unlocks nor closes the file of its slot when it leaves.",
    verdicts: &[ViolationKind::Stuck],
    setting: Setting::kills(1, 0),
    search: |_, setting| {
        let around = |process: Process| erased(SimProcess(KeepsTheSlot::new(process.0)));
        Box::new(visits(setting, ONE_TWICE, around))
    },
};

pub(in crate::stores) const REMOVED: Control = Control {
    name: "slots-removed",
    leaves_out: "Removes the file of its slot when it leaves.",
    verdicts: &[ViolationKind::ExclusionBroken],
    setting: Setting::kills(3, 0),
    search: |_, setting| {
        let around = |process: Process| erased(SimProcess(RemovesTheFile::new(process.0)));
        Box::new(visits(setting, ONE_TWICE, around))
    },
};

/// How many slots there are, and how often each process comes.
#[derive(Clone, Copy)]
struct Staging {
    slots: usize,
    visits: usize,
}

const TWO: Staging = Staging {
    slots: 2,
    visits: 1,
};
const ONE: Staging = Staging { slots: 1, ..TWO };
const ONE_TWICE: Staging = Staging { visits: 2, ..ONE };

/// Longer than any wait.
const FOR_EVER: Duration = Duration::MAX;

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Said {
    inside: bool,
    /// The slot that it got last.
    number: Option<usize>,
    /// The slots in which it has missed the sign.
    without_sign: Vec<usize>,
    visits: usize,
}

impl Said {
    fn stays_inside(&mut self, process: &Process, number: usize) {
        self.inside = true;
        self.number = Some(number);
        self.visits += 1;
        let (free, taken) = signs(number);
        if process.rename(&free, &taken) == Err(Errno::NOENT) {
            self.without_sign.push(number);
        }
        // Where a call is made to fail, a sign may be lost; only kills are told by them.
        let _ = process.rename(&taken, &free);
        self.inside = false;
    }
}

/// What the sign of a slot is called when nobody is inside, and when somebody is.
fn signs(number: usize) -> (PathBuf, PathBuf) {
    let named = |state: &str| Path::new(DIRECTORY).join(format!("{number}-is-{state}"));
    (named("free"), named("taken"))
}

/// All signs are there.
fn scene(slots: usize) -> Scene<Said> {
    Scene::after(|first| {
        for number in 1..=slots {
            let (free, _) = signs(number);
            let how = OpenHow::or_create(Access::ReadWrite);
            first.close(first.open(&free, how).expect("an empty directory"));
        }
        Ok(())
    })
}

fn unchanged(process: Process) -> Process {
    process
}

fn visits(
    setting: Setting,
    staging: Staging,
    around: fn(Process) -> Process,
) -> Search<Account<Said>, Violation> {
    searched(setting, staging, move |process, said| {
        let slots = Slots::with(DIRECTORY, NAME, staging.slots, around(process.clone()));
        for _ in 0..staging.visits {
            if let Some(slot) = slots.acquire_within(FOR_EVER)? {
                said.stays_inside(process, slot.number());
            }
        }
        Ok(())
    })
}

fn searched(
    setting: Setting,
    staging: Staging,
    act: impl Fn(&Process, &mut Said) -> Result<()> + Clone + Send + Sync + 'static,
) -> Search<Account<Said>, Violation> {
    let seats = 0..setting.processes;
    let scene = seats.fold(scene(staging.slots), |scene, _| scene.process(act.clone()));
    scene
        .judged(setting.budget, move |finale| judge(finale, staging))
        .at_most(
            staging.slots,
            |account| account.said.inside,
            broken(
                ViolationKind::ExclusionBroken,
                "more processes were inside than there are slots",
            ),
        )
        .reaching(goals(setting, staging.slots))
}

/// Everybody had a slot as often as it came, and nobody is left in one.
fn judge(finale: &Finale<'_, Said>, staging: Staging) -> Verdict {
    let number = staging.slots;
    let all_in = finale.finished().all(|said| said.visits == staging.visits);
    demand(all_in, ViolationKind::Failed, || {
        "one was turned away although its time was not up".to_owned()
    })?;
    let slots = Slots::with(DIRECTORY, NAME, number, erased(finale.newcomer()));
    let mut held = Vec::new();
    while let Some(slot) = sure(slots.try_acquire())? {
        held.push(slot);
    }
    demand(held.len() == number, ViolationKind::Lost, || {
        format!(
            "{} of {number} slots are free when all have left",
            held.len()
        )
    })
}

fn goals(setting: Setting, slots: usize) -> Vec<Goal<Account<Said>>> {
    let mut goals = vec![goal(
        "everybody has been inside",
        |finale: &Finale<'_, _>| finale.said().all(|said: &Said| said.number.is_some()),
    )];
    if (2..=setting.processes).contains(&slots) {
        goals.push(goal(
            "the last slot is taken",
            move |finale: &Finale<'_, _>| {
                finale.said().any(|said: &Said| said.number == Some(slots))
            },
        ));
    }
    if setting.processes > 1 && setting.budget.kills > 0 {
        goals.push(goal(
            "somebody gets the slot in which another was killed while it was inside",
            |finale: &Finale<'_, _>| {
                let mut finished = finale.finished();
                finished.any(|said: &Said| !said.without_sign.is_empty())
            },
        ));
    }
    goals
}

/// Never lets go of a lock that it has.
#[derive(Debug)]
struct KeepsTheSlot {
    door: AnyDoor,
    kept: RefCell<BTreeSet<Fd>>,
}

impl KeepsTheSlot {
    fn new(door: AnyDoor) -> Self {
        let kept = RefCell::default();
        Self { door, kept }
    }
}

impl Door for KeepsTheSlot {
    fn call(&self, request: Request) -> hookstate::kernel::Result<Reply> {
        match request {
            Request::Flock {
                fd,
                operation: FlockOperation::Unlock,
            } => {
                self.kept.borrow_mut().insert(fd);
                Ok(Reply::Unit)
            }
            Request::Close { fd } if self.kept.borrow().contains(&fd) => Ok(Reply::Unit),
            other => self.door.call(other),
        }
    }
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

fn counted(
    setting: Setting,
    staging: Staging,
    windows: Windows,
) -> Search<Account<Said>, Violation> {
    searched(setting, staging, move |process, said| {
        let count: Store<Count, _, _> = Store::with(DIRECTORY, "count", Flock, process.clone());
        while !is_let_in(&count, staging.slots, windows)? {
            process.sched_yield();
        }
        said.stays_inside(process, 1);
        let _ = count.locked_modify(|count| count.0 -= 1)?;
        Ok(())
    })
}

fn is_let_in(count: &Store<Count, Flock, Process>, most: usize, windows: Windows) -> Result<bool> {
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
