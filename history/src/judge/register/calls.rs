//! The operations on registers, key by key, with numbers in the place of values.

use crate::operation::{Action, Header, Operation, Outcome};
use serde_json::Value;
use std::collections::BTreeMap;

/// A value, by its place in the list of all values of a history.
pub(super) type ValueId = u32;

/// An operation that was, or may have been, made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) invoked: u64,
    /// `None` if its outcome is unknown: it may be made at any time from then on, or never.
    pub(super) responded: Option<u64>,
    pub(super) step: Step,
    /// Its line in the history.
    pub(super) line: u64,
}

/// What it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Read(ValueId),
    Write(ValueId),
    /// The value was the first one and is the second one now.
    Swap(ValueId, ValueId),
    /// The value was not this one.
    Refused(ValueId),
}

impl Step {
    /// The value after it, if it can be made when the value is this one.
    pub(super) fn from(self, value: ValueId) -> Option<ValueId> {
        match self {
            Self::Read(found) => (found == value).then_some(value),
            Self::Write(written) => Some(written),
            Self::Swap(expected, written) => (expected == value).then_some(written),
            Self::Refused(expected) => (expected != value).then_some(value),
        }
    }

    /// Whether it says anything about the value that it found.
    const fn observes(self) -> bool {
        !matches!(self, Self::Write(_))
    }
}

/// All registers of a history.
#[derive(Debug)]
pub(super) struct Registers {
    calls: BTreeMap<Box<str>, Vec<Call>>,
    values: Values,
    initial: ValueId,
    count: u64,
    are_observed: bool,
}

/// An operation on something else.
#[derive(Debug)]
pub(super) struct NoRegister;

impl Registers {
    pub(super) fn new(header: &Header) -> Self {
        let mut values = Values::default();
        let initial = values.id(header.initial.as_ref().unwrap_or(&Value::Null));
        Self {
            calls: BTreeMap::new(),
            values,
            initial,
            count: 0,
            are_observed: false,
        }
    }

    /// Takes note of an operation. Those that were not made, and reads that nobody knows the answer
    /// of, say nothing.
    pub(super) fn take(&mut self, line: u64, operation: &Operation) -> Result<(), NoRegister> {
        let is_look_without_answer = matches!(operation.action, Action::Look { version: None });
        let key = match operation.key() {
            Some(key) => key,
            None if is_look_without_answer => return Ok(()),
            None => return Err(NoRegister),
        };
        let Some(step) = self.step(operation) else {
            return Ok(());
        };
        let is_ok = operation.outcome == Outcome::Ok;
        self.count += 1;
        self.are_observed |= is_ok && step.observes();
        let call = Call {
            invoked: operation.invoked_ns,
            responded: operation.responded_ns.filter(|_| is_ok),
            step,
            line,
        };
        match self.calls.get_mut(key) {
            Some(calls) => calls.push(call),
            None => {
                self.calls.insert(key.into(), vec![call]);
            }
        }
        Ok(())
    }

    fn step(&mut self, operation: &Operation) -> Option<Step> {
        let is_ok = operation.outcome == Outcome::Ok;
        match &operation.action {
            _ if operation.outcome == Outcome::Failed => None,
            Action::Get { value, .. } if is_ok => Some(Step::Read(self.values.id(value.as_ref()?))),
            Action::Write { value, .. } => Some(Step::Write(self.values.id(value))),
            Action::Cas {
                expected,
                value,
                swapped,
                ..
            } => {
                let expected = self.values.id(expected);
                if *swapped || !is_ok {
                    Some(Step::Swap(expected, self.values.id(value)))
                } else {
                    Some(Step::Refused(expected))
                }
            }
            _ => None,
        }
    }

    /// The registers, in the order of their keys.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &[Call])> {
        self.calls
            .iter()
            .map(|(key, calls)| (&**key, calls.as_slice()))
    }

    pub(super) const fn initial(&self) -> ValueId {
        self.initial
    }

    pub(super) fn value(&self, id: ValueId) -> &Value {
        &self.values.all[id as usize]
    }

    /// Whether any value was found by anybody.
    pub(super) const fn are_observed(&self) -> bool {
        self.are_observed
    }

    /// The memory that they take, with what ordering them for the search takes.
    pub(super) fn bytes(&self) -> u64 {
        let call = 2 * size_of::<Call>() + search_bytes();
        self.count * call as u64 + self.values.bytes
    }
}

/// What the search takes for a call, besides its cache.
const fn search_bytes() -> usize {
    2 * 3 * size_of::<u64>()
}

/// Values are the same if they are the same JSON, so 1 and 1.0 are two.
#[derive(Debug, Default)]
struct Values {
    ids: BTreeMap<String, ValueId>,
    all: Vec<Value>,
    bytes: u64,
}

impl Values {
    fn id(&mut self, value: &Value) -> ValueId {
        let text = value.to_string();
        if let Some(id) = self.ids.get(&text) {
            return *id;
        }
        let id = ValueId::try_from(self.all.len()).expect("the values fit in memory");
        self.bytes += 3 * text.len() as u64 + 64;
        self.all.push(value.clone());
        self.ids.insert(text, id);
        id
    }
}
