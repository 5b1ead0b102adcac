//! The report for programs: one JSON object, described in `docs/stress-json.md`. A field is never
//! removed or given another meaning without another number in `schema`.

use super::{Report, Reporter, Run};
use crate::args::Shape;
use crate::oracle::HarmCounts;
use crate::pace::Quantiles;
use crate::subject::{Role, Subject};
use crate::verdict::{Conclusion, Evidence, Status, Verdict};
use crate::worker::Durability;
use crate::workload::{Seed, Workload};
use serde::Serialize;
use std::io::{Result, Write};
use std::path::Path;

/// The name and number of the schema.
const SCHEMA: &str = "hookstate-stress/1";

/// Prints a report for programs.
pub(super) struct Json<W> {
    out: W,
}

#[derive(Serialize)]
struct JsonReport<'a> {
    schema: &'static str,
    conclusion: Conclusion,
    exit_code: u8,
    interrupted: bool,
    lacks_race: bool,
    seconds: f64,
    settings: Settings<'a>,
    runs: Vec<JsonRun<'a>>,
}

#[derive(Serialize)]
struct Settings<'a> {
    workload: Workload,
    procs: u32,
    iters: u32,
    rounds: Option<u32>,
    duration_s: Option<f64>,
    fail_fast: bool,
    seed: Seed,
    durability: Durability,
    state_bytes_from: usize,
    state_bytes_to: usize,
    timeout_s: u64,
    lock_timeout_ms: u64,
    chaos: Option<String>,
    repro: Option<&'a Path>,
}

#[derive(Serialize)]
struct JsonRun<'a> {
    name: Subject,
    role: Role,
    shape: Shape,
    status: Status,
    iters: u32,
    rounds: Option<u32>,
    rounds_done: u32,
    rounds_violated: u32,
    rounds_inconclusive: u32,
    expected: u64,
    got: Option<u64>,
    reads: u64,
    lock_timeouts: u64,
    deferred: u64,
    first_deferred: Option<&'a str>,
    harm: Option<&'a HarmCounts>,
    latency_ns: Option<Quantiles>,
    fairness: Option<f64>,
    seconds: f64,
    why: Option<&'a str>,
    evidence: Option<&'a Evidence>,
    kept: Option<&'a Path>,
    again: &'a str,
}

impl<W: Write> Reporter for Json<W> {
    fn begin(&mut self, _report: &Report) -> Result<()> {
        Ok(())
    }

    fn run(&mut self, _report: &Report, _run: &Run) -> Result<()> {
        Ok(())
    }

    fn end(&mut self, report: &Report) -> Result<()> {
        serde_json::to_writer_pretty(&mut self.out, &JsonReport::from(report))?;
        writeln!(self.out)?;
        self.out.flush()
    }
}

impl<W: Write> Json<W> {
    pub(super) const fn new(out: W) -> Self {
        Self { out }
    }
}

impl<'a> From<&'a Report> for JsonReport<'a> {
    fn from(report: &'a Report) -> Self {
        let conclusion = report.conclusion();
        Self {
            schema: SCHEMA,
            conclusion,
            exit_code: conclusion.exit_code().number(),
            interrupted: report.interrupted,
            lacks_race: report.lacks_race,
            seconds: report.elapsed.as_secs_f64(),
            settings: Settings::from(report),
            runs: report.runs.iter().map(JsonRun::from).collect(),
        }
    }
}

impl<'a> From<&'a Report> for Settings<'a> {
    fn from(report: &'a Report) -> Self {
        let origin = report.origin.as_ref();
        Self {
            workload: report.workload,
            procs: report.procs,
            iters: report.iters,
            rounds: report.bounds.rounds,
            duration_s: report.bounds.duration.map(|time| time.as_secs_f64()),
            fail_fast: report.bounds.fail_fast,
            seed: report.seed,
            durability: report.durability,
            state_bytes_from: report.ballast.from,
            state_bytes_to: report.ballast.to,
            timeout_s: report.bounds.timeout.as_secs(),
            lock_timeout_ms: report.lock_timeout_ms,
            chaos: report.chaos.is_any().then(|| report.chaos.to_string()),
            repro: origin.map(|origin| origin.directory.as_path()),
        }
    }
}

impl<'a> From<&'a Run> for JsonRun<'a> {
    fn from(run: &'a Run) -> Self {
        let (why, evidence) = match &run.verdict {
            Verdict::Exact => (None, None),
            Verdict::Violated(evidence) => (None, Some(&**evidence)),
            Verdict::Inconclusive { why } => (Some(why.as_str()), None),
        };
        Self {
            name: run.subject,
            role: run.subject.role(),
            shape: run.shape,
            status: run.status(),
            iters: run.iterations,
            rounds: run.rounds,
            rounds_done: run.count.done,
            rounds_violated: run.count.violated,
            rounds_inconclusive: run.count.inconclusive,
            expected: run.expected,
            got: run.got,
            reads: run.counters.reads,
            lock_timeouts: run.counters.lock_timeouts,
            deferred: run.counters.deferred,
            first_deferred: run.counters.first_deferred.as_deref(),
            harm: (run.counters.harm != HarmCounts::default()).then_some(&run.counters.harm),
            latency_ns: run.pace.quantiles(),
            fairness: run.fairness(),
            seconds: run.elapsed.as_secs_f64(),
            why,
            evidence,
            kept: run.kept.as_deref(),
            again: &run.again,
        }
    }
}
