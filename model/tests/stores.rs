//! What stands on the strategies, in every state that its processes can come into, and the mistakes
//! that must be rejected there. The command `hookstate-model` searches the same.

#[path = "common/allocator.rs"]
mod allocator;

use hookstate::strategy::Strategy;
use hookstate_model::oracle::Violation;
use hookstate_model::search::Report;
use hookstate_model::stores::{self, Control, Kind, Setting, Sound, Subject};
use hookstate_model::{catalogue, control, twin};
use std::collections::BTreeSet;
use std::fmt::Write;

/// The longest counterexample that anybody would follow, in calls.
const CALLS_MAX: usize = 30;

/// Makes a module of tests for each kind of subject.
macro_rules! of_each_kind {
    ($($name:ident: $kind:expr,)+) => {
        $(mod $name {
            use super::{Kind, Sound};

            #[test]
            fn every_one_keeps_its_promise_in_every_state() {
                super::assert_promises($kind);
            }

            #[test]
            fn every_mistake_is_rejected_for_the_right_reason() {
                super::assert_rejections($kind, Sound::Plain);
            }

            #[test]
            fn where_a_mistake_is_rejected_the_shipping_code_passes() {
                super::assert_shipping_passes($kind);
            }
        })+
    };
}

of_each_kind! {
    guards: Kind::Guards,
    statistics: Kind::Statistics,
    tasks: Kind::Tasks,
}

fn assert_promises(kind: Kind) {
    let complaints = complaints_about(kind, |subject| {
        let mut grounds = subject.grounds();
        grounds.try_for_each(|strategy| {
            let is_first = strategy == subject.first_ground();
            let settings = subject.settings.iter();
            let mut settings = settings.filter(|it| is_for_tests(kind, is_first, it));
            settings.try_for_each(|&setting| {
                let report = subject.search(strategy, setting).run();
                let ground = strategy.as_ref().map_or("locks", Strategy::name);
                println!("{} on {ground}, {setting:?}: {report}", subject.name);
                accepted(&report)
            })
        })
    });
    assert!(complaints.is_empty(), "{complaints}");
}

/// What a test can search in seconds without optimisation. Left to the command, which searches all: more
/// than two processes with tasks, and with the others on any strategy but their first; calls of tasks
/// that fail; and calls that fail on any strategy but the first.
const fn is_for_tests(kind: Kind, is_first: bool, setting: &Setting) -> bool {
    match kind {
        Kind::Statistics | Kind::Guards if is_first => setting.processes <= 3,
        Kind::Statistics | Kind::Guards | Kind::Tasks => {
            setting.processes <= 2 && setting.budget.failures == 0
        }
    }
}

fn assert_rejections(kind: Kind, sound: Sound) {
    let complaints = complaints_about(kind, |subject| {
        let wrong = subject.controls.iter().filter_map(|control| {
            let report = (control.search)(sound, control.setting).run();
            println!("{}: {}: {report}", control.name, control.leaves_out);
            let why = rejected(control, sound, &report).err()?;
            Some(format!("{}: {why}", control.name))
        });
        let wrong: Vec<String> = wrong.collect();
        match wrong.is_empty() {
            true => Ok(()),
            false => Err(wrong.join("\n")),
        }
    });
    assert!(complaints.is_empty(), "{complaints}");
}

/// Mistakes that one process is enough for: it leaves the guard with its own event undone.
const WRONG_ALONE: [&str; 2] = [
    "debounce-leaves-after-acting",
    "debounce-without-trailing-edge",
];

/// Or it is not the processes that meet what it was rejected for.
fn assert_passes_alone(kind: Kind) {
    let complaints = complaints_about(kind, |subject| {
        let controls = subject.controls.iter();
        let mut several = controls.filter(|it| it.setting.processes > 1);
        several.try_for_each(|control| {
            let budget = control.setting.budget;
            let report = (control.search)(
                Sound::Plain,
                Setting {
                    processes: 1,
                    budget,
                },
            )
            .run();
            let is_wrong = report.counterexample().is_some();
            match is_wrong == WRONG_ALONE.contains(&control.name) {
                true => Ok(()),
                false => Err(format!("{}: {report}", control.name)),
            }
        })
    });
    assert!(complaints.is_empty(), "{complaints}");
}

/// Or the mistake was not what it was rejected for, but what it stands on or what was to go wrong.
fn assert_shipping_passes(kind: Kind) {
    let complaints = complaints_about(kind, |subject| {
        let settings: Vec<Setting> = subject.controls.iter().map(|it| it.setting).collect();
        settings.iter().try_for_each(|&setting| {
            let mut searches = Vec::new();
            if kind != Kind::Statistics && subject.first_ground().is_some() {
                searches.push(subject.search_like_controls(setting));
            }
            if !subject.settings.contains(&setting) {
                searches.push(subject.search(subject.first_ground(), setting));
            }
            let mut reports = searches.into_iter().map(|search| search.run());
            match reports.find(|report| !report.is_complete()) {
                None => Ok(()),
                Some(report) => Err(format!("{setting:?}: {report}")),
            }
        })
    });
    assert!(complaints.is_empty(), "{complaints}");
}

/// The strategy below is not what it was rejected for. Its way is longer there.
#[test]
fn what_is_rejected_on_a_plain_file_is_rejected_on_the_strategy_that_ships() {
    assert_rejections(Kind::Tasks, Sound::FLOCK);
    assert_rejections(Kind::Guards, Sound::FLOCK);
}

#[test]
fn a_mistake_that_takes_several_processes_passes_with_one_but_for_those_that_say_so() {
    assert_passes_alone(Kind::Statistics);
    assert_passes_alone(Kind::Tasks);
    assert_passes_alone(Kind::Guards);
}

#[test]
fn a_mistake_that_takes_a_kill_passes_without_it() {
    for (_, control) in stores::controls().filter(|(_, it)| it.setting.budget.kills > 0) {
        let setting = Setting::kills(control.setting.processes, 0);
        let report = (control.search)(Sound::Plain, setting).run();
        assert!(
            report.counterexample().is_none(),
            "{}: no kill is needed",
            control.name
        );
    }
}

#[test]
fn every_subject_and_every_control_has_a_name_of_its_own() {
    let mut names = BTreeSet::new();
    for subject in stores::ALL {
        assert!(
            names.insert(subject.name),
            "{} is the name of two",
            subject.name
        );
        assert!(catalogue::named(subject.name).is_none(), "{}", subject.name);
        assert_eq!(
            stores::named(subject.name).map(|it| it.holds),
            Some(subject.holds)
        );
        assert!(!subject.settings.is_empty() && !subject.controls.is_empty());
    }
    for (_, control) in stores::controls() {
        assert!(
            names.insert(control.name),
            "{} is the name of two",
            control.name
        );
        let pattern = control::patterns::named(control.name);
        assert!(pattern.is_none() && twin::named(control.name).is_none());
    }
}

/// The build has seen to it that each step has one.
#[test]
fn every_control_of_a_step_is_one_of_a_subject() {
    for step in stores::Step::ALL {
        for control in step.controls() {
            let known = stores::controls().any(|(_, known)| known.name == control.name);
            assert!(
                known,
                "{step:?} has {}, which is searched nowhere",
                control.name
            );
        }
    }
}

/// With the name of an environment variable only those whose name contains it, for looking closer.
fn complaints_about(kind: Kind, judge: impl Fn(Subject) -> Result<(), String>) -> String {
    let only = std::env::var("SUBJECT").unwrap_or_default();
    let chosen = stores::ALL
        .into_iter()
        .filter(|subject| subject.kind == kind);
    let mut complaints = String::new();
    let mut judged = 0;
    for subject in chosen.filter(|subject| subject.name.contains(&only)) {
        judged += 1;
        if let Err(complaint) = judge(subject) {
            writeln!(complaints, "\n{}: {complaint}", subject.name).expect("it is in memory");
        }
    }
    assert!(judged > 0, "no subject has {only:?} in its name");
    complaints
}

fn accepted(report: &Report<Violation>) -> Result<(), String> {
    let missed: Vec<&str> = report.missed().collect();
    match report.is_complete() && missed.is_empty() {
        true => Ok(()),
        false => Err(format!("{report}, missed: {missed:?}")),
    }
}

fn rejected(control: &Control, sound: Sound, report: &Report<Violation>) -> Result<(), String> {
    let found = report.counterexample().ok_or("it passed")?;
    let verdict = found.violation.kind();
    if !control.verdicts.contains(&verdict) {
        return Err(format!("rejected as {verdict:?}: {report}"));
    }
    let most = match sound {
        Sound::Plain => CALLS_MAX,
        Sound::Shipping(_) => usize::MAX,
    };
    match found.trace.len() {
        calls if (1..=most).contains(&calls) => Ok(()),
        calls => Err(format!("{calls} calls: {report}")),
    }
}
