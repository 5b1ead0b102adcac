//! Two processes that said they had changed the same version.
//!
//! To see it, every version that was read has to be remembered with its last reader. If these are too
//! many to be held at once, they are divided into classes by a hash, and each class has a pass over the
//! journal of its own.

use super::super::journal::Records;
use super::super::record::Step;
use super::super::shown;
use super::super::verdict::Fork;
use super::operations::Operations;
use crate::workload::Operation;
use anyhow::Result;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

/// How much is held at once, about: the steps of 200,000 processes, if versions are numbers.
pub(super) const HELD_BYTES_MAX: u64 = 1 << 25;

/// The first fork between two processes of which one has lost its update; or else the first. What is
/// first is said by the end of its second process.
///
/// The processes tell by lines `stress: read VERSION wrote VERSION` what they have done; see
/// [`Step`]. Without such lines there is no fork to be seen.
pub(super) fn find(
    records: &Records,
    lost: &Operations,
    held_bytes_max: u64,
) -> Result<Option<Fork>> {
    let classes = records.steps_bytes().div_ceil(held_bytes_max);
    let mut first = First::default();
    for number in 0..classes {
        let class = Class { number, classes };
        look(records, lost, class, &mut first)?;
    }
    let found = first.accusing.or(first.any);
    Ok(found.map(|(_, fork)| fork))
}

/// A part of all versions.
#[derive(Clone, Copy, Debug)]
struct Class {
    number: u64,
    classes: u64,
}

impl Class {
    fn has(self, version: &str) -> bool {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(version);
        hash % self.classes == self.number
    }
}

/// How many processes have ended before the second of a fork, and which of its steps it was.
type Place = (u64, usize);

#[derive(Debug, Default)]
struct First {
    /// Of those that show a lost update.
    accusing: Option<(Place, Fork)>,
    any: Option<(Place, Fork)>,
}

impl First {
    fn take(&mut self, place: Place, fork: Fork) {
        let is_between_two = fork.first.lane != fork.second.lane;
        let kind = if fork.overwritten.is_some() && is_between_two {
            &mut self.accusing
        } else {
            &mut self.any
        };
        if kind.as_ref().is_none_or(|(before, _)| place < *before) {
            *kind = Some((place, fork));
        }
    }

    /// Whether nothing comes before it from there on.
    fn is_before(&self, number: u64) -> bool {
        let accusing = self.accusing.as_ref();
        accusing.is_some_and(|((first, _), _)| *first < number)
    }
}

/// Who has read a version last, and what it wrote.
struct Reader {
    operation: Operation,
    wrote: String,
}

/// Looks at the versions of a class.
fn look(records: &Records, lost: &Operations, class: Class, first: &mut First) -> Result<()> {
    let mut readers: BTreeMap<String, Reader> = BTreeMap::new();
    for (number, record) in (0..).zip(records.pass()) {
        let record = record?;
        if first.is_before(number) {
            return Ok(());
        }
        if !record.is_acknowledged() {
            continue;
        }
        let steps = record.steps.into_iter().enumerate();
        for (at, Step { read, wrote }) in steps.filter(|(_, step)| class.has(&step.read)) {
            let reader = Reader {
                operation: record.operation,
                wrote,
            };
            match readers.get_mut(&read) {
                Some(last) => {
                    first.take((number, at), fork(&read, last, &reader, lost));
                    *last = reader;
                }
                None => {
                    readers.insert(read, reader);
                }
            }
        }
    }
    Ok(())
}

fn fork(read: &str, first: &Reader, second: &Reader, lost: &Operations) -> Fork {
    let pair = [first.operation, second.operation];
    Fork {
        read: shown::word(read),
        wrote: [&first.wrote, &second.wrote].map(|wrote| shown::word(wrote)),
        first: first.operation,
        second: second.operation,
        overwritten: one_of(pair, |operation| lost.has(operation)),
    }
}

/// The one of the two that is so, if it is only one.
fn one_of(pair: [Operation; 2], is: impl Fn(Operation) -> bool) -> Option<Operation> {
    match pair.map(is) {
        [true, false] => Some(pair[0]),
        [false, true] => Some(pair[1]),
        _ => None,
    }
}
