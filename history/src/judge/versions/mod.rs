//! The judge of counters and sets, by version forks.
//!
//! Every change adds one to the version. So the version that a change had read gives it its place
//! in the only order that there can be, and what is left is to see whether the history fits:
//!
//!   1. No two acknowledged changes had read the same version, and each wrote the next one.
//!   2. Nobody found an older version than one that somebody had been answered with before.
//!   3. Every version below one that was found is taken by a change, and every acknowledged change
//!      that does not know its version finds one to take ([`places`]).
//!   4. The final tokens are those of the acknowledged changes, and of some whose outcome is unknown.
//!
//! These are all: the changes in the order of their versions, each look behind the version that it
//! found, are a linearization. A property test holds this against trying every order.
//!
//! The first reading of the history keeps a few bytes of each operation, and says what is wrong; a
//! second one, only if something is, finds the operations at fault ([`culprits`]). Only what
//! acknowledged operations say of versions counts: one that failed or was killed may say anything.

mod ledger;

mod pages;
mod places;
mod tokens;

mod culprits;

use super::section::Section;
use super::{inconclusive, not_of};
use crate::error::Error;
use crate::evidence::Evidence;
use crate::format::Line;
use crate::limits::{Budget, Stop};
use crate::operation::{Action, Model, Operation};
use crate::verdict::Verdict;
use ledger::{Ledger, Suspect};
use std::io::{Read, Seek};

/// How many lines are read between two looks at the limits.
const LINES_BETWEEN_CHECKS: u64 = 1 << 14;

pub(super) fn judge<R: Read + Seek>(
    section: &mut Section<'_, R>,
    budget: &Budget,
) -> Result<Verdict, Stop> {
    let mut ledger = read(section, budget, true)?;
    if ledger.is_in_doubt() {
        ledger = read(section, budget, false)?;
    }
    let suspects = ledger.suspects();
    if suspects.is_empty() {
        return Ok(match ledger.says_nothing() {
            Some(why) => inconclusive(why),
            None => Verdict::Exact,
        });
    }
    let mut hunts: Vec<_> = suspects.into_iter().map(Suspect::hunt).collect();
    each_line(section, budget, |line, content| {
        for hunt in &mut hunts {
            match &content {
                Line::Operation(operation) => hunt.see(line, operation),
                Line::Final(end) => hunt.see_final(end),
                Line::Header(_) => {}
            }
        }
        Ok(())
    })?;
    let evidence: Option<Vec<Evidence>> = hunts.into_iter().map(|hunt| hunt.end(&ledger)).collect();
    let evidence = evidence.ok_or_else(Error::changed)?;
    Ok(Verdict::Violated { evidence })
}

fn read<R: Read + Seek>(
    section: &mut Section<'_, R>,
    budget: &Budget,
    shrinks: bool,
) -> Result<Ledger, Stop> {
    let mut ledger = Ledger::new(section.header(), shrinks);
    each_line(section, budget, |line, content| {
        match content {
            Line::Operation(operation) => ledger.take(line, &operation),
            Line::Final(end) => ledger
                .take_final(&end)
                .map_err(|what| Error::at(line, 1, what))?,
            Line::Header(_) => {}
        }
        if line.is_multiple_of(LINES_BETWEEN_CHECKS) {
            budget.check_memory(ledger.bytes())?;
        }
        Ok(())
    })?;
    ledger.close()?;
    budget.check_memory(ledger.bytes())?;
    Ok(ledger)
}

fn each_line<R: Read + Seek>(
    section: &mut Section<'_, R>,
    budget: &Budget,
    mut take: impl FnMut(u64, Line) -> Result<(), Stop>,
) -> Result<(), Stop> {
    section.rewind()?;
    let model = section.header().model;
    while let Some(content) = section.next_line()? {
        let line = section.line();
        if let Line::Operation(operation) = &content {
            is_of(model, operation, line)?;
        }
        take(line, content)?;
        if line.is_multiple_of(LINES_BETWEEN_CHECKS) {
            budget.check_time()?;
        }
    }
    Ok(())
}

fn is_of(model: Model, operation: &Operation, line: u64) -> Result<(), Error> {
    match &operation.action {
        Action::Add { token: None, .. } if model == Model::Set => {
            let what = "expected `token`: what a change of a set adds";
            Err(Error::at(line, 1, what))
        }
        Action::Add { .. } | Action::Look { .. } => Ok(()),
        action => Err(not_of(model, action, line)),
    }
}
