//! One probe for each generation that is half-open, and late reports change nothing.
//!
//! The breaker is open when the processes begin, and has cooled down. Each asks, probes if it is let
//! through, and reports. For the second the time of every probe is up, so it takes the place of
//! whoever is probing, whose report is then late. For the others it never is.

use super::{LONG, later};
use crate::oracle::{Violation, ViolationKind};
use crate::search::{Goal, Search};
use crate::stores::footing::{FLOCK, Footing};
use crate::stores::scene::{
    Account, Finale, Process, Scene, Verdict, demand, erased, goal, store, sure,
};
use crate::stores::witness::Witness;
use crate::stores::{Control, Ground, Kind, Setting, Subject};
use hookstate::Result;
use hookstate::guard::{Admission, CircuitBreaker, Permit, Report};
use hookstate::strategy::{AnyStrategy, Rename};
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

pub(in crate::stores) const BREAKER: Subject = Subject {
    name: "breaker",
    kind: Kind::Guards,
    holds: "one probe for each half-open generation, replaced when its time is up, and late reports \
            change nothing",
    ground: Ground::Store(&[FLOCK, AnyStrategy::Rename(Rename)], |sound, setting| {
        Box::new(probes(Footing::Sound(sound), setting, SHIPPING))
    }),
    settings: super::SETTINGS,
    controls: &[
        UNLOCKED,
        IN_TWO_WINDOWS,
        WITHOUT_GENERATIONS,
        WITHOUT_TIME_LIMIT,
        WITHOUT_PATIENCE,
        FORGETS_REPORTS,
    ],
};

pub(in crate::stores) const UNLOCKED: Control = Control {
    name: "breaker-unlocked",
    leaves_out: "Keeps its state in a store that unlocks between reading and writing.",
    verdicts: &[ViolationKind::Doubled],
    setting: Setting::kills(2, 0),
    search: |_, setting| Box::new(probes(Footing::Unlocked, setting, SHIPPING)),
};

pub(in crate::stores) const IN_TWO_WINDOWS: Control = Control {
    name: "breaker-in-two-windows",
    leaves_out: "Decides whom to let through, and writes that it has in another window.",
    verdicts: &[ViolationKind::Doubled],
    setting: Setting::kills(2, 0),
    search: |sound, setting| Box::new(probes(Footing::TwoWindows(sound), setting, SHIPPING)),
};

pub(in crate::stores) const WITHOUT_GENERATIONS: Control = Control {
    name: "breaker-without-generations",
    leaves_out: "Takes any report for one of the present generation.",
    verdicts: &[ViolationKind::Undead],
    setting: Setting::kills(2, 0),
    search: |sound, setting| {
        let terms = Terms {
            looks_at_generations: false,
            ..SHIPPING
        };
        Box::new(probes(Footing::Sound(sound), setting, terms))
    },
};

pub(in crate::stores) const WITHOUT_TIME_LIMIT: Control = Control {
    name: "breaker-without-time-limit",
    leaves_out: "Waits for the report of a probe without a limit.",
    verdicts: &[ViolationKind::Stuck],
    setting: Setting::kills(1, 1),
    search: |sound, setting| {
        let probe_timeout = Duration::MAX;
        let terms = Terms {
            probe_timeout,
            ..SHIPPING
        };
        Box::new(probes(Footing::Sound(sound), setting, terms))
    },
};

pub(in crate::stores) const WITHOUT_PATIENCE: Control = Control {
    name: "breaker-without-patience",
    leaves_out: "Replaces a probe before its time is up.",
    verdicts: &[ViolationKind::Doubled],
    setting: Setting::kills(2, 0),
    search: |sound, setting| {
        let probe_timeout = Duration::ZERO;
        let terms = Terms {
            probe_timeout,
            ..SHIPPING
        };
        Box::new(probes(Footing::Sound(sound), setting, terms))
    },
};

pub(in crate::stores) const FORGETS_REPORTS: Control = Control {
    name: "breaker-forgets-reports",
    leaves_out: "Says that a report has counted, and does not write what follows from it.",
    verdicts: &[ViolationKind::Lost],
    setting: Setting::kills(1, 0),
    search: |sound, setting| {
        let terms = Terms {
            writes_reports: false,
            ..SHIPPING
        };
        Box::new(probes(Footing::Sound(sound), setting, terms))
    },
};

#[derive(Clone, Copy)]
struct Terms {
    probe_timeout: Duration,
    looks_at_generations: bool,
    writes_reports: bool,
}

const SHIPPING: Terms = Terms {
    probe_timeout: LONG,
    looks_at_generations: true,
    writes_reports: true,
};

/// As the state has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Closed,
    Open,
    HalfOpen,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Said {
    admission: Option<Answer>,
    report: Option<Told>,
}

/// What it was told when it asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Answer {
    /// In the phase that the breaker was in before, and the one that it was left in.
    Granted {
        /// That of the permit.
        generation: u64,
        /// That of the state before.
        found: u64,
        from: Phase,
        to: Phase,
    },
    Refused,
}

/// What became of its report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Told {
    /// The generation of the state in that window.
    present: u64,
    late: bool,
    changed: bool,
    /// In which phase it has left the breaker, and in which it should have if it counts.
    to: Phase,
    due: Phase,
}

/// What the processes make of their probes.
const SUCCEEDS: [bool; 3] = [true, false, false];

/// Whether the time of every probe is up for the process in this seat.
const fn comes_late(seat: usize) -> bool {
    seat % 3 == 1
}

fn probes(footing: Footing, setting: Setting, terms: Terms) -> Search<Account<Said>, Violation> {
    let scene = Scene::after(|first| {
        let breaker = breaker(&Witness::of(footing), &erased(first), terms);
        let opened = match breaker.admit()?.value {
            Admission::Granted(permit) => breaker.failed(permit)?.value,
            Admission::Refused { .. } => Report::Late,
        };
        assert!(matches!(opened, Report::Counted(_)), "it was closed");
        Ok(())
    });
    let seats = 0..setting.processes;
    let scene = seats.fold(scene, |scene, seat| {
        let succeeds = SUCCEEDS[seat % SUCCEEDS.len()];
        let by = match comes_late(seat) {
            true => LONG,
            false => Duration::ZERO,
        };
        scene.process(move |process, said: &mut Said| {
            said.probe(footing, &later(by, process.clone()), terms, succeeds)
        })
    });
    scene
        .judged(setting.budget, move |finale| judge(finale, footing, terms))
        .reaching(goals(setting))
}

fn breaker(witness: &Witness, process: &Process, terms: Terms) -> CircuitBreaker<Witness, Process> {
    CircuitBreaker::over(store(witness, process))
        .failures(1)
        .cool_down(Duration::ZERO)
        .probe_timeout(terms.probe_timeout)
}

impl Said {
    fn probe(
        &mut self,
        footing: Footing,
        process: &Process,
        terms: Terms,
        succeeds: bool,
    ) -> Result<()> {
        let witness = Witness::of(footing);
        let breaker = breaker(&witness, process, terms);
        let Admission::Granted(permit) = breaker.admit()?.value else {
            self.admission = Some(Answer::Refused);
            return Ok(());
        };
        let generation = generation_of(permit);
        let window = witness.last();
        self.admission = Some(Answer::Granted {
            generation,
            found: generation_in(&window.before),
            from: phase_in(&window.before),
            to: phase_in(&window.after),
        });
        if !terms.looks_at_generations {
            witness.misread(move |state| state["generation"] = generation.into());
        }
        if !terms.writes_reports {
            witness.forget_decisions();
        }
        let report = match succeeds {
            true => breaker.succeeded(permit),
            false => breaker.failed(permit),
        };
        let late = report?.value == Report::Late;
        let window = witness.last();
        self.report = Some(Told {
            present: generation_in(&window.before),
            late,
            changed: window.changed,
            to: phase_in(&window.after),
            due: if succeeds { Phase::Closed } else { Phase::Open },
        });
        Ok(())
    }
}

fn generation_of(permit: Permit) -> u64 {
    generation_in(&serde_json::to_value(permit).expect("a permit is plain data"))
}

fn generation_in(value: &Value) -> u64 {
    value["generation"].as_u64().unwrap_or_default()
}

fn phase_in(state: &Value) -> Phase {
    let is = |phase: &str| !state["phase"][phase].is_null();
    match (is("open"), is("half_open")) {
        (true, _) => Phase::Open,
        (_, true) => Phase::HalfOpen,
        _ => Phase::Closed,
    }
}

fn judge(finale: &Finale<'_, Said>, footing: Footing, terms: Terms) -> Verdict {
    check_generations(finale)?;
    check_patience(finale)?;
    finale.said().try_for_each(check_report)?;
    let much_later = later(2 * LONG, finale.newcomer());
    let breaker = breaker(&Witness::of(footing), &much_later, terms);
    let admission = sure(breaker.admit())?.value;
    match admission {
        Admission::Granted(_) => Ok(()),
        Admission::Refused { .. } => Err(Violation::Stuck),
    }
}

/// No two have found the same generation open, or half-open for too long, and been let through: the
/// first begins another.
fn check_generations(finale: &Finale<'_, Said>) -> Verdict {
    let mut ended = BTreeSet::new();
    for said in finale.said() {
        if let Some(generation) = generation_ended(said) {
            demand(ended.insert(generation), ViolationKind::Doubled, || {
                format!("two probes were let through after generation {generation}")
            })?;
        }
    }
    Ok(())
}

/// A probe is replaced when its time is up, and not before.
fn check_patience(finale: &Finale<'_, Said>) -> Verdict {
    let in_time = finale
        .said()
        .enumerate()
        .filter(|(seat, _)| !comes_late(*seat));
    let mut answers = in_time.filter_map(|(_, said)| said.admission);
    let replaces = |answer| match answer {
        Answer::Granted { from, .. } => from == Phase::HalfOpen,
        Answer::Refused => false,
    };
    demand(!answers.any(replaces), ViolationKind::Doubled, || {
        "a second probe was let through before the time of the first was up".to_owned()
    })
}

/// It counts in its own generation, with what follows from it, and otherwise is late and changes
/// nothing.
fn check_report(said: &Said) -> Verdict {
    let (Some(Answer::Granted { generation, .. }), Some(told)) = (said.admission, said.report)
    else {
        return Ok(());
    };
    let is_of_the_present = told.present == generation;
    demand(
        is_of_the_present || !told.changed,
        ViolationKind::Undead,
        || {
            let present = told.present;
            format!("a report of generation {generation} has changed generation {present}")
        },
    )?;
    demand(is_of_the_present != told.late, ViolationKind::Lost, || {
        format!("a report of generation {generation} was told the opposite of what it was")
    })?;
    demand(
        told.late || told.to == told.due,
        ViolationKind::Lost,
        || {
            let Told { to, due, .. } = told;
            format!("a report that counted has left the breaker {to:?}, which should be {due:?}")
        },
    )
}

fn goals(setting: Setting) -> Vec<Goal<Account<Said>>> {
    let mut goals = Vec::new();
    if setting.processes > 1 {
        goals.push(goal("a report is late", |finale| {
            let mut reports = finale.said().filter_map(|said: &Said| said.report);
            reports.any(|told| told.late)
        }));
        goals.push(goal("one is refused while another probes", |finale| {
            let mut said = finale.said();
            said.any(|said: &Said| said.admission == Some(Answer::Refused))
        }));
    }
    if setting.processes > 1 && setting.budget.kills > 0 {
        goals.push(goal("a probe that was killed is replaced", |finale| {
            let killed = finale.said().filter(|said: &&Said| said.report.is_none());
            let mut killed = killed.filter_map(generation_probed);
            let replaced = |at: u64| {
                let mut others = finale.said().filter_map(generation_probed);
                others.any(|other| other > at)
            };
            killed.any(replaced)
        }));
    }
    goals
}

/// Which generation it has ended by being let through.
fn generation_ended(said: &Said) -> Option<u64> {
    match said.admission {
        Some(Answer::Granted { found, from, .. }) if from != Phase::Closed => Some(found),
        _ => None,
    }
}

/// In which half-open generation it was let through.
fn generation_probed(said: &Said) -> Option<u64> {
    match said.admission {
        Some(Answer::Granted {
            generation,
            to: Phase::HalfOpen,
            ..
        }) => Some(generation),
        _ => None,
    }
}
