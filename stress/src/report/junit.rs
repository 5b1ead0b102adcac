//! The report for CI systems: a test case for each strategy or control in each shape, in the XML of
//! JUnit.
//!
//! A violation is a failure; what says nothing, because a control was missed or a process died, is an
//! error; what an interruption left undone was skipped.

use super::{Report, Run, human};
use crate::args::Shape;
use crate::hunt::Bounds;
use crate::subject::Subject;
use crate::verdict::Status;
use anyhow::{Context, Result};
use quick_junit::{NonSuccessKind, Property, TestCase, TestCaseStatus, TestSuite};

/// The whole file.
pub(super) fn text(report: &Report) -> Result<String> {
    let mut all = quick_junit::Report::new("stress");
    all.set_time(report.elapsed);
    all.add_test_suite(suite(report));
    all.to_string().context("cannot make XML of the report")
}

fn suite(report: &Report) -> TestSuite {
    let mut suite = TestSuite::new(format!("stress {}", report.workload));
    suite.set_time(report.elapsed);
    suite.add_properties([
        Property::new("procs", report.procs.to_string()),
        Property::new("iters", report.iters.to_string()),
    ]);
    let Bounds {
        rounds, duration, ..
    } = report.bounds;
    let rounds = rounds.map(|rounds| Property::new("rounds", rounds.to_string()));
    let duration = duration.map(|time| Property::new("seconds", time.as_secs_f64().to_string()));
    suite.add_properties(rounds.into_iter().chain(duration));
    suite.add_property(Property::new("seed", report.seed.to_string()));
    suite.add_test_cases(report.asked.iter().map(|asked| case(report, *asked)));
    suite
}

fn case(report: &Report, asked: (Subject, Shape)) -> TestCase {
    let mut runs = report.runs.iter();
    let run = runs.find(|run| (run.subject, run.shape) == asked);
    let (subject, shape) = (<&str>::from(asked.0), asked.1);
    let status = run.map_or_else(TestCaseStatus::skipped, status);
    let mut case = TestCase::new(format!("{subject} {shape}"), status);
    case.set_classname(format!("stress.{}.{subject}", report.workload));
    if let Some(run) = run {
        case.set_time(run.elapsed);
        case.set_system_out(run.again.as_str());
    }
    case
}

fn status(run: &Run) -> TestCaseStatus {
    let kind = match run.status() {
        Status::Exact | Status::Caught => return TestCaseStatus::success(),
        Status::Violated => NonSuccessKind::Failure,
        Status::Missed | Status::Inconclusive => NonSuccessKind::Error,
    };
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(human::word(run.status()).to_lowercase());
    status.set_message(human::outcome(run));
    status.set_description(human::details(run).join("\n"));
    status
}
