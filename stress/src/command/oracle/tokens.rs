//! `--expect-tokens FILE:POINTER|FILE:lines`: each acknowledged token is there exactly once, any
//! other at most once, and none that was never given out.

use super::super::record::{Fate, Record, operation_of};
use super::super::shown;
use super::super::template::{Scope, Template};
use super::super::verdict::Lost;
use super::file::{Unread, each_line, value_in};
use super::json::split_pointer;
use super::operations::Operations;
use super::{Counted, EVIDENCE_MAX, Finding, Scene};
use crate::workload::Operation;
use anyhow::Result;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// Where the tokens are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExpectTokens {
    file: Template,
    within: Within,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Within {
    /// One in each line that is not empty.
    Lines,
    /// The elements of an array, or the names of the members of an object.
    Pointer(String),
}

impl ExpectTokens {
    /// Looks for the tokens. Gives how many must be there and how many of these are.
    pub(super) fn look(&self, scene: &Scene<'_>, finding: &mut Finding) -> Result<Counted> {
        let expected = i128::from(scene.numbers.acked);
        let mut found = Found::default();
        match self.each(scene, |token| found.take(scene, token)) {
            Ok(()) => {}
            Err(Unread::Wrong(why)) => {
                finding.complain(format!("{self}: {why}"));
                return Ok((expected, None));
            }
            Err(Unread::Unknown(why)) => {
                finding.doubt_with(format!("{self}: {why}"));
                return Ok((expected, None));
            }
        }
        found.doubled.add_to(&mut finding.evidence.doubled);
        found.foreign.add_to(&mut finding.evidence.foreign);
        let lost = take_lost(scene, &found.there, finding)?;
        Ok((expected, Some(expected - i128::from(lost))))
    }

    /// Takes each token that is there, as often as it is.
    pub(super) fn each(&self, scene: &Scene<'_>, mut take: impl FnMut(&str)) -> Result<(), Unread> {
        let path = self
            .file
            .fill(|_| scene.directory.to_string_lossy().into_owned());
        let is_there = match &self.within {
            Within::Lines => each_line(&path, |line| match line.trim() {
                "" => {}
                token => take(token),
            })?,
            Within::Pointer(pointer) => each_member(value_in(&path, pointer)?, take)?,
        };
        if !is_there && scene.numbers.acked > 0 {
            return Err(format!("{path} is not there").into());
        }
        Ok(())
    }
}

/// Takes each element or the name of each member. Tells whether there is anything they could be in.
fn each_member(value: Option<Value>, mut take: impl FnMut(&str)) -> Result<bool, String> {
    match value {
        None => return Ok(false),
        Some(Value::Array(elements)) => {
            for element in &elements {
                match element {
                    Value::String(word) => take(word),
                    other => take(&other.to_string()),
                }
            }
        }
        Some(Value::Object(members)) => members.keys().for_each(|name| take(name)),
        Some(_) => return Err("what is there is neither an array nor an object".to_owned()),
    }
    Ok(true)
}

/// What is among the tokens that are there.
#[derive(Debug, Default)]
struct Found {
    /// Those of this round.
    there: Operations,
    doubled: Few,
    foreign: Few,
}

impl Found {
    fn take(&mut self, scene: &Scene<'_>, token: &str) {
        let operation = operation_of(scene.round, token);
        match operation.filter(|operation| scene.records.has(*operation)) {
            None => self.foreign.take(token),
            Some(operation) if !self.there.insert(operation) => self.doubled.take(token),
            Some(_) => {}
        }
    }
}

/// The first of many words in the order of the alphabet.
#[derive(Debug, Default)]
struct Few(BTreeSet<String>);

impl Few {
    fn take(&mut self, word: &str) {
        self.0.insert(shown::word(word));
        if self.0.len() > EVIDENCE_MAX {
            self.0.pop_last();
        }
    }

    fn add_to(self, list: &mut Vec<String>) {
        let room = EVIDENCE_MAX.saturating_sub(list.len());
        list.extend(self.0.into_iter().take(room));
    }
}

/// Takes note of the acknowledged tokens that are not there, and counts them.
fn take_lost(scene: &Scene<'_>, there: &Operations, finding: &mut Finding) -> Result<u64> {
    let evidence = &mut finding.evidence;
    let room = EVIDENCE_MAX.saturating_sub(evidence.first_lost.len());
    let (mut count, mut first) = (0, Vec::new());
    for record in scene.records.pass() {
        let record = record?;
        if record.is_acknowledged() && !there.has(record.operation) {
            count += 1;
            finding.lost.insert(record.operation);
            if first.len() < room {
                first.push(record);
            }
        }
    }
    evidence.lost += count;
    let rivals = rivals(scene, there, &first)?;
    let first = first.iter().zip(rivals).map(|(record, rival)| Lost {
        token: scene.token(record.operation),
        operation: record.operation,
        rival,
    });
    evidence.first_lost.extend(first);
    Ok(count)
}

/// For each of these the process that has probably overwritten its update: it ran at the same time, its
/// own update is there, and it was the first to end after the other. Its write came last, so its
/// end did.
fn rivals(
    scene: &Scene<'_>,
    there: &Operations,
    lost: &[Record],
) -> Result<Vec<Option<Operation>>> {
    if lost.is_empty() {
        return Ok(Vec::new());
    }
    let mut nearest = vec![None; lost.len()];
    for record in scene.records.pass() {
        let record = record?;
        if record.fate == Fate::Killed || !there.has(record.operation) {
            continue;
        }
        for (lost, nearest) in lost.iter().zip(&mut nearest) {
            let rank = (record.ended < lost.ended, record.ended);
            let is_nearer = nearest.is_none_or(|(before, _)| rank < before);
            if is_nearer && record.overlaps(lost) {
                *nearest = Some((rank, record.operation));
            }
        }
    }
    let rivals = nearest.into_iter();
    Ok(rivals
        .map(|rival| rival.map(|(_, operation)| operation))
        .collect())
}

impl FromStr for ExpectTokens {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (file, within) = match text.strip_suffix(":lines") {
            Some(file) if !file.is_empty() => (file, Within::Lines),
            _ => split_pointer(text)
                .map(|(file, pointer)| (file, Within::Pointer(pointer.to_owned())))
                .ok_or_else(|| {
                    "it is FILE:POINTER or FILE:lines, such as {dir}/s.json:/tokens".to_owned()
                })?,
        };
        Ok(Self {
            file: Template::parse(file, Scope::Round)?,
            within,
        })
    }
}

impl fmt::Display for ExpectTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.within {
            Within::Lines => write!(f, "{}:lines", self.file),
            Within::Pointer(pointer) => write!(f, "{}:{pointer}", self.file),
        }
    }
}
