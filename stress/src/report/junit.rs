//! The report for CI systems: a test case for each strategy or control in each shape, or for the
//! command, in the XML of JUnit.
//!
//! A violation is a failure; what says nothing, because a control was missed or a process died, is an
//! error; what an interruption left undone was skipped.

use super::human;
use super::view::{Row, Title, View};
use crate::hunt::Bounds;
use crate::verdict::Status;
use anyhow::{Context, Result};
use quick_junit::{NonSuccessKind, Property, TestCase, TestCaseStatus, TestSuite};

/// The whole file.
pub(crate) fn text(view: &View) -> Result<String> {
    let mut all = quick_junit::Report::new("stress");
    all.set_time(view.elapsed);
    all.add_test_suite(suite(view));
    all.to_string().context("cannot make XML of the report")
}

fn suite(view: &View) -> TestSuite {
    let mut suite = TestSuite::new(format!("stress {}", view.suite));
    suite.set_time(view.elapsed);
    suite.add_properties([
        Property::new("procs", view.procs.to_string()),
        Property::new("iters", view.iters.to_string()),
    ]);
    let Bounds {
        rounds, duration, ..
    } = view.bounds;
    let rounds = rounds.map(|rounds| Property::new("rounds", rounds.to_string()));
    let duration = duration.map(|time| Property::new("seconds", time.as_secs_f64().to_string()));
    suite.add_properties(rounds.into_iter().chain(duration));
    suite.add_property(Property::new("seed", view.seed.to_string()));
    let cases = view.asked.iter();
    suite.add_test_cases(cases.map(|asked| case(asked, view.run_of(asked))));
    suite
}

fn case(asked: &Title, run: Option<&Row>) -> TestCase {
    let status = run.map_or_else(TestCaseStatus::skipped, status);
    let mut case = TestCase::new(asked.case.as_str(), status);
    case.set_classname(asked.class.as_str());
    if let Some(run) = run {
        case.set_time(run.elapsed);
        case.set_system_out(run.again.as_str());
    }
    case
}

fn status(run: &Row) -> TestCaseStatus {
    let kind = match run.status {
        Status::Exact | Status::Caught => return TestCaseStatus::success(),
        Status::Violated => NonSuccessKind::Failure,
        Status::Missed | Status::Inconclusive => NonSuccessKind::Error,
    };
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(human::word(run.status).to_lowercase());
    status.set_message(run.outcome.as_str());
    status.set_description(run.details.join("\n"));
    status
}
