//! A path is taken as often as it was new in the queue.
//!
//! Two paths are waiting. One process takes all that there is, a second adds the first of the paths
//! once more and then another one, and a third takes all that there is.

use crate::oracle::{Violation, ViolationKind};
use crate::search::{Goal, Search};
use crate::stores::footing::{FLOCK, Footing};
use crate::stores::scene::{
    Account, Finale, Process, Scene, Verdict, demand, erased, goal, store, sure,
};
use crate::stores::witness::Witness;
use crate::stores::{Control, Ground, Kind, Setting, Subject};
use hookstate::Result;
use hookstate::guard::{Added, Pending};
use hookstate::strategy::{AnyStrategy, Rename};
use std::path::Path;

pub(in crate::stores) const PENDING: Subject = Subject {
    name: "pending",
    kind: Kind::Guards,
    holds: "a path is taken as often as it was new in the queue, and not more often after a kill",
    ground: Ground::Store(&[FLOCK, AnyStrategy::Rename(Rename)], |sound, setting| {
        let footing = Footing::Sound(sound);
        Box::new(take(footing, footing, setting))
    }),
    settings: super::SETTINGS,
    controls: &[UNLOCKED, ADDED_IN_TWO_WINDOWS, TAKEN_IN_TWO_WINDOWS],
};

pub(in crate::stores) const UNLOCKED: Control = Control {
    name: "pending-unlocked",
    leaves_out: "Keeps the queue in a store that unlocks between reading and writing.",
    verdicts: &[ViolationKind::Doubled, ViolationKind::Lost],
    setting: Setting::kills(2, 0),
    search: |_, setting| Box::new(take(Footing::Unlocked, Footing::Unlocked, setting)),
};

pub(in crate::stores) const ADDED_IN_TWO_WINDOWS: Control = Control {
    name: "pending-added-in-two-windows",
    leaves_out: "Looks what is in the queue, and writes it with one more in another window.",
    verdicts: &[ViolationKind::Doubled],
    setting: Setting::kills(2, 0),
    search: |sound, setting| {
        Box::new(take(
            Footing::Sound(sound),
            Footing::TwoWindows(sound),
            setting,
        ))
    },
};

pub(in crate::stores) const TAKEN_IN_TWO_WINDOWS: Control = Control {
    name: "pending-taken-in-two-windows",
    leaves_out: "Looks what is in the queue, and takes it out in another window.",
    verdicts: &[ViolationKind::Lost],
    setting: Setting::kills(2, 0),
    search: |sound, setting| {
        Box::new(take(
            Footing::TwoWindows(sound),
            Footing::Sound(sound),
            setting,
        ))
    },
};

/// Those that are waiting when the processes begin, and one more.
const PATHS: [&str; 3] = ["a", "b", "c"];
const WAITING: usize = 2;

/// How often for each of the paths.
type Times = [usize; PATHS.len()];

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Said {
    /// How often it was told that the path was new in the queue.
    new: Times,
    /// The path that it is about to add.
    adding: Option<usize>,
    /// Whether it is about to take some, or was when it came to its end.
    taking: bool,
    taken: Times,
}

/// With one footing for those who take and one for who adds.
fn take(takes: Footing, adds: Footing, setting: Setting) -> Search<Account<Said>, Violation> {
    let scene = Scene::after(|first| {
        let queue = queue(takes, &erased(first));
        for path in &PATHS[..WAITING] {
            assert_eq!(queue.add(path)?.value, Added::New);
        }
        Ok(())
    });
    let seats = 0..setting.processes;
    let scene = seats.fold(scene, |scene, seat| {
        scene.process(move |process: &Process, said: &mut Said| match seat % 3 {
            1 => said.add_both(&queue(adds, process)),
            _ => said.take(&queue(takes, process)),
        })
    });
    scene
        .judged(setting.budget, move |finale| judge(finale, takes))
        .reaching(goals(setting))
}

type Queue = Pending<Witness, Process>;

fn queue(footing: Footing, process: &Process) -> Queue {
    Pending::over(store(&Witness::of(footing), process))
}

impl Said {
    fn add_both(&mut self, queue: &Queue) -> Result<()> {
        self.add(queue, 0)?;
        self.add(queue, WAITING)
    }

    fn add(&mut self, queue: &Queue, path: usize) -> Result<()> {
        self.adding = Some(path);
        let added = queue.add(PATHS[path])?.value;
        self.new[path] += usize::from(added == Added::New);
        self.adding = None;
        Ok(())
    }

    fn take(&mut self, queue: &Queue) -> Result<()> {
        self.taking = true;
        for path in queue.take(PATHS.len())?.value {
            self.taken[number_of(&path)] += 1;
        }
        self.taking = false;
        Ok(())
    }
}

fn number_of(path: &Path) -> usize {
    let found = PATHS.iter().position(|known| path == Path::new(known));
    found.expect("only these were added")
}

fn judge(finale: &Finale<'_, Said>, footing: Footing) -> Verdict {
    let mut rest = Said::default();
    sure(rest.take(&queue(footing, &erased(finale.newcomer()))))?;
    let is_any_gone = finale.unsure().any(|said| said.taking);
    for (path, name) in PATHS.iter().enumerate() {
        let before = usize::from(path < WAITING);
        let new: usize = before + finale.said().map(|said| said.new[path]).sum::<usize>();
        let unsure = finale.unsure().filter(|said| said.adding == Some(path));
        let unsure = unsure.count();
        let all = finale.said().chain([&rest]);
        let taken: usize = all.map(|said| said.taken[path]).sum();
        let told = || format!("{name} was {new} times new in the queue and taken {taken} times");
        demand(taken <= new + unsure, ViolationKind::Doubled, told)?;
        demand(taken >= new || is_any_gone, ViolationKind::Lost, told)?;
    }
    Ok(())
}

fn goals(setting: Setting) -> Vec<Goal<Account<Said>>> {
    let mut goals = Vec::new();
    if setting.processes > 1 {
        goals.push(goal("a path comes again after it was taken", |finale| {
            finale.said().any(|said: &Said| said.new[0] > 0)
        }));
    }
    if setting.processes > 2 {
        goals.push(goal("a path is taken twice that came twice", |finale| {
            let taken = finale.said().map(|said: &Said| said.taken[0]);
            taken.sum::<usize>() == 2
        }));
    }
    goals
}
