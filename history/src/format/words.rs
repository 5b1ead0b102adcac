//! The keys of a line, in the order in which we write them. What they mean together is another
//! question.

use crate::operation::{Action, Final, Header, Model, Operation, Outcome, Token};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// The version of the format that a header names.
pub(super) const VERSION: u64 = 1;

/// What a process asked for, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verb {
    Add,
    Read,
    Write,
    Cas,
}

/// A line of any kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(expecting = "an object with the keys of a header, an operation or a final line")]
pub(super) struct Words {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) history: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) model: Option<Model>,
    #[serde(default, deserialize_with = "present")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) initial: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<Box<str>>,

    #[serde(rename = "final", skip_serializing_if = "Option::is_none")]
    pub(super) is_final: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) total: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tokens: Option<Vec<Token>>,

    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) process: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) op: Option<Verb>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) token: Option<Token>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<Box<str>>,
    #[serde(default, deserialize_with = "present")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) expected: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) swapped: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) invoked_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) responded_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) outcome: Option<Outcome>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) read: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) wrote: Option<u64>,
}

/// Tells a key whose value is null from a key that is not there: null is a value like any other.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl From<&Header> for Words {
    fn from(header: &Header) -> Self {
        Self {
            history: Some(VERSION),
            model: Some(header.model),
            initial: header.initial.clone(),
            name: header.name.clone(),
            ..Self::default()
        }
    }
}

impl From<&Final> for Words {
    fn from(end: &Final) -> Self {
        Self {
            is_final: Some(true),
            total: end.total,
            tokens: end.tokens.clone(),
            ..Self::default()
        }
    }
}

impl From<&Operation> for Words {
    fn from(operation: &Operation) -> Self {
        let words = Self {
            process: Some(operation.process),
            invoked_ns: Some(operation.invoked_ns),
            responded_ns: operation.responded_ns,
            outcome: Some(operation.outcome),
            ..Self::default()
        };
        words.with_action(operation.action.clone())
    }
}

impl Words {
    fn with_action(self, action: Action) -> Self {
        match action {
            Action::Add { token, read, wrote } => Self {
                op: Some(Verb::Add),
                token,
                read,
                wrote,
                ..self
            },
            Action::Look { version } => Self {
                op: Some(Verb::Read),
                read: version,
                ..self
            },
            Action::Write { key, value } => Self {
                op: Some(Verb::Write),
                key: Some(key),
                value: Some(value),
                ..self
            },
            Action::Get { key, value } => Self {
                op: Some(Verb::Read),
                key: Some(key),
                value,
                ..self
            },
            Action::Cas {
                key,
                expected,
                value,
                swapped,
            } => Self {
                op: Some(Verb::Cas),
                key: Some(key),
                expected: Some(expected),
                value: Some(value),
                swapped: Some(swapped),
                ..self
            },
        }
    }
}

impl Serialize for Operation {
    /// As in a history.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Words::from(self).serialize(serializer)
    }
}
