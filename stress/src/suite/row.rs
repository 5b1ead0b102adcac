//! What a case comes to.

use super::case::{Case, Catches};
use crate::command::Summary;
use crate::shell;
use crate::verdict::{Conclusion, Status};
use serde::Serialize;
use std::path::Path;
use std::time::Duration;

/// A line of the table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Row {
    pub(super) number: u32,
    pub(super) name: String,
    pub(super) pattern: String,
    pub(super) lost: String,
    pub(super) needs: String,
    pub(super) catches: Catches,
    pub(super) ending: Ending,
    pub(super) seen: Tried,
    /// Nothing if it was not come to.
    pub(super) repaired: Option<Tried>,
}

/// How long one of the twins was run, and what was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Tried {
    pub(super) status: Status,
    pub(super) rounds: u32,
    pub(super) seconds: f64,
    /// What shows that it is violated, or why it is inconclusive.
    pub(super) evidence: Vec<String>,
    pub(super) again: String,
}

/// The word of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Ending {
    /// The program was caught, and its twin was not accused.
    Caught,
    /// The program was not caught, and nobody had said that running it is enough.
    Left,
    /// The program was not caught, though running it is enough.
    Missed,
    /// The twin was accused.
    Accused,
    /// It cannot be said.
    Inconclusive,
}

impl Tried {
    pub(super) fn of(outcome: Summary, folder: &Path) -> Self {
        let folder = shell::quoted(&folder.to_string_lossy());
        Self {
            status: outcome.status,
            rounds: outcome.rounds,
            seconds: seconds(outcome.elapsed),
            evidence: outcome.evidence,
            again: format!("cd {folder} && {}", outcome.again),
        }
    }
}

/// Rounded to what is shown, so that both formats say the same.
fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 100.0).round() / 100.0
}

impl Row {
    pub(super) fn new(case: &Case, seen: Tried, repaired: Option<Tried>) -> Self {
        let words = case.words.clone();
        let ending = Ending::of(words.catches, &seen, repaired.as_ref());
        Self {
            number: words.number,
            name: words.name,
            pattern: words.pattern,
            lost: words.lost,
            needs: words.needs,
            catches: words.catches,
            ending,
            seen,
            repaired,
        }
    }
}

impl Ending {
    fn of(catches: Catches, seen: &Tried, repaired: Option<&Tried>) -> Self {
        let repaired = repaired.map_or(Status::Inconclusive, |tried| tried.status);
        match (seen.status, repaired) {
            (_, Status::Violated) => Self::Accused,
            (Status::Inconclusive, _) | (_, Status::Inconclusive) => Self::Inconclusive,
            (Status::Violated, _) => Self::Caught,
            _ if catches == Catches::Explorer => Self::Left,
            _ => Self::Missed,
        }
    }

    const fn status(self) -> Status {
        match self {
            Self::Caught => Status::Caught,
            Self::Left => Status::Exact,
            Self::Missed => Status::Missed,
            Self::Accused => Status::Violated,
            Self::Inconclusive => Status::Inconclusive,
        }
    }
}

/// What all rows come to.
pub(super) fn conclusion(rows: &[Row], interrupted: bool) -> Conclusion {
    Conclusion::of(rows.iter().map(|row| row.ending.status()), interrupted)
}

#[cfg(test)]
pub(super) mod tests {
    use super::{Catches, Conclusion, Ending, Row, Status, Tried, conclusion};

    pub(in crate::suite) fn tried(status: Status) -> Tried {
        Tried {
            status,
            rounds: 3,
            seconds: 1.25,
            evidence: vec!["p1 #02 is lost".to_owned()],
            again: "cd x && stress -- sh".to_owned(),
        }
    }

    pub(in crate::suite) fn row(ending: Ending, seen: Status, repaired: Option<Status>) -> Row {
        Row {
            number: 7,
            name: "no-lock".to_owned(),
            pattern: "Reads, then writes.".to_owned(),
            lost: "an update".to_owned(),
            needs: "two processes".to_owned(),
            catches: Catches::Free,
            ending,
            seen: tried(seen),
            repaired: repaired.map(tried),
        }
    }

    #[test]
    fn the_ending_follows_from_both_twins() {
        use Ending::{Accused, Caught, Inconclusive, Left, Missed};
        use Status::{Exact, Violated};
        let free = |seen, repaired: Option<Status>| {
            Ending::of(Catches::Free, &tried(seen), repaired.map(tried).as_ref())
        };
        assert_eq!(free(Violated, Some(Exact)), Caught);
        assert_eq!(free(Exact, Some(Exact)), Missed);
        assert_eq!(free(Violated, Some(Violated)), Accused);
        assert_eq!(free(Exact, Some(Violated)), Accused);
        assert_eq!(free(Violated, None), Inconclusive);
        assert_eq!(free(Violated, Some(Status::Inconclusive)), Inconclusive);
        assert_eq!(free(Status::Inconclusive, Some(Exact)), Inconclusive);
        let left = Ending::of(Catches::Explorer, &tried(Exact), Some(&tried(Exact)));
        assert_eq!(left, Left);
    }

    #[test]
    fn one_accusation_outweighs_all_that_was_caught() {
        let caught = row(Ending::Caught, Status::Violated, Some(Status::Exact));
        let left = row(Ending::Left, Status::Exact, Some(Status::Exact));
        let missed = row(Ending::Missed, Status::Exact, Some(Status::Exact));
        let accused = row(Ending::Accused, Status::Violated, Some(Status::Violated));
        let of = |rows: &[&Row], interrupted| {
            let rows: Vec<Row> = rows.iter().copied().cloned().collect();
            conclusion(&rows, interrupted)
        };
        assert_eq!(of(&[&caught, &left], false), Conclusion::Exact);
        assert_eq!(of(&[&caught, &missed], false), Conclusion::Inconclusive);
        assert_eq!(
            of(&[&missed, &accused, &caught], false),
            Conclusion::Violated
        );
        assert_eq!(of(&[&caught], true), Conclusion::Interrupted);
    }
}
