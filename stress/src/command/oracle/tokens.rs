//! `--expect-tokens FILE:POINTER|FILE:lines`: each acknowledged token is there exactly once, any
//! other at most once, and none that was never given out.

use super::super::record::{Fate, Record};
use super::super::shown;
use super::super::template::{Scope, Template};
use super::super::verdict::{Evidence, Lost};
use super::file::{Unread, text_of, value_in};
use super::json::split_pointer;
use super::{Counted, EVIDENCE_MAX, Finding, Scene};
use crate::workload::Operation;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
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
    pub(super) fn look(
        &self,
        scene: &Scene<'_>,
        finding: &mut Finding,
        lost: &mut BTreeSet<Operation>,
    ) -> Counted {
        let expected = i128::from(scene.numbers.acked);
        let tokens = match self.tokens(scene) {
            Ok(tokens) => tokens,
            Err(Unread::Wrong(why)) => {
                finding.complain(format!("{self}: {why}"));
                return (expected, None);
            }
            Err(Unread::Unknown(why)) => {
                finding.doubt_with(format!("{self}: {why}"));
                return (expected, None);
            }
        };
        let evidence = &mut finding.evidence;
        let given = scene.by_token();
        for (token, times) in &tokens {
            match given.contains_key(token) {
                false => push(&mut evidence.foreign, token),
                true if *times > 1 => push(&mut evidence.doubled, token),
                true => {}
            }
        }
        let missing = take_lost(&given, &tokens, evidence);
        let count = missing.len() as i128;
        lost.extend(missing);
        (expected, Some(expected - count))
    }

    /// The tokens that are there, and how often.
    pub(super) fn tokens(&self, scene: &Scene<'_>) -> Result<BTreeMap<String, u64>, Unread> {
        let path = self
            .file
            .fill(|_| scene.directory.to_string_lossy().into_owned());
        let all = match &self.within {
            Within::Lines => lines(text_of(&path)?),
            Within::Pointer(pointer) => members(value_in(&path, pointer)?)?,
        };
        let all = match all {
            Some(all) => all,
            None if scene.numbers.acked == 0 => Vec::new(),
            None => return Err(format!("{path} is not there").into()),
        };
        let mut tokens = BTreeMap::new();
        for token in all {
            *tokens.entry(token).or_default() += 1;
        }
        Ok(tokens)
    }
}

fn lines(text: Option<String>) -> Option<Vec<String>> {
    let text = text?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    Some(lines.map(str::to_owned).collect())
}

fn members(value: Option<Value>) -> Result<Option<Vec<String>>, String> {
    match value {
        None => Ok(None),
        Some(Value::Array(elements)) => {
            let words = elements.into_iter().map(|element| match element {
                Value::String(word) => word,
                other => other.to_string(),
            });
            Ok(Some(words.collect()))
        }
        Some(Value::Object(members)) => {
            Ok(Some(members.into_iter().map(|(name, _)| name).collect()))
        }
        Some(_) => Err("what is there is neither an array nor an object".to_owned()),
    }
}

/// Takes note of the acknowledged tokens that are not there, and gives whose these are.
fn take_lost(
    given: &BTreeMap<String, &Record>,
    tokens: &BTreeMap<String, u64>,
    evidence: &mut Evidence,
) -> Vec<Operation> {
    let mut lost: Vec<(&String, &Record)> = given
        .iter()
        .filter(|(token, record)| record.is_acknowledged() && !tokens.contains_key(*token))
        .map(|(token, record)| (token, *record))
        .collect();
    lost.sort_by_key(|(_, record)| record.ended);
    let kept: Vec<&Record> = given
        .iter()
        .filter(|(token, _)| tokens.contains_key(*token))
        .map(|(_, record)| *record)
        .collect();
    evidence.lost += lost.len() as u64;
    let room = EVIDENCE_MAX.saturating_sub(evidence.first_lost.len());
    let first = lost.iter().take(room).map(|(token, record)| Lost {
        token: (*token).clone(),
        operation: record.operation,
        rival: rival(record, &kept).map(|rival| rival.operation),
    });
    evidence.first_lost.extend(first);
    lost.iter().map(|(_, record)| record.operation).collect()
}

/// The process that has probably overwritten the update of another: it ran at the same time, its
/// own update is there, and it was the first to end after the other. Its write came last, so its
/// end did.
fn rival<'a>(lost: &Record, kept: &[&'a Record]) -> Option<&'a Record> {
    let rivals = kept
        .iter()
        .copied()
        .filter(|record| record.overlaps(lost) && record.fate != Fate::Killed);
    rivals.min_by_key(|record| (record.ended < lost.ended, record.ended))
}

fn push(list: &mut Vec<String>, token: &str) {
    if list.len() < EVIDENCE_MAX {
        list.push(shown::word(token));
    }
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
