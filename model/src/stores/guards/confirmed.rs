//! A path is dealt with at least once, and never again once that is confirmed.
//!
//! A path is waiting. Two processes take what there is, deal with it and confirm that. For the
//! second of them the time of every batch is up, so it is given what the first has not confirmed. A
//! third adds the path once more.

use super::{LONG, later};
use crate::oracle::{DIRECTORY, Violation, ViolationKind};
use crate::search::{Goal, Search};
use crate::stores::footing::{FLOCK, Footing};
use crate::stores::scene::{
    Account, Finale, Process, Scene, Verdict, demand, erased, goal, store, sure,
};
use crate::stores::witness::Witness;
use crate::stores::{Control, Ground, Kind, Setting, Subject};
use hookstate::Result;
use hookstate::guard::{Added, Batch, Pending};
use hookstate::kernel::Kernel;
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

pub(in crate::stores) const CONFIRMED: Subject = Subject {
    name: "pending-confirm",
    kind: Kind::Guards,
    holds: "a path is dealt with at least once, never again once that is confirmed, and a late \
            confirmation changes nothing",
    ground: Ground::Store(&[FLOCK], |sound, setting| {
        Box::new(deal(Footing::Sound(sound), setting, SHIPPING))
    }),
    settings: super::SETTINGS,
    controls: &[
        UNLOCKED,
        IN_TWO_WINDOWS,
        NEVER_GIVEN_BACK,
        WITHOUT_NUMBERS,
        CONFIRMED_FIRST,
    ],
};

pub(in crate::stores) const UNLOCKED: Control = Control {
    name: "pending-confirm-unlocked",
    leaves_out: "Keeps the batches in a store that unlocks between reading and writing.",
    verdicts: &[ViolationKind::Doubled],
    setting: Setting::kills(2, 0),
    search: |_, setting| Box::new(deal(Footing::Unlocked, setting, SHIPPING)),
};

pub(in crate::stores) const IN_TWO_WINDOWS: Control = Control {
    name: "pending-confirm-in-two-windows",
    leaves_out: "Looks which batch there is, and takes it in another window.",
    verdicts: &[ViolationKind::Doubled],
    setting: Setting::kills(2, 0),
    search: |sound, setting| Box::new(deal(Footing::TwoWindows(sound), setting, SHIPPING)),
};

pub(in crate::stores) const NEVER_GIVEN_BACK: Control = Control {
    name: "pending-never-given-back",
    leaves_out: "Waits for the confirmation of a batch without a limit.",
    verdicts: &[ViolationKind::Lost],
    setting: Setting::kills(1, 1),
    search: |sound, setting| {
        let confirm_within = Duration::MAX;
        let terms = Terms {
            confirm_within,
            ..SHIPPING
        };
        Box::new(deal(Footing::Sound(sound), setting, terms))
    },
};

pub(in crate::stores) const WITHOUT_NUMBERS: Control = Control {
    name: "pending-without-numbers",
    leaves_out: "Takes any confirmation for one of whatever batch there is.",
    verdicts: &[ViolationKind::Undead],
    setting: Setting::kills(2, 0),
    search: |sound, setting| {
        let terms = Terms {
            looks_at_numbers: false,
            ..SHIPPING
        };
        Box::new(deal(Footing::Sound(sound), setting, terms))
    },
};

pub(in crate::stores) const CONFIRMED_FIRST: Control = Control {
    name: "pending-confirmed-first",
    leaves_out: "Confirms a batch before it deals with it.",
    verdicts: &[ViolationKind::Lost],
    setting: Setting::kills(1, 1),
    search: |sound, setting| {
        let terms = Terms {
            deals_first: false,
            ..SHIPPING
        };
        Box::new(deal(Footing::Sound(sound), setting, terms))
    },
};

#[derive(Clone, Copy)]
struct Terms {
    confirm_within: Duration,
    looks_at_numbers: bool,
    deals_first: bool,
}

const SHIPPING: Terms = Terms {
    confirm_within: LONG,
    looks_at_numbers: true,
    deals_first: true,
};

const PATH: &str = "a";

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Said {
    /// That the path was new in the queue, after so many batches.
    new_after: Option<u64>,
    is_adding: bool,
    /// The number of the batch that it was given.
    batch: Option<u64>,
    has_dealt: bool,
    confirmation: Option<Confirmation>,
}

/// What became of its confirmation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Confirmation {
    counted: bool,
    /// Whether a batch of that number was there in that window.
    was_there: bool,
    changed: bool,
}

fn deal(footing: Footing, setting: Setting, terms: Terms) -> Search<Account<Said>, Violation> {
    let scene = Scene::after(|first| {
        let added = Queue::new(footing, &erased(first), terms)
            .guard
            .add(PATH)?
            .value;
        assert_eq!(added, Added::New);
        Ok(())
    });
    let seats = 0..setting.processes;
    let scene = seats.fold(scene, |scene, seat| {
        scene.process(move |process, said| match seat % 3 {
            0 => Queue::new(footing, process, terms).deal(said),
            1 => Queue::new(footing, &later(LONG, process.clone()), terms).deal(said),
            _ => Queue::new(footing, process, terms).add(said),
        })
    });
    scene
        .judged(setting.budget, move |finale| judge(finale, footing, terms))
        .reaching(goals(setting))
}

/// The guard, as one process has it.
struct Queue {
    guard: Pending<Witness, Process>,
    witness: Witness,
    process: Process,
    terms: Terms,
}

impl Queue {
    fn new(footing: Footing, process: &Process, terms: Terms) -> Self {
        let witness = Witness::of(footing);
        Self {
            guard: Pending::over(store(&witness, process)).confirm_within(terms.confirm_within),
            witness,
            process: process.clone(),
            terms,
        }
    }

    fn add(&self, said: &mut Said) -> Result<()> {
        said.is_adding = true;
        if self.guard.add(PATH)?.value == Added::New {
            said.new_after = self.witness.last().after["batches"].as_u64();
        }
        said.is_adding = false;
        Ok(())
    }

    fn deal(&self, said: &mut Said) -> Result<()> {
        let Some(batch) = self.guard.take_to_confirm(usize::MAX)?.value else {
            return Ok(());
        };
        said.batch = Some(number_of(&batch));
        if self.terms.deals_first {
            self.work(said);
        }
        self.confirm(batch, said)?;
        if !self.terms.deals_first {
            self.work(said);
        }
        Ok(())
    }

    fn work(&self, said: &mut Said) {
        // Something that the others can notice.
        let _ = self.process.stat(Path::new(DIRECTORY));
        said.has_dealt = true;
    }

    fn confirm(&self, batch: Batch, said: &mut Said) -> Result<()> {
        let number = number_of(&batch);
        if !self.terms.looks_at_numbers {
            self.witness.misread(move |state| {
                for batch in batches_in(state) {
                    batch["number"] = number.into();
                }
            });
        }
        let counted = self.guard.confirm(batch)?.value;
        let mut window = self.witness.last();
        let changed = window.changed;
        let was_there = batches_in(&mut window.before).any(|batch| batch["number"] == number);
        said.confirmation = Some(Confirmation {
            counted,
            was_there,
            changed,
        });
        Ok(())
    }
}

fn batches_in(state: &mut Value) -> impl Iterator<Item = &mut Value> {
    state["taken"].as_array_mut().into_iter().flatten()
}

fn number_of(batch: &Batch) -> u64 {
    let batch = serde_json::to_value(batch).expect("a batch is plain data");
    batch["number"].as_u64().unwrap_or_default()
}

fn judge(finale: &Finale<'_, Said>, footing: Footing, terms: Terms) -> Verdict {
    finale.said().try_for_each(check_confirmation)?;
    check_numbers(finale)?;
    let much_later = later(2 * LONG, finale.newcomer());
    let mut rest = Said::default();
    sure(Queue::new(footing, &much_later, terms).deal(&mut rest))?;
    check_none_again(finale, &rest)?;
    let all: Vec<&Said> = finale.said().chain([&rest]).collect();
    check_dealt(0, &all)?;
    let mut new = finale.said().filter_map(|said| said.new_after);
    new.try_for_each(|after| check_dealt(after, &all))
}

/// It counts for its own batch, if that is still there, and otherwise changes nothing.
fn check_confirmation(said: &Said) -> Verdict {
    let Some(confirmation) = said.confirmation else {
        return Ok(());
    };
    demand(
        confirmation.was_there || !confirmation.changed,
        ViolationKind::Undead,
        || "a late confirmation has changed the state".to_owned(),
    )?;
    demand(
        confirmation.counted == confirmation.was_there,
        ViolationKind::Lost,
        || "a confirmation was told the opposite of what it was".to_owned(),
    )
}

/// Each batch is given to one process.
fn check_numbers(finale: &Finale<'_, Said>) -> Verdict {
    let mut numbers: Vec<u64> = finale.said().filter_map(|said| said.batch).collect();
    let count = numbers.len();
    numbers.sort_unstable();
    numbers.dedup();
    demand(numbers.len() == count, ViolationKind::Doubled, || {
        "two processes were given the same batch".to_owned()
    })
}

/// Each time that the path was new it is confirmed or left, and not both.
fn check_none_again(finale: &Finale<'_, Said>, rest: &Said) -> Verdict {
    let is_confirmed = |said: &&Said| said.confirmation.is_some_and(|it| it.counted);
    let confirmed = finale.said().filter(is_confirmed).count();
    let left = usize::from(rest.batch.is_some());
    let added = finale.said().filter(|said| said.new_after.is_some());
    let perhaps = finale.unsure().filter(|said| said.is_adding);
    let new = 1 + added.count() + perhaps.count();
    demand(confirmed + left <= new, ViolationKind::Doubled, || {
        format!("the path was new {new} times, confirmed {confirmed} times and left {left} times")
    })
}

/// The path that was new after so many batches was dealt with in a later one.
fn check_dealt(after: u64, all: &[&Said]) -> Verdict {
    let mut later = all
        .iter()
        .filter(|said| said.batch.is_some_and(|it| it > after));
    demand(
        later.any(|said| said.has_dealt),
        ViolationKind::Lost,
        || format!("nobody has dealt with the path that came after {after} batches"),
    )
}

fn goals(setting: Setting) -> Vec<Goal<Account<Said>>> {
    let mut goals = vec![goal("a batch is confirmed", |finale| {
        let mut said = finale.said();
        said.any(|said: &Said| said.confirmation.is_some_and(|it| it.counted))
    })];
    if setting.processes > 1 {
        goals.push(goal("a confirmation comes too late", |finale| {
            let mut said = finale.said();
            said.any(|said: &Said| said.confirmation.is_some_and(|it| !it.counted))
        }));
    }
    if setting.processes > 2 {
        goals.push(goal(
            "the path is added again while it is dealt with",
            |finale| finale.said().any(|said: &Said| said.new_after.is_some()),
        ));
    }
    goals
}
