//! What the first reading of a history keeps.

use super::pages::{NEVER, Pages, Rollback, VERSIONS_MAX};
use super::places::{self, Misplaced, Placeless};
use super::tokens::{Id, Tokens};
use crate::error::Error;
use crate::operation::{Action, Final, Header, Operation, Outcome, Token};
use std::collections::BTreeSet;

/// Among how many forked versions one is looked for that two processes had read.
const FORKED_MAX: usize = 1024;

/// A few bytes of each operation.
#[derive(Debug)]
pub(super) struct Ledger {
    /// The version before the first change.
    initial: u64,
    pages: Pages,
    acknowledged: Tokens,
    /// The line of a change without a token that may have been made.
    nameless: Option<u64>,
    last: Option<Last>,
    placeless: Vec<Placeless>,
    unknown: Vec<Unknown>,
    operations: u64,
    /// Whether anybody has said what came of the changes.
    is_observed: bool,
    flaws: Flaws,
}

/// What is left in the end.
#[derive(Debug, Default)]
struct Last {
    total: Option<u64>,
    /// Whether its tokens were told, and how many, doubled ones included.
    told: Option<u64>,
    tokens: Tokens,
}

/// A change of unknown outcome.
#[derive(Clone, Copy, Debug)]
struct Unknown {
    invoked: u64,
    token: Option<Id>,
}

/// What was seen to be wrong while reading: the first of each kind.
#[derive(Debug, Default)]
struct Flaws {
    /// The first few versions that two changes had read.
    forked: Vec<u64>,
    forks: u64,
    skipped: Option<(u64, u64)>,
    too_old: Option<u64>,
    too_new: Option<u64>,
    acknowledged_twice: Option<Id>,
    twice_in_the_end: Option<Token>,
}

/// Something that is wrong, and how to find the operations that show it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Suspect {
    Forked {
        versions: Vec<u64>,
        forks: u64,
    },
    Missing {
        token: Id,
        missing: u64,
    },
    Placeless {
        change: Placeless,
        version: u64,
        without_room: u64,
    },
    AcknowledgedTwice {
        token: Id,
    },
    TwiceInTheEnd {
        token: Token,
    },
    Stray {
        token: Id,
    },
    RolledBack(Rollback),
    BeforeTheBeginning {
        version: u64,
    },
    Unclaimed {
        version: u64,
    },
    Skipped {
        read: u64,
        wrote: u64,
    },
    Miscounted {
        total: u64,
        tokens: u64,
    },
}

impl Ledger {
    pub(super) fn new(header: &Header, shrinks: bool) -> Self {
        let initial = header.initial.as_ref().and_then(serde_json::Value::as_u64);
        Self {
            initial: initial.unwrap_or(0),
            pages: Pages::new(shrinks),
            acknowledged: Tokens::default(),
            nameless: None,
            last: None,
            placeless: Vec::new(),
            unknown: Vec::new(),
            operations: 0,
            is_observed: false,
            flaws: Flaws::default(),
        }
    }

    /// Takes note of an operation.
    pub(super) fn take(&mut self, line: u64, operation: &Operation) {
        self.operations += 1;
        if let Action::Add { token: None, .. } = operation.action
            && operation.outcome != Outcome::Failed
        {
            self.nameless.get_or_insert(line);
        }
        let (invoked, responded) = (operation.invoked_ns, operation.responded_ns);
        match (&operation.action, operation.outcome) {
            (Action::Add { token, .. }, Outcome::Unknown) => self.unknown.push(Unknown {
                invoked,
                token: token.as_ref().map(Id::of),
            }),
            (Action::Add { token, read, wrote }, Outcome::Ok) => {
                self.take_token(token.as_ref());
                let read = self.version_read(*read, *wrote);
                self.take_change(read, invoked, responded.unwrap_or(NEVER));
            }
            (
                Action::Look {
                    version: Some(version),
                },
                Outcome::Ok,
            ) => {
                self.take_look(*version, invoked, responded.unwrap_or(NEVER));
            }
            _ => {}
        }
    }

    fn take_token(&mut self, token: Option<&Token>) {
        let Some(id) = token.map(Id::of) else {
            return;
        };
        if !self.acknowledged.insert(id) {
            self.flaws.acknowledged_twice.get_or_insert(id);
        }
    }

    /// The version that a change had read: what it wrote is the next one.
    fn version_read(&mut self, read: Option<u64>, wrote: Option<u64>) -> Option<u64> {
        if let (Some(read), Some(wrote)) = (read, wrote)
            && read.checked_add(1) != Some(wrote)
        {
            self.flaws.skipped.get_or_insert((read, wrote));
        }
        read.or_else(|| wrote.and_then(|wrote| wrote.checked_sub(1)))
    }

    fn take_change(&mut self, read: Option<u64>, invoked: u64, responded: u64) {
        let Some(read) = read else {
            return self.placeless.push(Placeless { invoked, responded });
        };
        let Some(version) = self.counted(read) else {
            return;
        };
        if !self.pages.change(version, invoked, responded) {
            if self.flaws.forked.len() < FORKED_MAX {
                self.flaws.forked.push(read);
            }
            self.flaws.forks += 1;
        }
    }

    fn take_look(&mut self, version: u64, invoked: u64, responded: u64) {
        if let Some(version) = self.counted(version) {
            self.pages.look(version, invoked, responded);
        }
    }

    /// A version counted from the first one, if it can be one of this history.
    fn counted(&mut self, version: u64) -> Option<u64> {
        self.is_observed = true;
        let Some(counted) = version.checked_sub(self.initial) else {
            self.flaws.too_old.get_or_insert(version);
            return None;
        };
        if counted >= VERSIONS_MAX {
            self.flaws.too_new.get_or_insert(version);
            return None;
        }
        Some(counted)
    }

    /// Takes note of what is left in the end, or of a part of it; or says what is wrong with that.
    pub(super) fn take_final(&mut self, end: &Final) -> Result<(), &'static str> {
        let last = self.last.get_or_insert_default();
        if end.total.is_some() && last.total.is_some() && end.total != last.total {
            return Err("another final line has another total; there is one final state");
        }
        last.total = end.total.or(last.total);
        for token in end.tokens.iter().flatten() {
            if !last.tokens.insert(Id::of(token)) {
                self.flaws
                    .twice_in_the_end
                    .get_or_insert_with(|| token.clone());
            }
        }
        if let Some(tokens) = &end.tokens {
            *last.told.get_or_insert(0) += tokens.len() as u64;
        }
        Ok(())
    }

    /// Takes note that there is no more. The final state is found after everything else.
    pub(super) fn close(&mut self) -> Result<(), Error> {
        if let (Some(line), Some(_)) = (self.nameless, self.last_tokens()) {
            let what = "expected `token`: a final line has tokens, so every change needs one";
            return Err(Error::at(line, 1, what));
        }
        if let Some(total) = self.final_total() {
            self.take_look(total, NEVER, NEVER);
        }
        Ok(())
    }

    /// Whether it has to be made again, with nothing left out.
    pub(super) fn is_in_doubt(&self) -> bool {
        self.pages.in_doubt()
    }

    /// Why nothing can be said, though nothing is wrong.
    pub(super) const fn says_nothing(&self) -> Option<&'static str> {
        if self.operations == 0 {
            Some("the history has no operations")
        } else if !self.is_observed {
            Some("nothing says what came of the changes: there is no version and no final state")
        } else {
            None
        }
    }

    /// The memory that it takes, with what finding places for changes will take.
    pub(super) fn bytes(&self) -> u64 {
        let places = (self.placeless.capacity() + self.unknown.capacity()) * 2;
        let changes =
            places * size_of::<Placeless>() + self.unknown.capacity() * size_of::<Unknown>();
        let last = self.last.as_ref().map_or(0, |last| last.tokens.bytes());
        self.pages.bytes() + self.acknowledged.bytes() + last + changes as u64
    }

    /// Whether a token is in the final state; `None` if nobody said what is.
    pub(super) fn survived(&self, token: &Token) -> Option<bool> {
        self.last_tokens()
            .map(|tokens| tokens.contains(Id::of(token)))
    }

    /// The version of the final state, if it has been told.
    pub(super) fn final_total(&self) -> Option<u64> {
        let last = self.last.as_ref()?;
        last.total.or_else(|| Some(self.initial + last.told?))
    }

    pub(super) const fn initial(&self) -> u64 {
        self.initial
    }

    fn last_tokens(&self) -> Option<&Tokens> {
        let last = self.last.as_ref()?;
        last.told.map(|_| &last.tokens)
    }

    /// What is wrong, the most telling first.
    pub(super) fn suspects(&self) -> Vec<Suspect> {
        let mut suspects = Vec::new();
        let flaws = &self.flaws;
        if flaws.forks > 0 {
            suspects.push(Suspect::Forked {
                versions: flaws.forked.clone(),
                forks: flaws.forks,
            });
        }
        suspects.extend(self.missing());
        let doubled = flaws.acknowledged_twice;
        suspects.extend(doubled.map(|token| Suspect::AcknowledgedTwice { token }));
        let doubled = flaws.twice_in_the_end.clone();
        suspects.extend(doubled.map(|token| Suspect::TwiceInTheEnd { token }));
        suspects.extend(self.stray());
        suspects.extend(self.rollback().map(Suspect::RolledBack));
        suspects.extend(
            flaws
                .too_old
                .map(|version| Suspect::BeforeTheBeginning { version }),
        );
        suspects.extend(flaws.too_new.map(|version| Suspect::Unclaimed {
            version: version - 1,
        }));
        suspects.extend(
            flaws
                .skipped
                .map(|(read, wrote)| Suspect::Skipped { read, wrote }),
        );
        suspects.extend(self.miscounted());
        if suspects.is_empty() {
            // With anything else wrong, places that are missing would be its consequence.
            suspects.extend(self.misplaced());
        }
        suspects
    }

    fn missing(&self) -> Option<Suspect> {
        let mut missing = self.acknowledged.without(self.last_tokens()?);
        let token = missing.next()?;
        Some(Suspect::Missing {
            token,
            missing: 1 + missing.count() as u64,
        })
    }

    /// A final token that neither an acknowledged change nor one of unknown outcome has.
    fn stray(&self) -> Option<Suspect> {
        let possible: BTreeSet<Id> = self.unknown.iter().filter_map(|one| one.token).collect();
        let mut others = self.last_tokens()?.without(&self.acknowledged);
        let stray = others.find(|token| !possible.contains(token))?;
        Some(Suspect::Stray { token: stray })
    }

    /// With the versions of the history.
    fn rollback(&self) -> Option<Rollback> {
        let counted = self.pages.rollback()?;
        Some(Rollback {
            newer_from: counted.newer_from + self.initial,
            newer_to: counted.newer_to + self.initial,
            older_below: counted.older_below + self.initial,
        })
    }

    fn miscounted(&self) -> Option<Suspect> {
        let last = self.last.as_ref()?;
        let (total, tokens) = (last.total?, last.told?);
        (total != self.initial + tokens).then_some(Suspect::Miscounted { total, tokens })
    }

    fn misplaced(&self) -> Option<Suspect> {
        match places::find(&self.pages, self.to_place()) {
            Ok(()) => None,
            Err(Misplaced::Unclaimed { version }) => Some(Suspect::Unclaimed {
                version: version + self.initial,
            }),
            Err(Misplaced::NoRoom {
                change,
                version,
                without_room,
            }) => Some(Suspect::Placeless {
                change,
                version: version + self.initial,
                without_room,
            }),
        }
    }

    /// The changes that need a version, and those that could take one.
    ///
    /// Of those of unknown outcome the final tokens, if there are any, say which were made. None that
    /// would double a token was, so of several tries of one change at most one counts. One that
    /// is in the final state needs a place too, and has one when every place is taken: there are as
    /// many as tokens.
    fn to_place(&self) -> Vec<Placeless> {
        let mut unknown = self.unknown.clone();
        unknown.sort_unstable_by_key(|one| one.invoked);
        let mut tried = BTreeSet::new();
        let mut may_be_made = |id| {
            let is_in = self.last_tokens().is_none_or(|last| last.contains(id));
            is_in && !self.acknowledged.contains(id) && tried.insert(id)
        };
        unknown.retain(|one| one.token.is_none_or(&mut may_be_made));
        let unknown = unknown.iter().map(|one| Placeless {
            invoked: one.invoked,
            responded: NEVER,
        });
        self.placeless.iter().copied().chain(unknown).collect()
    }
}
