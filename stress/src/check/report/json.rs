//! The report for programs: one JSON object, described in `docs/stress-json.md`. A field is never
//! removed or given another meaning without another number in `schema`.

use super::{Report, Reporter, status};
use crate::verdict::{Conclusion, Status};
use hookstate_history::{Evidence, Judgement, Verdict};
use serde::Serialize;
use std::io::{Result, Write};
use std::time::Duration;

/// The name and number of the schema.
const SCHEMA: &str = "hookstate-stress-check/1";

/// How many histories are told of that are not exact. The others are counted.
const FINDINGS_MAX: usize = 1000;

/// Prints a report for programs.
pub(super) struct Json<W> {
    out: W,
    findings: Vec<Finding>,
}

#[derive(Serialize)]
struct JsonReport<'a> {
    schema: &'static str,
    conclusion: Conclusion,
    exit_code: u8,
    seconds: f64,
    histories: u64,
    operations: u64,
    exact: u64,
    violated: u64,
    inconclusive: u64,
    findings: &'a [Finding],
}

#[derive(Serialize)]
struct Finding {
    name: Option<Box<str>>,
    line: u64,
    operations: u64,
    status: Status,
    why: Option<String>,
    evidence: Vec<JsonEvidence>,
}

#[derive(Serialize)]
struct JsonEvidence {
    #[serde(flatten)]
    evidence: Evidence,
    /// The line for people.
    text: String,
}

impl<W: Write> Reporter for Json<W> {
    fn judgement(&mut self, _: u64, judgement: &Judgement, _: Duration) -> Result<()> {
        if judgement.verdict != Verdict::Exact && self.findings.len() < FINDINGS_MAX {
            self.findings.push(Finding::of(judgement));
        }
        Ok(())
    }

    fn end(&mut self, report: &Report) -> Result<()> {
        let conclusion = report.conclusion();
        let report = JsonReport {
            schema: SCHEMA,
            conclusion,
            exit_code: conclusion.exit_code().number(),
            seconds: report.elapsed.as_secs_f64(),
            histories: report.histories(),
            operations: report.operations,
            exact: report.exact,
            violated: report.violated,
            inconclusive: report.inconclusive,
            findings: &self.findings,
        };
        serde_json::to_writer_pretty(&mut self.out, &report)?;
        writeln!(self.out)?;
        self.out.flush()
    }
}

impl<W: Write> Json<W> {
    pub(super) const fn new(out: W) -> Self {
        let findings = Vec::new();
        Self { out, findings }
    }
}

impl Finding {
    fn of(judgement: &Judgement) -> Self {
        let (why, evidence) = match &judgement.verdict {
            Verdict::Exact => (None, &[][..]),
            Verdict::Inconclusive { why } => (Some(why.clone()), &[][..]),
            Verdict::Violated { evidence } => (None, evidence.as_slice()),
        };
        let evidence = evidence.iter().map(|one| JsonEvidence {
            evidence: one.clone(),
            text: one.to_string(),
        });
        Self {
            name: judgement.name.clone(),
            line: judgement.line,
            operations: judgement.operations,
            status: status(&judgement.verdict),
            why,
            evidence: evidence.collect(),
        }
    }
}
