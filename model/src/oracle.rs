//! The judge: what may and what must not be in the state in the end.
//!
//! A total alone does not tell a lost update together with a doubled one from two good ones. So the
//! state is a [`Ledger`], to which every change adds a token of its own, and every change notes
//! which tokens it found. A lost update is a pair of acknowledged changes that found the same.

use crate::explore::{Ending, Exit};
use crate::sim::{Sequential, Sim};
use hookstate::kernel::Kernel;
use hookstate::strategy::Strategy;
use hookstate::{ErrorKind, Recovery, State, Store};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::Path;

/// What one change adds.
pub type Token = u32;

/// The state of the models: a counter that every change increments, and a list to which every
/// change adds its token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ledger {
    /// How many changes.
    pub count: u64,
    /// Which ones, in the order in which they were made.
    pub tokens: Vec<Token>,
    /// Makes the state large, if it is to be.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub ballast: String,
}

/// A change as `apply` writes it down.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Delta {
    /// What it adds.
    pub token: Token,
    /// Makes its record long, if it is to be. The state does not keep it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub remark: String,
}

impl From<Token> for Delta {
    fn from(token: Token) -> Self {
        let remark = String::new();
        Self { token, remark }
    }
}

impl State for Ledger {
    type Delta = Delta;

    fn apply(&mut self, delta: &Delta) {
        self.add(delta.token);
    }
}

impl Ledger {
    /// Makes one change.
    pub fn add(&mut self, token: Token) {
        self.count += 1;
        self.tokens.push(token);
    }

    /// Whether it can be the result of whole changes: the counter and the list agree.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.count == self.tokens.len() as u64
    }

    /// How often the change with this token is in it.
    #[must_use]
    pub fn times(&self, token: Token) -> usize {
        self.tokens.iter().filter(|&&other| other == token).count()
    }

    fn holds_all_of(&self, earlier: &Self) -> bool {
        earlier
            .tokens
            .iter()
            .all(|&token| self.times(token) >= earlier.times(token))
    }
}

/// What a process says about what it did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Account {
    /// Its changes that were acknowledged.
    pub acknowledged: Vec<Change>,
    /// The states that it read, each with how many of its changes it had made by then.
    pub reads: Vec<(usize, Ledger)>,
    /// The first thing that went wrong, after which it stopped.
    pub failure: Option<(ErrorKind, String)>,
    /// Whether it was told of damage.
    pub damage_reported: bool,
}

/// A change that was acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Change {
    /// What it added.
    pub token: Token,
    /// The tokens that it found, if it looked.
    pub parent: Option<Vec<Token>>,
}

/// What is wrong with an ending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Violation {
    /// An acknowledged change is not in the state.
    Lost {
        /// Which.
        token: Token,
        /// Another acknowledged change that had found the same state before it.
        rival: Option<Token>,
    },
    /// A change is in the state more than once.
    Doubled {
        /// Which.
        token: Token,
    },
    /// Somebody saw, or left, a state that is not made of whole changes, or none at all.
    Torn {
        /// What was seen.
        seen: String,
    },
    /// A process saw a change and later no longer saw it.
    RolledBack {
        /// What it read first.
        earlier: Vec<Token>,
        /// What it read then.
        later: Vec<Token>,
    },
    /// More processes were in a place at the same time than may be.
    ExclusionBroken {
        /// How many there were.
        inside: usize,
        /// How many may be.
        limit: usize,
    },
    /// The processes waited for each other, or one of them worked without end.
    Stuck,
    /// A process got an error although nothing had failed.
    Failed {
        /// The error.
        error: String,
    },
    /// A process panicked.
    Panicked {
        /// The message.
        message: String,
    },
    /// Damage was reported although nobody had been killed.
    FalseAlarm,
}

/// A violation without its details, to match on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the variants are those of Violation")]
pub enum ViolationKind {
    Lost,
    Doubled,
    Torn,
    RolledBack,
    ExclusionBroken,
    Stuck,
    Failed,
    Panicked,
    FalseAlarm,
}

/// What an ending is judged by.
#[derive(Clone, Debug)]
pub struct Oracle<S> {
    /// How the state is kept.
    pub strategy: S,
    /// The tokens of the changes that were made before.
    pub before: Vec<Token>,
    /// The tokens that the processes may have added.
    pub added: Vec<Token>,
}

/// The directory of the store.
pub const DIRECTORY: &str = "/state";
/// The name of the state.
pub const NAME: &str = "ledger";
/// The user of all processes.
pub const USER: u32 = 1000;

/// The change that is made in the end to see whether one can be made.
const NEXT: Token = 9_999;

impl<S: Strategy + Clone> Oracle<S> {
    /// Looks at what the processes say and at what the store says, and makes one more change.
    ///
    /// # Errors
    ///
    /// What is wrong with the ending.
    pub fn judge(&self, ending: &Ending<Account>) -> Result<(), Violation> {
        for exit in &ending.exits {
            check_exit(exit)?;
        }
        let anybody_killed = ending.exits.contains(&Exit::Killed);
        if !anybody_killed && accounts(ending).any(|account| account.damage_reported) {
            return Err(Violation::FalseAlarm);
        }
        let last = self.read(&ending.sim)?;
        self.check_tokens(&last, ending)?;
        for account in accounts(ending) {
            self.check_reads(account, &last)?;
        }
        self.check_next_change(&ending.sim, &last)
    }

    fn read(&self, sim: &Sim) -> Result<Ledger, Violation> {
        let store = store(self.strategy.clone(), Sequential::boot(sim, USER));
        let read = store.read().map_err(|error| torn(&error))?;
        whole(&read.value).cloned()
    }

    /// Each acknowledged change once, each other at most once, and nothing else.
    fn check_tokens(&self, last: &Ledger, ending: &Ending<Account>) -> Result<(), Violation> {
        let acknowledged: Vec<&Change> = accounts(ending)
            .flat_map(|account| &account.acknowledged)
            .collect();
        for &token in &self.before {
            exactly_once(last, token, None)?;
        }
        for change in &acknowledged {
            let rival = rival(change, &acknowledged);
            exactly_once(last, change.token, rival)?;
        }
        for &token in &self.added {
            if last.times(token) > 1 {
                return Err(Violation::Doubled { token });
            }
        }
        self.check_known(last)
    }

    fn check_known(&self, ledger: &Ledger) -> Result<(), Violation> {
        let known = |token| self.before.contains(token) || self.added.contains(token);
        match ledger.tokens.iter().all(known) {
            true => Ok(()),
            false => Err(Violation::Torn {
                seen: format!("{ledger:?}"),
            }),
        }
    }

    /// Whole, with all that came before, with what the reader itself had changed, and never less
    /// than the time before. What has been read has been committed, so it is there in the end.
    fn check_reads(&self, account: &Account, last: &Ledger) -> Result<(), Violation> {
        let mut earlier = Ledger::default();
        for &token in &self.before {
            earlier.add(token);
        }
        for (changes, read) in &account.reads {
            self.check_known(whole(read)?)?;
            for change in &account.acknowledged[..*changes] {
                exactly_once(read, change.token, None)?;
            }
            rolled_back(&earlier, read)?;
            earlier = read.clone();
        }
        rolled_back(&earlier, last)
    }

    /// Whatever has happened, the next change must be possible and lose nothing.
    fn check_next_change(&self, sim: &Sim, last: &Ledger) -> Result<(), Violation> {
        let process = Sequential::boot(sim, USER);
        let store = store(self.strategy.clone(), process);
        let modified = store.locked_modify(|ledger| ledger.add(NEXT));
        let applied = modified.and_then(|_| store.apply(&Delta::from(NEXT + 1)));
        let _ = applied.map_err(|error| torn(&error))?;
        let after = store.read().map_err(|error| torn(&error))?.value;
        let after = whole(&after)?;
        exactly_once(after, NEXT, None)?;
        exactly_once(after, NEXT + 1, None)?;
        rolled_back(last, after)?;
        match after.count == last.count + 2 {
            true => Ok(()),
            false => Err(Violation::Torn {
                seen: format!("{after:?}"),
            }),
        }
    }
}

/// The store of the models.
pub fn store<S: Strategy, K: Kernel>(strategy: S, kernel: K) -> Store<Ledger, S, K> {
    Store::with(Path::new(DIRECTORY), NAME, strategy, kernel)
}

/// Whether the recovery tells of damage, rather than of a write that was completed.
#[must_use]
pub fn tells_of_damage(recovery: Option<&Recovery>) -> bool {
    recovery.is_some_and(|recovery| !matches!(recovery, Recovery::Completed))
}

fn accounts(ending: &Ending<Account>) -> impl Iterator<Item = &Account> {
    ending.exits.iter().filter_map(|exit| match exit {
        Exit::Finished(account) => Some(account),
        _ => None,
    })
}

fn check_exit(exit: &Exit<Account>) -> Result<(), Violation> {
    match exit {
        Exit::Finished(Account { failure: None, .. }) | Exit::Killed => Ok(()),
        Exit::Finished(Account {
            failure: Some((ErrorKind::Corrupt, error)),
            ..
        }) => Err(Violation::Torn {
            seen: error.clone(),
        }),
        Exit::Finished(Account {
            failure: Some((_, error)),
            ..
        }) => Err(Violation::Failed {
            error: error.clone(),
        }),
        Exit::Stuck | Exit::Runaway => Err(Violation::Stuck),
        Exit::Panicked(message) => Err(Violation::Panicked {
            message: message.clone(),
        }),
    }
}

fn whole(ledger: &Ledger) -> Result<&Ledger, Violation> {
    match ledger.is_whole() {
        true => Ok(ledger),
        false => Err(Violation::Torn {
            seen: format!("{ledger:?}"),
        }),
    }
}

fn torn(error: &hookstate::Error) -> Violation {
    Violation::Torn {
        seen: error.to_string(),
    }
}

fn exactly_once(ledger: &Ledger, token: Token, rival: Option<Token>) -> Result<(), Violation> {
    match ledger.times(token) {
        0 => Err(Violation::Lost { token, rival }),
        1 => Ok(()),
        _ => Err(Violation::Doubled { token }),
    }
}

fn rival(change: &Change, acknowledged: &[&Change]) -> Option<Token> {
    change.parent.as_ref()?;
    acknowledged
        .iter()
        .find(|other| other.token != change.token && other.parent == change.parent)
        .map(|other| other.token)
}

fn rolled_back(earlier: &Ledger, later: &Ledger) -> Result<(), Violation> {
    match later.holds_all_of(earlier) {
        true => Ok(()),
        false => Err(Violation::RolledBack {
            earlier: earlier.tokens.clone(),
            later: later.tokens.clone(),
        }),
    }
}

impl Violation {
    /// Which sort it is.
    #[must_use]
    pub fn kind(&self) -> ViolationKind {
        match self {
            Self::Lost { .. } => ViolationKind::Lost,
            Self::Doubled { .. } => ViolationKind::Doubled,
            Self::Torn { .. } => ViolationKind::Torn,
            Self::RolledBack { .. } => ViolationKind::RolledBack,
            Self::ExclusionBroken { .. } => ViolationKind::ExclusionBroken,
            Self::Stuck => ViolationKind::Stuck,
            Self::Failed { .. } => ViolationKind::Failed,
            Self::Panicked { .. } => ViolationKind::Panicked,
            Self::FalseAlarm => ViolationKind::FalseAlarm,
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost { token, rival: None } => {
                write!(f, "change {token} was acknowledged and is lost")
            }
            Self::Lost {
                token,
                rival: Some(rival),
            } => write!(
                f,
                "change {token} was acknowledged and is lost: change {rival} had found the same state"
            ),
            Self::Doubled { token } => write!(f, "change {token} is in the state more than once"),
            Self::Torn { seen } => write!(f, "a state that is not whole: {seen}"),
            Self::RolledBack { earlier, later } => {
                write!(f, "{earlier:?} was there and later only {later:?}")
            }
            Self::ExclusionBroken { inside, limit } => {
                write!(f, "{inside} were inside at once where {limit} may be")
            }
            Self::Stuck => write!(f, "nobody could go on"),
            Self::Failed { error } => write!(f, "an error without a cause: {error}"),
            Self::Panicked { message } => write!(f, "a panic: {message}"),
            Self::FalseAlarm => write!(f, "damage was reported and nobody had done any"),
        }
    }
}
