//! After the last event somebody acts on it: one process at a time, and once unless somebody is
//! killed.
//!
//! Each process brings an event, and does what follows from it. The quiet time is zero: a burst is
//! over as soon as a window finds no later event, and what would come during a sleep comes between
//! two windows instead. With a leading edge the quiet time never ends, so that only the first event
//! of all begins a burst, and the others are acted on though it is not quiet (`act_within`).

use super::LONG;
use super::mistakes::{LeavesLate, RoleUnlocked};
use crate::oracle::{DIRECTORY, Violation, ViolationKind};
use crate::search::{Goal, Search};
use crate::sim::SimProcess;
use crate::stores::footing::{FLOCK, Footing};
use crate::stores::scene::{
    Account, Finale, Process, Scene, Verdict, broken, demand, erased, goal, store, sure,
};
use crate::stores::witness::Witness;
use crate::stores::{Control, Ground, Kind, Setting, Subject};
use hookstate::Result;
use hookstate::guard::{Arrival, Debounce, Step, Waiter};
use hookstate::kernel::Kernel;
use hookstate::strategy::AnyStrategy;
use std::path::Path;
use std::time::Duration;

pub(in crate::stores) const DEBOUNCE: Subject = Subject {
    name: "debounce",
    kind: Kind::Guards,
    holds: "the last event is acted on, by one process at a time, and no event twice without a kill",
    ground: Ground::Store(STRATEGIES, |sound, setting| {
        Box::new(bring(Footing::Sound(sound), setting, EVENTS))
    }),
    settings: super::SETTINGS,
    controls: &[
        UNLOCKED,
        IN_TWO_WINDOWS,
        CONFIRMS_FIRST,
        LEAVES_LATE,
        LEAVES_AFTER_ACTING,
    ],
};

pub(in crate::stores) const TAKE_OVER: Subject = Subject {
    name: "take-over",
    kind: Kind::Guards,
    holds: "an event that nobody acts on is taken over, and no other",
    ground: Ground::Store(STRATEGIES, |sound, setting| {
        Box::new(bring(Footing::Sound(sound), setting, TAKEN_OVER))
    }),
    settings: super::SETTINGS,
    controls: &[ROLE_UNLOCKED],
};

pub(in crate::stores) const LEADING: Subject = Subject {
    name: "debounce-leading",
    kind: Kind::Guards,
    holds: "the first event is acted on at once, and the last one too if it is another",
    ground: Ground::Store(STRATEGIES, |sound, setting| {
        Box::new(bring(Footing::Sound(sound), setting, LED))
    }),
    settings: super::SETTINGS,
    controls: &[LEADING_EDGE_ONLY],
};

const STRATEGIES: &[AnyStrategy] = &[FLOCK];

pub(in crate::stores) const UNLOCKED: Control = Control {
    name: "debounce-state-unlocked",
    leaves_out: "Keeps the events in a store that unlocks between reading and writing.",
    verdicts: &[ViolationKind::Lost],
    setting: Setting::kills(2, 0),
    search: |_, setting| Box::new(bring(Footing::Unlocked, setting, EVENTS)),
};

pub(in crate::stores) const IN_TWO_WINDOWS: Control = Control {
    name: "debounce-in-two-windows",
    leaves_out: "Decides what to do in one window, and writes what it did in another.",
    verdicts: &[ViolationKind::Lost],
    setting: Setting::kills(2, 0),
    search: |sound, setting| Box::new(bring(Footing::TwoWindows(sound), setting, EVENTS)),
};

pub(in crate::stores) const CONFIRMS_FIRST: Control = Control {
    name: "debounce-confirms-first",
    leaves_out: "Says that it has acted before it acts.",
    verdicts: &[ViolationKind::Lost],
    setting: Setting::kills(1, 1),
    search: |sound, setting| {
        let conduct = Conduct::ConfirmsFirst;
        Box::new(bring(
            Footing::Sound(sound),
            setting,
            Staging { conduct, ..EVENTS },
        ))
    },
};

pub(in crate::stores) const LEAVES_LATE: Control = Control {
    name: "debounce-leaves-late",
    leaves_out: "Releases the role after the window that has decided to leave.",
    verdicts: &[ViolationKind::Lost],
    setting: Setting::kills(2, 0),
    search: |sound, setting| {
        let around = |process: Process| erased(SimProcess(LeavesLate::new(process.0)));
        Box::new(bring_over(Footing::Sound(sound), setting, EVENTS, around))
    },
};

pub(in crate::stores) const LEAVES_AFTER_ACTING: Control = Control {
    name: "debounce-leaves-after-acting",
    leaves_out: "Leaves after it has acted without looking for a later event.",
    verdicts: &[ViolationKind::Lost],
    setting: Setting::kills(2, 0),
    search: |sound, setting| {
        let conduct = Conduct::LeavesAfterActing;
        Box::new(bring(
            Footing::Sound(sound),
            setting,
            Staging { conduct, ..EVENTS },
        ))
    },
};

pub(in crate::stores) const ROLE_UNLOCKED: Control = Control {
    name: "debounce-role-unlocked",
    leaves_out: "Takes the role without the lock that says whether somebody has it.",
    verdicts: &[ViolationKind::ExclusionBroken],
    setting: Setting::kills(2, 0),
    search: |sound, setting| {
        let around = |process: Process| erased(SimProcess(RoleUnlocked::new(process.0)));
        Box::new(bring_over(
            Footing::Sound(sound),
            setting,
            TAKEN_OVER,
            around,
        ))
    },
};

pub(in crate::stores) const LEADING_EDGE_ONLY: Control = Control {
    name: "debounce-without-trailing-edge",
    leaves_out: "Acts on the first event of a burst, and on no other.",
    verdicts: &[ViolationKind::Lost],
    setting: Setting::kills(2, 0),
    search: |sound, setting| {
        let conduct = Conduct::LeavesAfterActing;
        Box::new(bring(
            Footing::Sound(sound),
            setting,
            Staging { conduct, ..LED },
        ))
    },
};

/// What the processes do.
#[derive(Clone, Copy)]
struct Staging {
    /// Which of them looks for an event to take over instead of bringing one.
    takes_over: Option<usize>,
    leading: bool,
    conduct: Conduct,
}

/// What whoever has the role does with it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Conduct {
    Settles,
    LeavesAfterActing,
    ConfirmsFirst,
}

const EVENTS: Staging = Staging {
    takes_over: None,
    leading: false,
    conduct: Conduct::Settles,
};
const TAKEN_OVER: Staging = Staging {
    takes_over: Some(1),
    ..EVENTS
};
const LED: Staging = Staging {
    leading: true,
    ..EVENTS
};

/// An event and its number, in the order of the windows that noted them.
type Numbered = (u64, usize);

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Said {
    /// Its event, once it is noted.
    noted: Option<Numbered>,
    /// On what it has begun to act.
    begun: Vec<Numbered>,
    /// On what it has acted.
    done: Vec<Numbered>,
    acting: bool,
    has_led: bool,
    has_taken_over: bool,
}

impl Said {
    fn act(&mut self, process: &Process, on: Numbered) {
        self.begun.push(on);
        self.go_on(process);
    }

    fn go_on(&mut self, process: &Process) {
        self.acting = true;
        // Something that the others can notice.
        let _ = process.stat(Path::new(DIRECTORY));
        self.acting = false;
        self.done.extend(self.begun.last());
    }
}

fn bring(footing: Footing, setting: Setting, staging: Staging) -> Search<Account<Said>, Violation> {
    bring_over(footing, setting, staging, |process| process)
}

fn bring_over(
    footing: Footing,
    setting: Setting,
    staging: Staging,
    around: fn(Process) -> Process,
) -> Search<Account<Said>, Violation> {
    let seats = 0..setting.processes;
    let scene = seats.fold(Scene::new(), |scene, seat| {
        scene.process(move |process, said| {
            let events = Events::new(footing, &around(process.clone()), staging);
            match staging.takes_over == Some(seat % 3) {
                true => events.take_over(process, said),
                false => events.bring(process, said, seat),
            }
        })
    });
    scene
        .judged(setting.budget, move |finale| {
            judge(finale, footing, staging)
        })
        .alone(
            |account| account.said.acting,
            broken(
                ViolationKind::ExclusionBroken,
                "two processes acted at the same time",
            ),
        )
        .reaching(goals(setting, staging))
}

/// The guard, as one process has it.
struct Events {
    guard: Debounce<usize, Witness, Process>,
    witness: Witness,
    conduct: Conduct,
}

impl Events {
    fn new(footing: Footing, process: &Process, staging: Staging) -> Self {
        let witness = Witness::of(footing);
        let store = store(&witness, process);
        let guard = match staging.leading {
            true => Debounce::over(store, LONG)
                .leading_edge()
                .act_within(Duration::ZERO),
            false => Debounce::over(store, Duration::ZERO),
        };
        Self {
            guard,
            witness,
            conduct: staging.conduct,
        }
    }

    fn bring(&self, process: &Process, said: &mut Said, event: usize) -> Result<()> {
        let arrival = self.guard.event(event)?.value;
        let noted = (self.number(), event);
        said.noted = Some(noted);
        match arrival {
            Arrival::Merged => Ok(()),
            Arrival::Wait(waiter) => self.settle(waiter, process, said),
            Arrival::Leading(waiter) => {
                said.has_led = true;
                said.act(process, noted);
                match self.conduct {
                    Conduct::LeavesAfterActing => Ok(()),
                    _ => self.settle(waiter, process, said),
                }
            }
        }
    }

    fn take_over(&self, process: &Process, said: &mut Said) -> Result<()> {
        match self.guard.take_over()?.value {
            Some(waiter) => {
                said.has_taken_over = true;
                self.settle(waiter, process, said)
            }
            None => Ok(()),
        }
    }

    fn settle(
        &self,
        mut waiter: Waiter<'_, usize, Witness, Process>,
        process: &Process,
        said: &mut Said,
    ) -> Result<()> {
        match self.conduct {
            Conduct::Settles => {
                let act = |event| said.act(process, (self.number(), event));
                let _ = waiter.settle(act)?;
            }
            Conduct::LeavesAfterActing => {
                if let Step::Act(event) = waiter.step()?.value {
                    said.act(process, (self.number(), event));
                }
            }
            Conduct::ConfirmsFirst => {
                let mut step = waiter.step()?.value;
                while let Step::Act(event) = step {
                    said.begun.push((self.number(), event));
                    step = waiter.step()?.value;
                    said.go_on(process);
                }
            }
        }
        Ok(())
    }

    /// Of the last event that this process has seen in a window.
    fn number(&self) -> u64 {
        let window = self.witness.last();
        window.after["events"].as_u64().unwrap_or_default()
    }
}

fn judge(finale: &Finale<'_, Said>, footing: Footing, staging: Staging) -> Verdict {
    let rest = acted_by_newcomer(finale, footing, staging)?;
    if finale.is_undisturbed() {
        demand(rest.begun.is_empty(), ViolationKind::Lost, || {
            "an event is pending and nobody is there to act on it".to_owned()
        })?;
        check_none_twice(finale)?;
    }
    let done: Vec<Numbered> = finale
        .said()
        .chain([&rest])
        .flat_map(|said| said.done.iter().copied())
        .collect();
    finale
        .said()
        .filter_map(|said| said.noted)
        .try_for_each(|noted| check_acted(noted, &done))
}

/// What is left for somebody who comes when all others have ended.
fn acted_by_newcomer(
    finale: &Finale<'_, Said>,
    footing: Footing,
    staging: Staging,
) -> std::result::Result<Said, Violation> {
    let newcomer = erased(finale.newcomer());
    let conduct = Conduct::Settles;
    let staging = Staging { conduct, ..staging };
    let mut rest = Said::default();
    sure(Events::new(footing, &newcomer, staging).take_over(&newcomer, &mut rest))?;
    Ok(rest)
}

fn check_none_twice(finale: &Finale<'_, Said>) -> Verdict {
    let mut begun: Vec<Numbered> = finale
        .said()
        .flat_map(|said| said.begun.iter().copied())
        .collect();
    begun.sort_unstable();
    let twice = begun.windows(2).find(|pair| pair[0] == pair[1]);
    demand(twice.is_none(), ViolationKind::Doubled, || {
        "an event was acted on twice although nobody was killed".to_owned()
    })
}

/// It, or a later one.
fn check_acted(noted: Numbered, done: &[Numbered]) -> Verdict {
    let (number, event) = noted;
    let mut done = done.iter();
    let is_acted = done.any(|&acted| acted == noted || acted.0 > number);
    demand(is_acted, ViolationKind::Lost, || {
        format!(
            "nobody acted on the event of p{} or on a later one",
            event + 1
        )
    })
}

fn goals(setting: Setting, staging: Staging) -> Vec<Goal<Account<Said>>> {
    let mut goals = Vec::new();
    if staging.takes_over.is_none() && setting.processes > 1 {
        goals.push(goal("one process acts on the event of another", |finale| {
            finale.said().any(|said: &Said| {
                let mut begun = said.begun.iter();
                begun.any(|&on| said.noted.is_some_and(|noted| noted != on))
            })
        }));
    }
    if staging.leading && setting.processes > 1 {
        goals.push(goal("the first acts at once and another later", |finale| {
            finale.said().any(|said: &Said| said.has_led)
                && finale
                    .said()
                    .any(|said| !said.has_led && !said.done.is_empty())
        }));
    }
    if staging.takes_over.is_some() && setting.processes > 1 && setting.budget.kills > 0 {
        goals.push(goal(
            "the event of one who was killed is taken over",
            |finale| {
                finale
                    .said()
                    .any(|said: &Said| said.has_taken_over && !said.done.is_empty())
            },
        ));
    }
    goals
}
