//! What the words of a line mean together.

use super::words::{VERSION, Verb, Words};
use crate::operation::{Action, Final, Header, Model, Operation, Outcome};
use serde_json::Value;

/// Times end here, after 292 years, so that a judge has larger numbers for "after everything". The
/// version before the first change is no larger either.
const TIME_MAX: u64 = i64::MAX as u64;

/// A line of a history.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// What the history says about itself: its first line, if it is there.
    Header(Header),
    /// An operation.
    Operation(Operation),
    /// What is left in the end.
    Final(Final),
}

/// Why a line means nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    /// The key that it is about.
    pub(super) key: &'static str,
    /// What is wrong, and what was expected.
    pub(super) what: String,
}

fn mistake<T>(key: &'static str, what: impl Into<String>) -> Result<T, Mistake> {
    let what = what.into();
    Err(Mistake { key, what })
}

impl Line {
    pub(super) fn of(words: Words) -> Result<Self, Mistake> {
        if words.history.is_some() {
            header(words).map(Self::Header)
        } else if words.is_final.is_some() {
            last(words).map(Self::Final)
        } else {
            operation(words).map(Self::Operation)
        }
    }
}

fn header(words: Words) -> Result<Header, Mistake> {
    if words.history != Some(VERSION) {
        let what = format!("expected version {VERSION}: this program knows no other");
        return mistake("history", what);
    }
    let model = words.model.unwrap_or_default();
    match (model, &words.initial) {
        (Model::Counter, Some(initial)) if initial.as_u64().is_none_or(|one| one > TIME_MAX) => {
            mistake("initial", "expected a version, a number of changes")
        }
        (Model::Set, Some(initial)) if initial.as_u64() != Some(0) => {
            mistake("initial", "expected 0: a set is empty in the beginning")
        }
        _ => Ok(Header {
            model,
            initial: words.initial,
            name: words.name,
        }),
    }
}

fn last(words: Words) -> Result<Final, Mistake> {
    if words.is_final != Some(true) {
        return mistake("final", "expected true");
    }
    if words.total.is_none() && words.tokens.is_none() {
        return mistake("final", "expected `total` or `tokens` beside it");
    }
    Ok(Final {
        total: words.total,
        tokens: words.tokens,
    })
}

fn operation(mut words: Words) -> Result<Operation, Mistake> {
    let Some(process) = words.process else {
        return mistake("process", "expected `process`, a number");
    };
    let Some(invoked_ns) = words.invoked_ns else {
        return mistake("invoked_ns", "expected `invoked_ns`, a number");
    };
    let Some(outcome) = words.outcome else {
        return mistake("outcome", "expected `outcome`: ok, failed or unknown");
    };
    if words.tokens.is_some() {
        return mistake(
            "tokens",
            "tokens belong in a final line, not in an operation",
        );
    }
    let operation = Operation {
        process,
        invoked_ns,
        responded_ns: words.responded_ns,
        outcome,
        action: action(&mut words, outcome)?,
    };
    match unsound(&operation) {
        Some((key, what)) => mistake(key, what),
        None => Ok(operation),
    }
}

fn action(words: &mut Words, outcome: Outcome) -> Result<Action, Mistake> {
    let key = words.key.take();
    match words.op {
        None => mistake("op", "expected `op`: add, read, write or cas"),
        Some(Verb::Add) => Ok(Action::Add {
            token: words.token.take(),
            read: words.read,
            wrote: words.wrote,
        }),
        Some(Verb::Read) if key.is_none() && words.value.is_none() => {
            if words.read.is_none() && outcome == Outcome::Ok {
                let what = "a read that is ok found a version (`read`) or a value (`value`)";
                return mistake("op", what);
            }
            Ok(Action::Look {
                version: words.read,
            })
        }
        Some(Verb::Read) => Ok(Action::Get {
            key: key.unwrap_or_default(),
            value: match words.value.take() {
                None if outcome == Outcome::Ok => return missing("value"),
                value => value,
            },
        }),
        Some(Verb::Write) => Ok(Action::Write {
            key: key.unwrap_or_default(),
            value: required("value", words.value.take())?,
        }),
        Some(Verb::Cas) => Ok(Action::Cas {
            key: key.unwrap_or_default(),
            expected: required("expected", words.expected.take())?,
            value: required("value", words.value.take())?,
            swapped: words.swapped.unwrap_or(true),
        }),
    }
}

fn required(key: &'static str, value: Option<Value>) -> Result<Value, Mistake> {
    value.map_or_else(|| missing(key), Ok)
}

fn missing<T>(key: &'static str) -> Result<T, Mistake> {
    mistake(key, format!("expected `{key}`, any JSON"))
}

/// What cannot be of an operation, whoever wrote it, and the key that shows it.
pub(super) fn unsound(operation: &Operation) -> Option<(&'static str, &'static str)> {
    let responded = operation.responded_ns;
    if operation.invoked_ns > TIME_MAX {
        return Some(("invoked_ns", "expected at most 9223372036854775807"));
    }
    if responded.is_some_and(|time| time > TIME_MAX) {
        return Some(("responded_ns", "expected at most 9223372036854775807"));
    }
    if responded.is_some_and(|time| time < operation.invoked_ns) {
        let what = "the response is before the invocation: both are of one monotonic clock";
        return Some(("responded_ns", what));
    }
    if responded.is_none() && operation.outcome != Outcome::Unknown {
        let what = "expected `responded_ns`: only an operation of unknown outcome has none";
        return Some(("responded_ns", what));
    }
    if let Action::Add { wrote: Some(0), .. } = operation.action {
        return Some((
            "wrote",
            "expected at least 1: a change adds one to the version",
        ));
    }
    None
}
