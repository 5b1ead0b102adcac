//! An appended record that is longer than what is left of the page.
//!
//! Protocol
//!   1. Open the log to append, creating it if there is none.
//!   2. Append the record and a newline with one write.
//!
//!   Readers add up the records, line by line, and stop at the first that is none.
//!
//! Missing: in step 2, a newline before the record; and that readers go on behind a damaged line. A
//! process that is killed in step 2 leaves a part that ends at a page, and a full disk leaves one
//! that ends anywhere. The next record becomes the end of that line.
//!
//! What is lost: that record, which nobody had acknowledged; and with it all records after it.

use super::trial::{Trial, Verdict, all_kept, file, newcomer, sure};
use super::{Circumstance, Form, Pattern, Protocol, Variant};
use crate::control::file::{OpenFile, failed};
use crate::oracle::{Change, Delta, Ledger, Token, ViolationKind};
use crate::sim::{FaultModel, Sim};
use hookstate::kernel::{Access, CallKind, Errno, Kernel, OpenHow};
use hookstate::{Error, Result, State};

pub(super) const PATTERN: Pattern = Pattern {
    number: 21,
    name: "torn-append",
    lost: "all records after the torn one",
    form: Form::Protocol(Protocol {
        processes: 2,
        needs: Circumstance::Kill { victim: 0 },
        rejected_as: ViolationKind::Lost,
        model: |variant, processes| {
            let before = |kernel: &_| append(variant, kernel, EARLIER, ALMOST_A_PAGE).map(|_| ());
            let judge = move |sim: &Sim, said: &[_]| judge(variant, sim, said);
            let trial = Trial::new(FaultModel::LOCAL, before, judge);
            Box::new(trial.crowd(processes, move |kernel, token| {
                append(variant, kernel, token, 0)
            }))
        },
    }),
};

/// What was there before.
const EARLIER: Token = 1_000;
/// A remark of this length leaves less of the page than the next record needs.
const ALMOST_A_PAGE: usize = 4_060;

/// Both steps.
fn append<K: Kernel>(variant: Variant, kernel: &K, token: Token, remark: usize) -> Result<Change> {
    let path = file("log");
    let log = OpenFile::make(kernel, &path, OpenHow::or_create(Access::Append))?;
    let remark = "x".repeat(remark);
    let record = serde_json::to_string(&Delta { token, remark })
        .map_err(|error| Error::unstorable(&path, error))?;
    let line = match variant {
        Variant::AsSeen => format!("{record}\n"),
        Variant::Repaired => format!("\n{record}\n"),
    };
    if log.append(line.as_bytes())? < line.len() {
        return Err(failed("append to", &path, CallKind::Append, Errno::NOSPC));
    }
    let parent = None;
    Ok(Change { token, parent })
}

fn read<K: Kernel>(variant: Variant, kernel: &K) -> Result<Ledger> {
    let path = file("log");
    let content = OpenFile::make(kernel, &path, OpenHow::existing(Access::Read))?.content()?;
    let mut ledger = Ledger::default();
    for line in content.split(|&byte| byte == b'\n') {
        match (serde_json::from_slice::<Delta>(line), variant) {
            (Ok(delta), _) => ledger.apply(&delta),
            (Err(_), Variant::Repaired) => {}
            (Err(_), Variant::AsSeen) => break,
        }
    }
    Ok(ledger)
}

fn judge(variant: Variant, sim: &Sim, said: &[Option<Change>]) -> Verdict {
    let (token, parent) = (EARLIER, None);
    let before = Change { token, parent };
    let changes: Vec<&Change> = std::iter::once(&before)
        .chain(said.iter().flatten())
        .collect();
    all_kept(&sure(read(variant, &newcomer(sim)))?, &changes)
}
