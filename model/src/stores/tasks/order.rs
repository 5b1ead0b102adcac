//! Whether what those are told who begin and end one task at the same time can be so: that in some
//! order, one after the other, each of them finds the task there or not as it was told.
//!
//! Each start has a token, so the task that is there in the end shows which start came last. One that
//! was told that its task was there, and whose change was overwritten by another who found the same,
//! fits no order.

use super::said::{Act, Key, Said};
use crate::oracle::{Token, Violation, ViolationKind};
use crate::stores::scene::{Finale, Verdict, broken};

/// What one was told who has begun or ended a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Answer {
    pub(super) key: Key,
    /// The start that it made; none if it ended the task.
    pub(super) made: Option<Token>,
    /// Whether the task was there.
    pub(super) found: bool,
}

/// One beginning or end of a task.
#[derive(Clone, Copy)]
struct Turn {
    made: Option<Token>,
    /// Nothing if nobody knows, nor whether it came about at all.
    found: Option<bool>,
}

/// That of this task, with the start that it had before, if it was there, and the one that it has now.
pub(super) fn check(
    key: Key,
    before: Option<Token>,
    after: Option<Token>,
    finale: &Finale<'_, Said>,
) -> Verdict {
    let turns: Vec<Vec<Turn>> = finale
        .parts()
        .map(|(said, failure)| {
            let is_cut_off = failure.is_none_or(|failure| failure.indeterminate);
            let attempted = said.attempted.filter(|_| is_cut_off);
            let known = said.answers.iter().filter(|it| it.key == key);
            let known = known.map(Turn::known);
            known
                .chain(attempted.and_then(|it| Turn::doubtful(key, it)))
                .collect()
        })
        .collect();
    let left: Vec<&[Turn]> = turns.iter().map(Vec::as_slice).collect();
    match fits(&left, before, after) {
        true => Ok(()),
        false => Err(contradiction(key, after, finale)),
    }
}

/// Whether those who are left, each process in its own order, can make this of it.
fn fits(left: &[&[Turn]], there: Option<Token>, after: Option<Token>) -> bool {
    let mut sure = left
        .iter()
        .copied()
        .flatten()
        .filter(|it| it.found.is_some());
    if there == after && sure.next().is_none() {
        return true;
    }
    left.iter().enumerate().any(|(seat, turns)| {
        let Some((turn, rest)) = turns.split_first() else {
            return false;
        };
        let mut next = left.to_vec();
        next[seat] = rest;
        let finds_it_so = turn.found.is_none_or(|found| found == there.is_some());
        finds_it_so && fits(&next, turn.made, after)
    })
}

fn contradiction(key: Key, after: Option<Token>, finale: &Finale<'_, Said>) -> Violation {
    let mut answers = finale.said().flat_map(|said| &said.answers);
    let is_ended = answers.any(|it| it.key == key && it.made.is_none() && it.found);
    match after {
        Some(token) if is_ended => broken(
            ViolationKind::Undead,
            format!("task {token} is there, and by what all were told it was removed"),
        ),
        _ => broken(
            ViolationKind::Lost,
            format!("what was told of {key:?} is so in no order, with {after:?} in the end"),
        ),
    }
}

impl Turn {
    fn known(answer: &Answer) -> Self {
        Self {
            made: answer.made,
            found: Some(answer.found),
        }
    }

    /// That of one who was cut off, if it was about this task.
    fn doubtful(key: Key, (act, token): (Act, Token)) -> Option<Self> {
        let adds = act.added() == Some(key);
        (adds || act.removes(key)).then_some(Self {
            made: adds.then_some(token),
            found: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Turn, fits};
    use crate::oracle::Token;

    const EARLIER: Token = 1_000;

    fn adds(made: Token, found: Option<bool>) -> Turn {
        let made = Some(made);
        Turn { made, found }
    }

    fn ends(found: Option<bool>) -> Turn {
        Turn { made: None, found }
    }

    #[test]
    fn what_some_order_explains_is_accepted() {
        let first = Some(EARLIER);
        let reset = [adds(10, Some(true))];
        let new = [adds(10, Some(false))];
        let removed = [ends(Some(true))];
        assert!(fits(&[&reset, &removed], first, None));
        assert!(fits(&[&new, &removed], first, Some(10)));
        assert!(fits(&[&new, &removed], None, None));
        assert!(fits(&[&reset, &[adds(20, Some(true))]], first, Some(10)));
        assert!(fits(&[&reset, &[adds(20, Some(true))]], first, Some(20)));
    }

    #[test]
    fn what_no_order_explains_is_rejected() {
        let first = Some(EARLIER);
        let reset = [adds(10, Some(true))];
        let removed = [ends(Some(true))];
        // Both have found the start of before.
        assert!(!fits(&[&reset, &removed], first, Some(10)));
        assert!(!fits(&[&removed, &removed], first, None));
        assert!(!fits(&[&reset, &[]], None, Some(10)));
        assert!(!fits(&[&reset, &[]], first, first));
        // Each process is in its own order.
        assert!(!fits(
            &[&[ends(Some(true)), adds(10, Some(true))]],
            first,
            Some(10)
        ));
    }

    #[test]
    fn one_who_was_cut_off_may_have_come_to_it_or_not() {
        let first = Some(EARLIER);
        let reset = [adds(10, Some(true))];
        let added = [adds(10, Some(false))];
        let perhaps = [ends(None)];
        assert!(fits(&[&reset, &perhaps], first, Some(10)));
        assert!(fits(&[&reset, &perhaps], first, None));
        assert!(fits(&[&added, &perhaps], first, Some(10)));
        assert!(!fits(&[&added, &[]], first, Some(10)));
    }
}
