//! Finds the operations that show what is wrong, in a second reading of the history.

use super::ledger::{Ledger, Suspect};
use super::pages::{NEVER, Rollback};
use super::places::Placeless;
use super::tokens::Id;
use crate::evidence::{Culprit, Evidence, Observer};
use crate::operation::{Action, Final, Operation, Outcome, Token};
use std::collections::BTreeMap;

/// Looks at every line, and in the end has the evidence, unless the history was changed.
pub(super) trait Hunt {
    fn see(&mut self, line: u64, operation: &Operation);

    fn see_final(&mut self, _end: &Final) {}

    fn end(self: Box<Self>, ledger: &Ledger) -> Option<Evidence>;
}

impl Suspect {
    pub(super) fn hunt(self) -> Box<dyn Hunt> {
        match self {
            Self::Forked { versions, forks } => Box::new(Fork::new(&versions, forks)),
            Self::Missing { token, missing } => Box::new(Named::new(token, Tale::Missing(missing))),
            Self::AcknowledgedTwice { token } => Box::new(Named::new(token, Tale::Twice)),
            Self::TwiceInTheEnd { token } => {
                Box::new(Named::new(Id::of(&token), Tale::TwiceInTheEnd))
            }
            Self::Stray { token } => Box::new(Named::new(token, Tale::Stray)),
            Self::RolledBack(rollback) => Box::new(Pair::new(rollback)),
            Self::BeforeTheBeginning { version } => Box::new(Early::new(version)),
            Self::Unclaimed { version } => Box::new(Claim::new(version)),
            Self::Placeless {
                change,
                version,
                without_room,
            } => Box::new(Crowd::new(change, version, without_room)),
            Self::Skipped { read, wrote } => Box::new(Leap::new(read, wrote)),
            Self::Miscounted { total, tokens } => Box::new(Sum { total, tokens }),
        }
    }
}

/// The version that an acknowledged operation found.
fn found(operation: &Operation) -> Option<u64> {
    match operation.action {
        _ if operation.outcome != Outcome::Ok => None,
        Action::Add { read, wrote, .. } => read.or_else(|| wrote?.checked_sub(1)),
        Action::Look { version } => version,
        _ => None,
    }
}

/// The version that an acknowledged operation was answered with: what it wrote, or found.
fn answered(operation: &Operation) -> Option<u64> {
    let is_change = matches!(operation.action, Action::Add { .. });
    found(operation)?.checked_add(u64::from(is_change))
}

/// The operation with the least of something.
struct Least {
    best: Option<(u64, Culprit)>,
}

impl Least {
    const fn new() -> Self {
        Self { best: None }
    }

    fn offer(&mut self, measure: u64, line: u64, operation: &Operation) {
        if self.best.as_ref().is_none_or(|(least, _)| measure < *least) {
            self.best = Some((measure, Culprit::new(line, operation)));
        }
    }

    /// The final state stands for an operation if there is none.
    fn or_final(self, total: Option<u64>) -> Option<Observer> {
        let culprit = self.best.map(|(_, culprit)| Observer::Operation(culprit));
        culprit.or(total.map(|total| Observer::Final { total }))
    }
}

/// Two changes of one version, if possible by different processes.
struct Fork {
    /// The versions that are forked, and the first change of each.
    firsts: BTreeMap<u64, Option<Culprit>>,
    forks: u64,
    between_two: Option<(u64, [Culprit; 2])>,
    within_one: Option<(u64, [Culprit; 2])>,
}

impl Fork {
    fn new(versions: &[u64], forks: u64) -> Self {
        Self {
            firsts: versions.iter().map(|version| (*version, None)).collect(),
            forks,
            between_two: None,
            within_one: None,
        }
    }
}

impl Hunt for Fork {
    fn see(&mut self, line: u64, operation: &Operation) {
        let is_change = matches!(operation.action, Action::Add { .. });
        let version = found(operation).filter(|_| is_change && self.between_two.is_none());
        let Some((version, first)) =
            version.and_then(|version| Some((version, self.firsts.get_mut(&version)?)))
        else {
            return;
        };
        let Some(first) = first else {
            *first = Some(Culprit::new(line, operation));
            return;
        };
        let place = if first.operation.process == operation.process {
            &mut self.within_one
        } else {
            &mut self.between_two
        };
        place.get_or_insert_with(|| (version, [first.clone(), Culprit::new(line, operation)]));
    }

    /// The final tokens tell which of the two is gone. Without them it is a guess, and marked so.
    fn end(self: Box<Self>, ledger: &Ledger) -> Option<Evidence> {
        let (version, [first, second]) = self.between_two.or(self.within_one)?;
        let is_in = |culprit: &Culprit| {
            let token = culprit.operation.token();
            token.and_then(|token| ledger.survived(token))
        };
        let (first_is_in, second_is_in) = (is_in(&first), is_in(&second));
        let certain = first_is_in.is_some() && first_is_in != second_is_in;
        let first_is_gone = if certain {
            first_is_in == Some(false)
        } else {
            first.operation.responded_ns <= second.operation.responded_ns
        };
        let (overwritten, by) = if first_is_gone {
            (first, second)
        } else {
            (second, first)
        };
        Some(Evidence::Overwritten {
            version,
            overwritten,
            by,
            certain,
            overwritten_in_all: self.forks,
        })
    }
}

/// The changes with a token, and what there is to tell of them.
struct Named {
    token: Id,
    tale: Tale,
    text: Option<Token>,
    changes: Vec<Culprit>,
}

enum Tale {
    Missing(u64),
    Twice,
    TwiceInTheEnd,
    Stray,
}

/// How many changes with the same token are kept.
const CHANGES_MAX: usize = 8;

impl Named {
    const fn new(token: Id, tale: Tale) -> Self {
        Self {
            token,
            tale,
            text: None,
            changes: Vec::new(),
        }
    }
}

impl Hunt for Named {
    fn see(&mut self, line: u64, operation: &Operation) {
        let is_it = |token| Id::of(token) == self.token;
        if self.changes.len() < CHANGES_MAX && operation.token().is_some_and(is_it) {
            self.changes.push(Culprit::new(line, operation));
        }
    }

    fn see_final(&mut self, end: &Final) {
        let mut tokens = end.tokens.iter().flatten();
        if self.text.is_none() {
            self.text = tokens.find(|token| Id::of(token) == self.token).cloned();
        }
    }

    fn end(self: Box<Self>, _ledger: &Ledger) -> Option<Evidence> {
        let mut changes = self.changes;
        let mut of = |outcome: Outcome| {
            changes.sort_by_key(|change| change.operation.outcome != outcome);
            let count = changes
                .iter()
                .filter(|one| one.operation.outcome == outcome)
                .count();
            changes.drain(..count).collect::<Vec<_>>()
        };
        match self.tale {
            Tale::Missing(missing_in_all) => Some(Evidence::Missing {
                change: of(Outcome::Ok).into_iter().next()?,
                missing_in_all,
            }),
            Tale::Twice => {
                let mut changes = of(Outcome::Ok);
                changes.truncate(2);
                let token = changes.get(1)?.operation.token()?.clone();
                Some(Evidence::Doubled { token, changes })
            }
            Tale::TwiceInTheEnd => {
                changes.truncate(1);
                let token = self.text?;
                Some(Evidence::Doubled { token, changes })
            }
            Tale::Stray => Some(match of(Outcome::Failed).into_iter().next() {
                Some(change) => Evidence::Undead { change },
                None => Evidence::Torn { token: self.text? },
            }),
        }
    }
}

/// An operation that was answered with a version, and one that then found an older one.
struct Pair {
    rollback: Rollback,
    newer: Least,
    older: Least,
}

impl Pair {
    const fn new(rollback: Rollback) -> Self {
        Self {
            rollback,
            newer: Least::new(),
            older: Least::new(),
        }
    }
}

impl Hunt for Pair {
    fn see(&mut self, line: u64, operation: &Operation) {
        let Rollback {
            newer_from,
            newer_to,
            older_below,
        } = self.rollback;
        let newer = |version| (newer_from..newer_to).contains(&version);
        if answered(operation).is_some_and(newer) {
            let responded = operation.responded_ns.unwrap_or(NEVER);
            self.newer.offer(responded, line, operation);
        }
        if found(operation).is_some_and(|version| version < older_below) {
            self.older
                .offer(NEVER - operation.invoked_ns, line, operation);
        }
    }

    fn end(self: Box<Self>, ledger: &Ledger) -> Option<Evidence> {
        let final_is_older = |total: &u64| *total < self.rollback.older_below;
        let final_total = ledger.final_total().filter(final_is_older);
        let older = match final_total {
            Some(total) => Observer::Final { total },
            None => self.older.or_final(None)?,
        };
        let newer = self.newer.or_final(None)?;
        Some(Evidence::RolledBack { newer, older })
    }
}

/// Who found a version from before the first change.
struct Early {
    version: u64,
    older: Least,
}

impl Early {
    fn new(version: u64) -> Self {
        let older = Least::new();
        Self { version, older }
    }
}

impl Hunt for Early {
    fn see(&mut self, line: u64, operation: &Operation) {
        if found(operation) == Some(self.version) {
            self.older.offer(operation.invoked_ns, line, operation);
        }
    }

    fn end(self: Box<Self>, ledger: &Ledger) -> Option<Evidence> {
        let version = ledger.initial();
        let older = self.older.or_final(ledger.final_total())?;
        let newer = Observer::Beginning { version };
        Some(Evidence::RolledBack { newer, older })
    }
}

/// Who was answered with a version later than one that nobody can have gone on from.
struct Claim {
    version: u64,
    seen_by: Least,
}

impl Claim {
    fn new(version: u64) -> Self {
        let seen_by = Least::new();
        Self { version, seen_by }
    }
}

impl Hunt for Claim {
    fn see(&mut self, line: u64, operation: &Operation) {
        if answered(operation).is_some_and(|version| version > self.version) {
            let responded = operation.responded_ns.unwrap_or(NEVER);
            self.seen_by.offer(responded, line, operation);
        }
    }

    fn end(self: Box<Self>, ledger: &Ledger) -> Option<Evidence> {
        let seen_by = self.seen_by.or_final(ledger.final_total())?;
        let version = self.version + 1;
        Some(Evidence::Unclaimed { version, seen_by })
    }
}

/// A change without a version, and who found a state that has no room for it.
struct Crowd {
    change: Placeless,
    version: u64,
    without_room: u64,
    homeless: Least,
    seen_by: Least,
}

impl Crowd {
    fn new(change: Placeless, version: u64, without_room: u64) -> Self {
        Self {
            change,
            version,
            without_room,
            homeless: Least::new(),
            seen_by: Least::new(),
        }
    }

    fn is_it(&self, operation: &Operation) -> bool {
        let times = (operation.invoked_ns, operation.responded_ns);
        matches!(operation.action, Action::Add { .. })
            && operation.outcome == Outcome::Ok
            && found(operation).is_none()
            && times == (self.change.invoked, Some(self.change.responded))
    }
}

impl Hunt for Crowd {
    fn see(&mut self, line: u64, operation: &Operation) {
        if self.is_it(operation) {
            self.homeless.offer(line, line, operation);
        }
        if found(operation).is_some_and(|version| version <= self.version) {
            self.seen_by
                .offer(NEVER - operation.invoked_ns, line, operation);
        }
    }

    fn end(self: Box<Self>, ledger: &Ledger) -> Option<Evidence> {
        let (_, change) = self.homeless.best?;
        let is_no_later = |total: &u64| *total <= self.version;
        let seen_by = match ledger.final_total().filter(is_no_later) {
            Some(total) => Observer::Final { total },
            None => self.seen_by.or_final(None)?,
        };
        Some(Evidence::NoRoom {
            change,
            seen_by,
            without_room: self.without_room,
        })
    }
}

/// A change that did not add one.
struct Leap {
    read: u64,
    wrote: u64,
    change: Least,
}

impl Leap {
    const fn new(read: u64, wrote: u64) -> Self {
        Self {
            read,
            wrote,
            change: Least::new(),
        }
    }
}

impl Hunt for Leap {
    fn see(&mut self, line: u64, operation: &Operation) {
        if let Action::Add { read, wrote, .. } = operation.action
            && operation.outcome == Outcome::Ok
            && (read, wrote) == (Some(self.read), Some(self.wrote))
        {
            self.change.offer(line, line, operation);
        }
    }

    fn end(self: Box<Self>, _ledger: &Ledger) -> Option<Evidence> {
        let (_, change) = self.change.best?;
        Some(Evidence::Skipped { change })
    }
}

/// A total that is not the number of tokens: the final lines have said it all.
struct Sum {
    total: u64,
    tokens: u64,
}

impl Hunt for Sum {
    fn see(&mut self, _line: u64, _operation: &Operation) {}

    fn end(self: Box<Self>, _ledger: &Ledger) -> Option<Evidence> {
        Some(Evidence::Miscounted {
            total: self.total,
            tokens: self.tokens,
        })
    }
}
