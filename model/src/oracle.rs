//! The judge: what may and what must not be in the state in the end.
//!
//! A total alone does not tell a lost update together with a doubled one from two good ones. So the
//! state is a [`Ledger`], to which every change adds a token of its own, and every change notes
//! which tokens it found. A lost update is a pair of acknowledged changes that found the same.

mod expected;
mod remains;
mod spoiled;

pub use expected::Expected;
pub use remains::Remains;
pub use spoiled::SPOILED;
pub(crate) use spoiled::set_credulous;

use crate::process::{Ending, Exit};
use crate::sim::{Sequential, Sim};
use hookstate::kernel::Kernel;
use hookstate::strategy::Strategy;
use hookstate::{Durability, ErrorKind, Recovery, State, Store};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::Path;

/// What one change adds.
pub type Token = u32;

/// The token of the changes of processes that are alike, but for one of them, the witness, whose
/// change has a token of its own. What happens to the witness could have happened to any other.
pub const ANONYMOUS: Token = 99;

/// The state of the models: a counter that every change increments, and a list to which every
/// change adds its token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ledger {
    /// How many changes.
    pub count: u64,
    /// Which ones, in the order in which they were made.
    pub tokens: Vec<Token>,
    /// Makes the state large, if it is to be, or unfit to be read back.
    #[serde(default, skip_serializing_if = "String::is_empty", with = "spoiled")]
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Account {
    /// Its changes that were acknowledged.
    pub acknowledged: Vec<Change>,
    /// The tokens of changes that were made and undone by somebody.
    pub undone: Vec<Token>,
    /// The states that it read, each with how many of its changes it had made by then.
    pub reads: Vec<(usize, Ledger)>,
    /// The changes of which it had been told, and how many states it had read before.
    pub told: Option<Box<(usize, Vec<Token>)>>,
    /// The states that it removed.
    pub removed: Vec<Ledger>,
    /// The state that was handed to it for removal, before it knows whether it was removed.
    pub handed: Option<Ledger>,
    /// The change that it is about to make.
    pub attempted: Option<Token>,
    /// The first thing that went wrong, after which it stopped.
    pub failure: Option<Failure>,
    /// Whether it was told of damage.
    pub damage_reported: bool,
    /// Whether it completed the write of another.
    pub completed_another: bool,
    /// Whether it has read the state and not yet come back from the change of it. A removal does not
    /// count: it is over for the others as soon as the name is gone.
    pub inside: bool,
}

/// An error that a process got.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Failure {
    /// Which sort.
    pub kind: ErrorKind,
    /// Whether the change may be in the state all the same.
    pub indeterminate: bool,
    /// All of it.
    pub text: String,
}

impl Failure {
    pub(crate) fn of(error: &hookstate::Error) -> Self {
        Self {
            kind: error.kind(),
            indeterminate: error.is_indeterminate(),
            text: error.to_string(),
        }
    }
}

/// A change that was acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
    /// A process saw a change, or was told of it, and later did not see it.
    RolledBack {
        /// What it read first.
        earlier: Vec<Token>,
        /// What it read then.
        later: Vec<Token>,
    },
    /// The processes waited for each other, or one of them worked without end.
    Stuck,
    /// Two processes were inside of one window.
    ExclusionBroken,
    /// A change that failed is in the state, although its error did not say that it may be; or one
    /// that somebody had undone.
    Undead {
        /// Which.
        token: Token,
        /// The error.
        error: String,
    },
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
    /// Damaged content was replaced and is nowhere any more.
    DamageForgotten,
    /// A file was left behind that is of no more use, or is longer than it is to be.
    Litter {
        /// Its name.
        name: String,
        /// How long it is.
        size: u64,
    },
    /// What stands on the state has broken its own promise.
    Broken {
        /// In which sense.
        kind: ViolationKind,
        /// What has happened.
        told: String,
    },
}

/// A violation without its details, to match on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the variants are those of Violation")]
pub enum ViolationKind {
    Lost,
    Doubled,
    Torn,
    RolledBack,
    Stuck,
    ExclusionBroken,
    Undead,
    Failed,
    Panicked,
    FalseAlarm,
    DamageForgotten,
    Litter,
}

/// What an ending is judged by.
#[derive(Clone, Debug)]
pub struct Oracle<S> {
    /// How the state is kept.
    pub strategy: S,
    /// What the changes were to survive.
    pub durability: Durability,
    /// What the processes may come to.
    pub expected: Expected,
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
        // Those who were stopped before it began are not in the way any more.
        let mut sim = ending.sim.clone();
        sim.end_all();
        self.judge_on(ending, || Sequential::boot(&sim, USER))?;
        self.check_damage(&sim, ending)?;
        self.expected.check_remains(&sim, ending)
    }

    /// The same by what a new process sees on another kernel, where the processes were too.
    pub(crate) fn judge_on<K: Kernel>(
        &self,
        ending: &Ending<Account>,
        newcomer: impl Fn() -> K,
    ) -> Result<(), Violation> {
        self.expected.check_said(ending)?;
        let last = self.read(newcomer())?;
        self.expected.check_state(&last, ending)?;
        self.check_next_change(newcomer(), &last)
    }

    /// What was damaged is kept, also by whoever finds it, and those who set it aside say so.
    fn check_damage(&self, sim: &Sim, ending: &Ending<Account>) -> Result<(), Violation> {
        let Some(damage) = self.expected.damaged else {
            return Ok(());
        };
        let process = Sequential::boot(sim, USER);
        let is_repaired = self.store_alone(process.another()).read().is_ok();
        let is_told = ending.accounts.iter().any(|it| it.damage_reported);
        if is_repaired && is_undisturbed(ending) && !is_told {
            return Err(Violation::DamageForgotten);
        }
        self.read(process.another())?;
        match remains::is_kept(&process, damage) {
            true => Ok(()),
            false => Err(Violation::DamageForgotten),
        }
    }

    fn read<K: Kernel>(&self, kernel: K) -> Result<Ledger, Violation> {
        let store = self.store_alone(kernel);
        let read = match store.read() {
            // A reader reports damage and repairs nothing. If those who could have repaired it were
            // all killed, it takes a change, which changes nothing else.
            Err(error) if self.expected.damaged.is_some() && error.kind() == ErrorKind::Corrupt => {
                let repaired = store.locked_modify(|_| ());
                repaired.and_then(|_| store.read())
            }
            read => read,
        };
        let read = read.map_err(|error| useless(&error))?;
        whole(&read.value).cloned()
    }

    fn store_alone<K: Kernel>(&self, kernel: K) -> Store<Ledger, S, K> {
        store_alone(self.strategy.clone(), kernel).durability(self.durability)
    }

    /// Whatever has happened, the next change must be possible and lose nothing.
    fn check_next_change<K: Kernel>(&self, kernel: K, last: &Ledger) -> Result<(), Violation> {
        let store = self.store_alone(kernel);
        let modified = store.locked_modify(|ledger| ledger.add(NEXT));
        let applied = modified.and_then(|_| store.apply(&Delta::from(NEXT + 1)));
        let _ = applied.map_err(|error| useless(&error))?;
        let after = store.read().map_err(|error| useless(&error))?.value;
        check_after(last, &after)
    }
}

/// With the next changes, and no less than before.
fn check_after(last: &Ledger, after: &Ledger) -> Result<(), Violation> {
    let after = whole(after)?;
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

/// The store of the models.
pub fn store<S: Strategy, K: Kernel>(strategy: S, kernel: K) -> Store<Ledger, S, K> {
    Store::with(Path::new(DIRECTORY), NAME, strategy, kernel)
}

/// The same for whoever is alone, and gets along where flock keeps nobody out.
pub(crate) fn store_alone<S: Strategy, K: Kernel>(strategy: S, kernel: K) -> Store<Ledger, S, K> {
    store(strategy, kernel).trust_any_file_system()
}

/// Whether the recovery tells of damage, rather than of a write that was completed.
#[must_use]
pub fn tells_of_damage(recovery: Option<&Recovery>) -> bool {
    recovery.is_some_and(|recovery| !matches!(recovery, Recovery::Completed))
}

/// Whether nobody was killed, and nothing failed.
fn is_undisturbed(ending: &Ending<Account>) -> bool {
    ending.exits.iter().all(|exit| *exit == Exit::Finished)
        && ending.mishaps == 0
        && ending.power_cuts == 0
        && ending.accounts.iter().all(|it| it.failure.is_none())
}

fn whole(ledger: &Ledger) -> Result<&Ledger, Violation> {
    match ledger.is_whole() {
        true => Ok(ledger),
        false => Err(Violation::Torn {
            seen: shown(ledger),
        }),
    }
}

/// Of a state that is shown, in characters.
const SHOWN_MAX: usize = 120;

/// The beginning of its text.
fn shown(ledger: &Ledger) -> String {
    let text = serde_json::to_string(ledger).expect("numbers and text are JSON");
    match text.chars().count() <= SHOWN_MAX {
        true => text,
        false => text.chars().take(SHOWN_MAX).chain(['…']).collect(),
    }
}

/// What an error means that somebody gets who is alone.
fn useless(error: &hookstate::Error) -> Violation {
    match error.kind() {
        ErrorKind::LockTimeout => Violation::Stuck,
        _ => Violation::Torn {
            seen: error.to_string(),
        },
    }
}

fn exactly_once(ledger: &Ledger, token: Token, rival: Option<Token>) -> Result<(), Violation> {
    match ledger.times(token) {
        0 => Err(Violation::Lost { token, rival }),
        1 => Ok(()),
        _ => Err(Violation::Doubled { token }),
    }
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
            Self::Stuck => ViolationKind::Stuck,
            Self::ExclusionBroken => ViolationKind::ExclusionBroken,
            Self::Undead { .. } => ViolationKind::Undead,
            Self::Failed { .. } => ViolationKind::Failed,
            Self::Panicked { .. } => ViolationKind::Panicked,
            Self::FalseAlarm => ViolationKind::FalseAlarm,
            Self::DamageForgotten => ViolationKind::DamageForgotten,
            Self::Litter { .. } => ViolationKind::Litter,
            Self::Broken { kind, .. } => *kind,
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
                let (earlier, later) = (changes(earlier), changes(later));
                write!(
                    f,
                    "a state with {earlier} was there, and later one with {later}"
                )
            }
            Self::Stuck => write!(f, "nobody could go on"),
            Self::ExclusionBroken => write!(f, "two processes were inside of one window"),
            Self::Undead { token, error } => {
                write!(
                    f,
                    "change {token} must not be in the state, and is: {error}"
                )
            }
            Self::Failed { error } => write!(f, "an error without a cause: {error}"),
            Self::Panicked { message } => write!(f, "a panic: {message}"),
            Self::FalseAlarm => write!(f, "damage was reported and nobody had done any"),
            Self::DamageForgotten => write!(f, "damaged content was replaced and not kept"),
            Self::Litter { name, size } => {
                write!(f, "{name} was left behind, {size} bytes long")
            }
            Self::Broken { told, .. } => write!(f, "{told}"),
        }
    }
}

fn changes(tokens: &[Token]) -> String {
    let all: Vec<String> = tokens.iter().map(Token::to_string).collect();
    match &all[..] {
        [] => "no change".to_owned(),
        [alone] => format!("change {alone}"),
        several => format!("changes {}", several.join(", ")),
    }
}
