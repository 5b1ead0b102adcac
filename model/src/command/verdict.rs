//! What a search comes to. Never a boolean: "nothing was found" and "nothing can be found" differ.

use super::plan::{Outcome, Subject};
use hookstate_cli::exit;
use serde::Serialize;

/// An outcome in the light of what was expected: the word in the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    /// Every state was found, nothing is wrong with any, and what had to come about did.
    Complete,
    /// A control was rejected, for the reason that was expected.
    Caught,
    /// It was not searched, for a reason that is told.
    LeftOut,
    /// Nothing is wrong so far, but not everything was searched.
    Bounded,
    /// Nothing is wrong, but what had to come about did not; or a control was rejected for a reason
    /// that has nothing to do with what it leaves out.
    Inconclusive,
    /// A control passed: the search proves nothing about the strategies.
    Missed,
    /// A strategy broke its promise.
    Violated,
}

/// What all searches come to together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Conclusion {
    Complete,
    Violated,
    Inconclusive,
    Interrupted,
}

impl Status {
    pub(super) fn of(subject: &Subject, outcome: &Outcome) -> Self {
        let kind = outcome.found.as_ref().map(|found| found.violation.kind());
        match (subject, kind) {
            (Subject::Scenario { .. }, Some(_)) => Self::Violated,
            (Subject::Control { expected, .. }, Some(kind)) if expected.contains(&kind) => {
                Self::Caught
            }
            (Subject::Control { .. }, Some(_)) => Self::Inconclusive,
            (_, None) if outcome.bounded_by.is_some() => Self::Bounded,
            (Subject::Control { .. }, None) => Self::Missed,
            (Subject::Scenario { .. }, None) if outcome.unreached.is_empty() => Self::Complete,
            (Subject::Scenario { .. }, None) => Self::Inconclusive,
        }
    }
}

impl Conclusion {
    /// A violation stands, whatever else went wrong; without one, searches that were cut short or
    /// that let a control pass say nothing.
    pub(super) fn of(statuses: impl IntoIterator<Item = Status>, interrupted: bool) -> Self {
        let statuses: Vec<Status> = statuses.into_iter().collect();
        let has_searched = statuses.iter().any(|status| *status != Status::LeftOut);
        match statuses.into_iter().max() {
            Some(Status::Violated) => Self::Violated,
            _ if interrupted => Self::Interrupted,
            Some(Status::Complete | Status::Caught | Status::LeftOut) if has_searched => {
                Self::Complete
            }
            _ => Self::Inconclusive,
        }
    }

    /// The exit code that says it.
    pub(super) const fn exit_code(self) -> exit::Code {
        match self {
            Self::Complete => exit::Code::Success,
            Self::Violated => exit::Code::Violated,
            Self::Inconclusive => exit::Code::Inconclusive,
            Self::Interrupted => exit::Code::Interrupted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Conclusion, Status};

    #[test]
    fn only_complete_searches_and_caught_controls_are_a_success() {
        let conclusion = |statuses: &[Status]| Conclusion::of(statuses.iter().copied(), false);
        let good = [Status::Complete, Status::Caught, Status::LeftOut];
        assert_eq!(conclusion(&good), Conclusion::Complete);
        for bad in [Status::Bounded, Status::Inconclusive, Status::Missed] {
            let all = [&good[..], &[bad]].concat();
            assert_eq!(conclusion(&all), Conclusion::Inconclusive, "{bad:?}");
        }
    }

    #[test]
    fn where_nothing_was_searched_nothing_is_complete() {
        for nothing in [&[][..], &[Status::LeftOut]] {
            let conclusion = Conclusion::of(nothing.iter().copied(), false);
            assert_eq!(conclusion, Conclusion::Inconclusive, "{nothing:?}");
        }
    }

    #[test]
    fn a_violation_stands_whatever_else_happened() {
        let all = [Status::Missed, Status::Violated, Status::Complete];
        assert_eq!(Conclusion::of(all, false), Conclusion::Violated);
        assert_eq!(Conclusion::of(all, true), Conclusion::Violated);
    }

    #[test]
    fn an_interrupted_run_is_never_complete() {
        for status in [Status::Complete, Status::Missed] {
            assert_eq!(Conclusion::of([status], true), Conclusion::Interrupted);
        }
    }
}
