//! The judge of registers, by a search for an order.
//!
//! A read says what value it found, not which write it was that wrote it, so there is no order to
//! go by: one has to be found. Each register is searched on its own, since a history is linearizable
//! if and only if that of each object is (Herlihy and Wing, "Linearizability", 1990).

mod calls;
mod search;

use super::section::Section;
use super::{inconclusive, not_of};
use crate::error::Error;
use crate::evidence::{Culprit, Evidence};
use crate::format::Line;
use crate::limits::{Budget, Stop};
use crate::operation::Model;
use crate::verdict::Verdict;
use calls::{Call, Registers};
use rayon::prelude::*;
use search::{Cache, DeadEnd, Searched};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek};

/// How many registers are told of that are violated.
const EVIDENCE_MAX: usize = 8;

/// How many lines are read between two looks at the limits.
const LINES_BETWEEN_CHECKS: u64 = 1 << 12;

pub(super) fn judge<R: Read + Seek>(
    section: &mut Section<'_, R>,
    budget: &Budget,
) -> Result<Verdict, Stop> {
    let registers = read(section, budget)?;
    let cache = Cache::new(*budget, registers.bytes());
    let searches: Vec<_> = registers.all().collect();
    let searched: Vec<(&str, Searched)> = searches
        .into_par_iter()
        .map(|(key, calls)| (key, search::search(calls, registers.initial(), &cache)))
        .collect();
    let dead_ends: Vec<(&str, &DeadEnd)> = searched
        .iter()
        .filter_map(|(key, searched)| Some((*key, searched.dead_end()?)))
        .take(EVIDENCE_MAX)
        .collect();
    if !dead_ends.is_empty() {
        let evidence = name(section, &registers, &dead_ends)?;
        return Ok(Verdict::Violated { evidence });
    }
    let unfinished = searched
        .iter()
        .find_map(|(key, searched)| Some((key, searched.why_not()?)));
    Ok(match unfinished {
        Some((key, why)) => inconclusive(format!("register {key:?}: {why}")),
        None if registers.are_observed() => Verdict::Exact,
        None => inconclusive("nothing says what came of the writes: no value was found by anybody"),
    })
}

fn read<R: Read + Seek>(section: &mut Section<'_, R>, budget: &Budget) -> Result<Registers, Stop> {
    let mut registers = Registers::new(section.header());
    while let Some(content) = section.next_line()? {
        let line = section.line();
        match content {
            Line::Operation(operation) => {
                let taken = registers.take(line, &operation);
                taken.map_err(|_| not_of(Model::Register, &operation.action, line))?;
            }
            Line::Header(_) => {}
            Line::Final(_) => return Err(final_line(line).into()),
        }
        if line.is_multiple_of(LINES_BETWEEN_CHECKS) {
            budget.check_memory(registers.bytes())?;
            budget.check_time()?;
        }
    }
    budget.check_memory(registers.bytes())?;
    Ok(registers)
}

fn final_line(line: u64) -> Error {
    let what = "a register has no final line; write a read of each key that comes after everything";
    Error::at(line, 1, what)
}

/// Reads the operations once more that are to be told of.
fn name<R: Read + Seek>(
    section: &mut Section<'_, R>,
    registers: &Registers,
    dead_ends: &[(&str, &DeadEnd)],
) -> Result<Vec<Evidence>, Error> {
    let lines: BTreeSet<u64> = dead_ends
        .iter()
        .flat_map(|(_, dead_end)| dead_end.lines())
        .collect();
    let mut culprits = BTreeMap::new();
    section.rewind()?;
    while let Some(content) = section.next_line()? {
        let line = section.line();
        if let Line::Operation(operation) = content
            && lines.contains(&line)
        {
            culprits.insert(line, Culprit { line, operation });
        }
    }
    let evidence = dead_ends.iter().map(|(key, dead_end)| {
        let of = |calls: &[Call]| -> Option<Vec<Culprit>> {
            calls
                .iter()
                .map(|call| culprits.get(&call.line).cloned())
                .collect()
        };
        Some(Evidence::NotLinearizable {
            key: (*key).into(),
            stuck: Box::new(culprits.get(&dead_end.stuck.line)?.clone()),
            value: registers.value(dead_end.value).clone(),
            in_order: dead_end.in_order,
            last: of(&dead_end.last)?,
            concurrent: of(&dead_end.concurrent)?,
        })
    });
    let evidence: Option<Vec<Evidence>> = evidence.collect();
    evidence.ok_or_else(Error::changed)
}
