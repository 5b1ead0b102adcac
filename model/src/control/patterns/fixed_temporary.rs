//! A temporary file with a fixed name.
//!
//! Protocol
//!   1. Open the temporary file, creating it and truncating it; write; close.
//!   2. Rename it over P. If it is not there, another process has renamed it: that will do.
//!
//! Missing: a name of its own in step 1. Two processes write into the same file, and whoever
//! renames first gives the name P to what the other is still writing.
//!
//! What is lost: the wholeness of P: a mixture of both, or an empty file. The program replaces the
//! whole content and does not read it before, so it needs no lock; all else about it is right.

use super::trial::{Trial, Verdict, file, newcomer, sure};
use super::{Circumstance, Form, Pattern, Protocol, Variant};
use crate::control::file::{OpenFile, TRUNCATING, failed, load_if_whole};
use crate::oracle::{Ledger, Token, Violation, ViolationKind};
use crate::sim::{FaultModel, Sim};
use hookstate::Result;
use hookstate::kernel::{CallKind, Errno, Kernel};
use std::path::Path;

pub(super) const PATTERN: Pattern = Pattern {
    number: 13,
    name: "fixed-temporary",
    lost: "the wholeness of the file",
    form: Form::Protocol(Protocol {
        processes: 2,
        needs: Circumstance::Meeting,
        rejected_as: ViolationKind::Torn,
        model: |variant, processes| {
            let trial = Trial::new(FaultModel::LOCAL, |_| Ok(()), judge);
            Box::new(trial.crowd(processes, move |kernel, token| {
                publish(variant, kernel, token)
            }))
        },
    }),
};

fn publish<K: Kernel>(variant: Variant, kernel: &K, token: Token) -> Result<()> {
    let temporary = match variant {
        Variant::AsSeen => file("state.tmp"),
        Variant::Repaired => file(&format!("state.{}.tmp", kernel.getpid())),
    };
    OpenFile::make(kernel, &temporary, TRUNCATING)?.write(&content(token))?;
    rename_if_there(kernel, &temporary, &file("state"))
}

/// Step 2.
fn rename_if_there<K: Kernel>(kernel: &K, from: &Path, to: &Path) -> Result<()> {
    match kernel.rename(from, to) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(errno) => Err(failed("replace", to, CallKind::Rename, errno)),
    }
}

/// What a process publishes, the later ones less than those before.
fn content(token: Token) -> Ledger {
    let mut ledger = Ledger::default();
    (0..100 / token).for_each(|_| ledger.add(token));
    ledger
}

/// What is there is what one of them has published.
fn judge(sim: &Sim, _said: &[Option<()>]) -> Verdict {
    let published: Option<Ledger> = sure(load_if_whole(&newcomer(sim), &file("state")))?;
    match published {
        Some(whole) if whole.tokens.first().map(|&token| content(token)) == Some(whole.clone()) => {
            Ok(())
        }
        other => Err(Violation::Torn {
            seen: other.map_or_else(|| "damaged".to_owned(), |ledger| format!("{ledger:?}")),
        }),
    }
}
