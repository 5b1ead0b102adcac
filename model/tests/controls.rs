//! Each twin without a step, and each program that is known to lose updates, must be rejected, and
//! for the right reason. A model that lets one pass has proved nothing. The same processes with the
//! code as it ships must be accepted, or the twin was rejected for something else.

#[path = "common/allocator.rs"]
mod allocator;

use hookstate_model::control::{CreateRace, RenameStaleLock, Unlocked};
use hookstate_model::explore::Report;
use hookstate_model::oracle::{Violation, ViolationKind};
use hookstate_model::scenario::{Act, Before, Scenario};
use hookstate_model::search::Budget;
use hookstate_model::trace::Trace;
use hookstate_model::twin::{self, Control, Loom, Step};
use std::collections::BTreeMap;
use std::fmt::Write;

const MODIFY: &[Act] = &[Act::Modify];
const EXISTING: Before = Before::Changes(2);
/// The longest counterexample that anybody would follow.
const CALLS_MAX: usize = 30;

#[test]
fn every_twin_is_rejected_for_the_right_reason() {
    let complaints = complaints_about(|control| {
        let report = control.search(&control.scenario());
        println!("{report}");
        let found = report.counterexample().map(|it| (&it.violation, &it.trace));
        rejected(control, found)
    });
    assert!(complaints.is_empty(), "{complaints}");
}

#[test]
fn what_a_twin_is_rejected_in_the_shipping_code_passes() {
    let complaints = complaints_about(|control| {
        let report = control.search(&control.shipping());
        println!("{report}");
        match report.is_complete() {
            true => Ok(()),
            false => Err(report.to_string()),
        }
    });
    assert!(complaints.is_empty(), "{complaints}");
}

#[test]
fn every_twin_is_rejected_by_the_second_engine() {
    let complaints = complaints_about(|control| {
        if let Loom::Cannot(why) = control.loom {
            println!("not by loom: {why}");
            return Ok(());
        }
        let report = control.check(&control.scenario());
        println!("{report}");
        let found = report.counterexample.as_ref();
        rejected(control, found.map(|it| (&it.violation, &it.trace)))
    });
    assert!(complaints.is_empty(), "{complaints}");
}

/// Or its trace would tell of a kill, a failure or a cut of the power that has nothing to do with it.
#[test]
fn a_twin_to_which_something_happens_passes_if_one_thing_of_it_does_not() {
    let complaints = complaints_about(|control| {
        let budget = control.budget();
        let (kills, failures, power_cuts) = (0, 0, 0);
        let without = [
            Budget { kills, ..budget },
            Budget { failures, ..budget },
            Budget {
                power_cuts,
                ..budget
            },
        ];
        let mut less = without.into_iter().filter(|less| *less != budget);
        less.try_for_each(|less| match control.scenario().search(less) {
            report if report.is_complete() => Ok(()),
            report => Err(format!("{less:?} is enough: {report}")),
        })
    });
    assert!(complaints.is_empty(), "{complaints}");
}

/// Two twins of one name could not be told apart, and the second would not run.
#[test]
fn a_control_is_found_by_its_name() {
    let mut by_name = BTreeMap::new();
    for control in Step::ALL.iter().flat_map(|step| step.controls()) {
        let other = by_name.insert(control.name, control.leaves_out);
        let same = other.is_none_or(|leaves_out| leaves_out == control.leaves_out);
        assert!(same, "{} is the name of two", control.name);
        let found = twin::named(control.name).map(|found| found.leaves_out);
        assert_eq!(found, Some(control.leaves_out));
    }
    assert!(twin::named("FlockWithoutFault").is_none());
}

/// With the name of an environment variable only those whose name contains it, for looking closer.
fn complaints_about(judge: impl Fn(&Control) -> Result<(), String>) -> String {
    let only = std::env::var("CONTROL").unwrap_or_default();
    let chosen = twin::all().into_iter();
    let mut complaints = String::new();
    let mut judged = 0;
    for control in chosen.filter(|control| control.name.contains(&only)) {
        judged += 1;
        println!("{}: {}", control.name, control.leaves_out);
        if let Err(complaint) = judge(control) {
            writeln!(complaints, "\n{}: {complaint}", control.name).expect("it is in memory");
        }
    }
    assert!(judged > 0, "no control has {only:?} in its name");
    complaints
}

fn rejected(control: &Control, found: Option<(&Violation, &Trace)>) -> Result<(), String> {
    let (violation, trace) = found.ok_or("it passed")?;
    if !control.verdicts.contains(&violation.kind()) {
        return Err(format!("rejected for another reason, {violation}\n{trace}"));
    }
    match trace.len() {
        0 => Err("rejected before anything happened".to_owned()),
        calls if calls > CALLS_MAX => Err(format!("{calls} calls are too many\n{trace}")),
        _ => Ok(()),
    }
}

#[test]
fn unlocked_loses_a_change() {
    let scenario = Scenario::new(Unlocked, EXISTING, &[MODIFY, MODIFY]);
    loses(&scenario.check());
}

#[test]
fn create_race_loses_the_change_of_whoever_was_first() {
    let scenario = Scenario::new(CreateRace, Before::Directory, &[MODIFY, MODIFY]);
    loses(&scenario.check());
}

#[test]
fn create_race_loses_nothing_once_the_file_exists() {
    let scenario = Scenario::new(CreateRace, EXISTING, &[MODIFY, MODIFY]);
    accepted(&scenario.check());
}

#[test]
fn rename_stale_lock_loses_a_change() {
    let acts: &[&[Act]] = &[MODIFY, MODIFY, MODIFY];
    let scenario = Scenario::new(RenameStaleLock, EXISTING, acts);
    loses(&scenario.check());
}

fn loses(report: &Report<Violation>) {
    println!("{report}");
    let found = report.counterexample.as_ref();
    let kind = found.map(|it| it.violation.kind());
    assert_eq!(kind, Some(ViolationKind::Lost), "{report}");
}

fn accepted(report: &Report<Violation>) {
    println!("{report}");
    assert!(report.is_complete(), "{report}");
}
