//! What shows that a history is violated: a value, which prints in one line.

use crate::operation::{Action, Operation, Token};
use serde::Serialize;
use serde_json::Value;
use std::fmt;

/// Something that cannot have come about if every acknowledged change was made exactly once.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Evidence {
    /// Lost: two acknowledged changes had read the same version, so both wrote the next one.
    Overwritten {
        /// The version that both had read.
        version: u64,
        /// The one that is gone.
        overwritten: Culprit,
        /// The one that wrote over it.
        by: Culprit,
        /// Whether the final tokens say which is which. If not, `by` is the one that was
        /// acknowledged later.
        certain: bool,
        /// How many changes of the history had read a version that another had read before.
        overwritten_in_all: u64,
    },
    /// Lost: an acknowledged change is not in the final state.
    Missing {
        /// Which, the first of them.
        change: Culprit,
        /// How many there are.
        missing_in_all: u64,
    },
    /// Lost: among the versions that were found there is none that an acknowledged change, which does
    /// not know its own, can have written.
    NoRoom {
        /// Which, the first of them.
        change: Culprit,
        /// Who came after it and found no more.
        seen_by: Observer,
        /// For how many there is no room in the end, if that is what shows it.
        without_room: u64,
    },
    /// A change was made twice.
    Doubled {
        /// Its token.
        token: Token,
        /// The operations that have it: the two that were both acknowledged, or the one that is in the
        /// final state too often.
        changes: Vec<Culprit>,
    },
    /// A change that had failed is in the final state all the same.
    Undead {
        /// Which.
        change: Culprit,
    },
    /// The final state has a token of nobody.
    Torn {
        /// Which.
        token: Token,
    },
    /// Somebody found an older version than one that had been acknowledged before it looked.
    RolledBack {
        /// What had been acknowledged.
        newer: Observer,
        /// Who found the older one.
        older: Observer,
    },
    /// Somebody found a version that nobody can have written.
    Unclaimed {
        /// Which.
        version: u64,
        /// Who found it, or a later one.
        seen_by: Observer,
    },
    /// A change did not add one to the version.
    Skipped {
        /// Which.
        change: Culprit,
    },
    /// The total of the final state is not the number of its tokens.
    Miscounted {
        /// The total.
        total: u64,
        /// How many tokens there are.
        tokens: u64,
    },
    /// There is no order of the operations on a register that explains what was found.
    NotLinearizable {
        /// Which register.
        key: Box<str>,
        /// The operation that cannot be put in order, after the longest order that there is.
        stuck: Box<Culprit>,
        /// The value of the register after that order.
        value: Value,
        /// How many acknowledged operations that order has.
        in_order: u64,
        /// The last of them, in their order.
        last: Vec<Culprit>,
        /// The operations that were under way at the same time as `stuck` and are not in that order.
        concurrent: Vec<Culprit>,
    },
}

/// An operation that is part of what went wrong.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Culprit {
    /// Its line in the history, counted from 1.
    pub line: u64,
    /// The operation.
    #[serde(flatten)]
    pub operation: Operation,
}

/// Who found a version.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Observer {
    /// An operation.
    Operation(Culprit),
    /// Whoever read the state when all had ended.
    Final {
        /// The version that it had.
        total: u64,
    },
    /// Nobody: it is the version before the first change.
    Beginning {
        /// Which.
        version: u64,
    },
}

impl Evidence {
    /// What has happened, in a word.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Overwritten { .. } | Self::Missing { .. } | Self::NoRoom { .. } => "lost",
            Self::Doubled { .. } => "doubled",
            Self::Undead { .. } => "undead",
            Self::Torn { .. } => "torn",
            Self::RolledBack { .. } => "rolled back",
            Self::Unclaimed { .. } => "unclaimed",
            Self::Skipped { .. } => "skipped",
            Self::Miscounted { .. } => "miscounted",
            Self::NotLinearizable { .. } => "not linearizable",
        }
    }
}

impl Culprit {
    pub(crate) fn new(line: u64, operation: &Operation) -> Self {
        let operation = operation.clone();
        Self { line, operation }
    }

    /// When it was under way.
    fn window(&self) -> Window {
        Window(self.operation.invoked_ns, self.operation.responded_ns)
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.word())?;
        match self {
            Self::Overwritten {
                version,
                overwritten,
                by,
                certain,
                overwritten_in_all,
            } => {
                overwritten_line(f, *version, overwritten, by, *certain)?;
                others(f, *overwritten_in_all)
            }
            Self::Missing {
                change,
                missing_in_all,
            } => {
                write!(f, "{change} was acknowledged ({})", change.window())?;
                write!(f, " and is not in the final state")?;
                others(f, *missing_in_all)
            }
            Self::NoRoom {
                change,
                seen_by,
                without_room,
            } => {
                write!(f, "{change} was acknowledged ({})", change.window())?;
                write!(f, ", but then {seen_by}: that leaves no room for it")?;
                others(f, *without_room)
            }
            Self::Doubled { token, changes } => doubled_line(f, token, changes),
            Self::Undead { change } => {
                write!(f, "{change} had failed ({})", change.window())?;
                write!(f, " and is in the final state all the same")
            }
            Self::Torn { token } => write!(f, "the final state has {token}, which is of nobody"),
            Self::RolledBack { newer, older } => {
                write!(f, "{newer}, and after that {older}")
            }
            Self::Unclaimed { version, seen_by } => {
                write!(
                    f,
                    "{seen_by}, but nobody can have written version {version}"
                )
            }
            Self::Skipped { change } => {
                let (read, wrote) = versions_of(&change.operation);
                let (read, wrote) = (read.unwrap_or(0), wrote.unwrap_or(0));
                write!(f, "{change} read version {read} and wrote {wrote} ")?;
                write!(f, "({})", change.window())
            }
            Self::Miscounted { total, tokens } => {
                write!(
                    f,
                    "the final total is {total}, and the number of tokens is {tokens}"
                )
            }
            Self::NotLinearizable {
                key,
                stuck,
                value,
                in_order,
                last,
                concurrent,
            } => register_line(f, (key, stuck), (*in_order, last, value), concurrent),
        }
    }
}

fn register_line(
    f: &mut fmt::Formatter<'_>,
    (key, stuck): (&str, &Culprit),
    (in_order, last, value): (u64, &[Culprit], &Value),
    concurrent: &[Culprit],
) -> fmt::Result {
    let (asked, window) = (Asked(&stuck.operation), stuck.window());
    write!(f, "{stuck} {asked} of {key:?} ({window}) fits nowhere; ")?;
    write!(f, "the longest order has {in_order} of the operations")?;
    if let Some(last) = last.last() {
        write!(f, ", in the end {last} {}", Asked(&last.operation))?;
    }
    write!(f, ", and then the value is {value}")?;
    let mut separator = "; at the same time: ";
    concurrent.iter().try_for_each(|other| {
        write!(f, "{separator}{other} {}", Asked(&other.operation))?;
        separator = ", ";
        Ok(())
    })
}

fn overwritten_line(
    f: &mut fmt::Formatter<'_>,
    version: u64,
    overwritten: &Culprit,
    by: &Culprit,
    certain: bool,
) -> fmt::Result {
    let next = version + 1;
    write!(f, "{overwritten} ({}) and {by} ", overwritten.window())?;
    write!(f, "({}) had both read version {version} ", by.window())?;
    write!(f, "and wrote {next}; ")?;
    if certain {
        write!(f, "{by} is in the final state, {overwritten} is not")
    } else {
        write!(f, "{by} was acknowledged later")
    }
}

fn doubled_line(f: &mut fmt::Formatter<'_>, token: &Token, changes: &[Culprit]) -> fmt::Result {
    match changes {
        [first, second, ..] => {
            let (one, other) = (first.window(), second.window());
            write!(f, "{token} was acknowledged twice: in line {} ", first.line)?;
            write!(f, "({one}) and in line {} ({other})", second.line)
        }
        [only] => {
            let window = only.window();
            write!(f, "{only} ({window}) is in the final state more than once")
        }
        [] => write!(f, "{token} is in the final state more than once"),
    }
}

fn others(f: &mut fmt::Formatter<'_>, in_all: u64) -> fmt::Result {
    match in_all {
        0 | 1 => Ok(()),
        more => write!(f, "; and {} more", more - 1),
    }
}

/// The versions that an operation on a counter or set had read and written.
fn versions_of(operation: &Operation) -> (Option<u64>, Option<u64>) {
    match operation.action {
        Action::Add { read, wrote, .. } => (read, wrote),
        Action::Look { version } => (version, None),
        _ => (None, None),
    }
}

impl fmt::Display for Culprit {
    /// `p1 #07` if its token says so, otherwise with the token, or else the line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let own = self.operation.process;
        write!(f, "p{own} ")?;
        match self.operation.token() {
            Some(Token::Numbered { process, sequence }) if *process == own => {
                write!(f, "#{sequence:02}")
            }
            Some(token) => write!(f, "{:?}", token.to_string()),
            None => write!(f, "line {}", self.line),
        }
    }
}

impl fmt::Display for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operation(culprit) => {
                write!(f, "{culprit} ({}) ", culprit.window())?;
                match versions_of(&culprit.operation) {
                    (Some(read), Some(wrote)) => write!(f, "read {read} and wrote {wrote}"),
                    (Some(read), None) => write!(f, "read {read}"),
                    (None, wrote) => write!(f, "wrote {}", wrote.unwrap_or(0)),
                }
            }
            Self::Final { total } => write!(f, "the final total was {total}"),
            Self::Beginning { version } => write!(f, "the first version was {version}"),
        }
    }
}

/// When an operation was under way: from its invocation to its response, if it had one.
struct Window(u64, Option<u64>);

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(invoked, responded) = self;
        match responded {
            Some(responded) => write!(f, "{invoked} to {responded} ns"),
            None => write!(f, "from {invoked} ns, no answer"),
        }
    }
}

/// What an operation on a register asked for, and what it found.
struct Asked<'a>(&'a Operation);

impl fmt::Display for Asked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.action {
            Action::Write { value, .. } => write!(f, "write {value}"),
            Action::Get { value, .. } => match value {
                Some(value) => write!(f, "read {value}"),
                None => write!(f, "read"),
            },
            Action::Cas {
                expected,
                value,
                swapped,
                ..
            } => {
                let refused = if *swapped { "" } else { " refused" };
                write!(f, "cas {expected} to {value}{refused}")
            }
            Action::Add { .. } => write!(f, "add"),
            Action::Look { .. } => write!(f, "look"),
        }
    }
}
