//! The report for programs: one JSON object, described in `docs/stress-json.md`. A field is never
//! removed or given another meaning without another number in `schema`.

use super::super::plan::Plan;
use super::super::verdict::{Evidence, Harm, Verdict};
use super::{Report, Reporter};
use crate::pace::Quantiles;
use crate::verdict::{Conclusion, Status};
use crate::workload::Seed;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{Result, Write};
use std::path::Path;

/// The name and number of the schema.
const SCHEMA: &str = "hookstate-stress-command/1";

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
    run: JsonRun<'a>,
}

#[derive(Serialize)]
struct Settings<'a> {
    command: Vec<&'a str>,
    stdin: Option<&'a Path>,
    setup: Option<&'a str>,
    expect_json: Vec<String>,
    expect_tokens: Vec<String>,
    check: Option<&'a str>,
    max_fail: String,
    procs: u32,
    iters: u32,
    rounds: Option<u32>,
    duration_s: Option<f64>,
    fail_fast: bool,
    seed: Seed,
    timeout_s: u64,
    repro: Option<&'a Path>,
    chaos: Option<String>,
}

#[derive(Serialize)]
struct JsonRun<'a> {
    status: Status,
    rounds_done: u32,
    rounds_violated: u32,
    rounds_inconclusive: u32,
    started: u64,
    acked: u64,
    failed: u64,
    failures: BTreeMap<String, u64>,
    expected: Option<i128>,
    got: Option<i128>,
    harm: Harm,
    latency_ns: Option<Quantiles>,
    fairness: Option<f64>,
    seconds: f64,
    why: Option<&'a str>,
    evidence: Option<&'a Evidence>,
    kept: Option<&'a Path>,
    again: &'a str,
}

impl<W: Write> Reporter for Json<W> {
    fn begin(&mut self, _plan: &Plan) -> Result<()> {
        Ok(())
    }

    fn end(&mut self, plan: &Plan, report: &Report) -> Result<()> {
        serde_json::to_writer_pretty(&mut self.out, &json(plan, report))?;
        writeln!(self.out)?;
        self.out.flush()
    }
}

impl<W: Write> Json<W> {
    pub(super) const fn new(out: W) -> Self {
        Self { out }
    }
}

fn json<'a>(plan: &'a Plan, report: &'a Report) -> JsonReport<'a> {
    let conclusion = report.conclusion(plan);
    JsonReport {
        schema: SCHEMA,
        conclusion,
        exit_code: conclusion.exit_code().number(),
        interrupted: report.interrupted,
        lacks_race: plan.lacks_race,
        seconds: report.elapsed.as_secs_f64(),
        settings: settings(plan),
        run: run(report),
    }
}

fn settings(plan: &Plan) -> Settings<'_> {
    Settings {
        command: plan.words.iter().map(|word| word.source()).collect(),
        stdin: plan.stdin.as_ref().map(|stdin| stdin.file.as_path()),
        setup: plan.setup.as_ref().map(|setup| setup.source()),
        expect_json: plan.oracles.json.iter().map(ToString::to_string).collect(),
        expect_tokens: plan
            .oracles
            .tokens
            .iter()
            .map(ToString::to_string)
            .collect(),
        check: plan.oracles.check.as_ref().map(|check| check.source()),
        max_fail: plan.max_fail.to_string(),
        procs: plan.procs,
        iters: plan.iters,
        rounds: plan.bounds.rounds,
        duration_s: plan.bounds.duration.map(|time| time.as_secs_f64()),
        fail_fast: plan.bounds.fail_fast,
        repro: plan
            .origin
            .as_ref()
            .map(|origin| origin.directory.as_path()),
        seed: plan.seed,
        timeout_s: plan.bounds.timeout.as_secs(),
        chaos: plan.chaos.is_any().then(|| plan.chaos.to_string()),
    }
}

fn run(report: &Report) -> JsonRun<'_> {
    let (why, evidence) = match &report.verdict {
        Verdict::Exact => (None, None),
        Verdict::Violated(evidence) => (None, Some(&**evidence)),
        Verdict::Inconclusive { why } => (Some(why.as_str()), None),
    };
    let by_fate = report.failures.by_fate.iter();
    JsonRun {
        status: report.verdict.status(),
        rounds_done: report.count.done,
        rounds_violated: report.count.violated,
        rounds_inconclusive: report.count.inconclusive,
        started: report.started,
        acked: report.acked,
        failed: report.failures.count(),
        failures: by_fate
            .map(|(fate, count)| (fate.to_string(), *count))
            .collect(),
        expected: report.expected,
        got: report.got,
        harm: report.harm,
        latency_ns: report.pace.quantiles(),
        fairness: report.pace.fairness(),
        seconds: report.elapsed.as_secs_f64(),
        why,
        evidence,
        kept: report.kept.as_deref(),
        again: &report.again,
    }
}
