//! The report for programs: a JSON object on each line, described in `docs/model-json.md`. A field
//! is never removed or given another meaning without another number in `schema`.

use super::NAME;
use super::describe::{again, kind, why};
use super::{Judged, Report, Reporter, Tried};
use crate::command::plan::{Engine, Extent, Found, Subject};
use crate::command::verdict::{Conclusion, Status};
use hookstate::strategy::Strategy;
use hookstate_model::replay::Schedule;
use hookstate_model::story::story;
use serde::Serialize;
use std::io::{Result, Write};

/// The name and number of the schema.
const SCHEMA: &str = "hookstate-model/1";

/// Prints a report for programs.
pub(super) struct Json<W> {
    out: W,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Row<'a> {
    Begin {
        schema: &'static str,
        searches: usize,
        controls: usize,
    },
    Search(Box<Search<'a>>),
    LeftOut {
        #[serde(flatten)]
        subject: Named<'a>,
        status: Status,
        why: &'a str,
    },
    Summary {
        conclusion: Conclusion,
        exit_code: u8,
        interrupted: bool,
        states: usize,
        runs: usize,
        executions: usize,
        seconds: f64,
    },
}

#[derive(Serialize)]
struct Named<'a> {
    role: &'static str,
    name: &'a str,
    about: &'a str,
    strategy: Option<&'static str>,
    scenario: Option<&'a str>,
    group: Option<&'a str>,
}

#[derive(Serialize)]
struct Search<'a> {
    #[serde(flatten)]
    subject: Named<'a>,
    status: Status,
    engine: Engine,
    processes: usize,
    kills: u8,
    failures: u8,
    shorts: u8,
    power_cuts: u8,
    #[serde(flatten)]
    extent: Figures,
    endings: usize,
    seconds: f64,
    bounded_by: Option<&'a str>,
    unreached: &'a [String],
    why: Option<String>,
    expected: Vec<String>,
    counterexample: Option<Counterexample>,
    again: String,
}

#[derive(Serialize)]
struct Figures {
    states: Option<usize>,
    moves: Option<usize>,
    runs: Option<usize>,
    depth: Option<usize>,
    faults: Option<usize>,
    executions: Option<usize>,
}

#[derive(Serialize)]
struct Counterexample {
    verdict: String,
    story: Vec<String>,
    calls: usize,
    schedule: Schedule,
}

impl<W: Write> Reporter for Json<W> {
    fn begin(&mut self, report: &Report) -> Result<()> {
        self.row(&Row::Begin {
            schema: SCHEMA,
            searches: report.searches,
            controls: report.controls,
        })
    }

    fn line(&mut self, judged: &Judged) -> Result<()> {
        if let Some(why) = judged.left_out {
            self.row(&Row::LeftOut {
                subject: Named::from(judged),
                status: judged.status,
                why,
            })?;
        }
        judged
            .tried
            .iter()
            .try_for_each(|tried| self.row(&Row::Search(Box::new(search(judged, tried)))))
    }

    fn end(&mut self, report: &Report) -> Result<()> {
        let conclusion = report.conclusion();
        let tried = report.lines.iter().flat_map(|line| &line.tried);
        let sum = |figure: fn(Figures) -> Option<usize>| {
            let figures = tried
                .clone()
                .map(|tried| Figures::from(tried.outcome.extent));
            figures.filter_map(figure).sum()
        };
        self.row(&Row::Summary {
            conclusion,
            exit_code: conclusion.exit_code().number(),
            interrupted: report.interrupted,
            states: sum(|figures| figures.states),
            runs: sum(|figures| figures.runs),
            executions: sum(|figures| figures.executions),
            seconds: report.elapsed.as_secs_f64(),
        })
    }
}

impl<W: Write> Json<W> {
    pub(super) const fn new(out: W) -> Self {
        Self { out }
    }

    fn row(&mut self, row: &Row<'_>) -> Result<()> {
        serde_json::to_writer(&mut self.out, row)?;
        writeln!(self.out)?;
        self.out.flush()
    }
}

fn search<'a>(judged: &'a Judged, tried: &'a Tried) -> Search<'a> {
    let (setting, outcome) = (tried.setting, &tried.outcome);
    Search {
        subject: Named::from(judged),
        status: tried.status,
        engine: setting.engine,
        processes: setting.processes,
        kills: setting.budget.kills,
        failures: setting.budget.failures,
        shorts: setting.budget.shorts,
        power_cuts: setting.budget.power_cuts,
        extent: Figures::from(outcome.extent),
        endings: outcome.endings,
        seconds: outcome.elapsed.as_secs_f64(),
        bounded_by: outcome.bounded_by.as_deref(),
        unreached: &outcome.unreached,
        why: why(judged, tried),
        expected: expected(&judged.subject),
        counterexample: outcome.found.as_ref().map(Counterexample::from),
        again: again(NAME, judged, tried),
    }
}

fn expected(subject: &Subject) -> Vec<String> {
    match subject {
        Subject::Scenario { .. } => Vec::new(),
        Subject::Control { expected, .. } => expected.iter().map(|it| kind(*it, '_')).collect(),
    }
}

impl<'a> From<&'a Judged> for Named<'a> {
    fn from(judged: &'a Judged) -> Self {
        let name = judged.name;
        match &judged.subject {
            Subject::Scenario {
                strategy,
                kind,
                about,
            } => Self {
                role: "scenario",
                name,
                about,
                strategy: strategy.map(|strategy| strategy.name()),
                scenario: Some(name),
                group: kind.map(|kind| kind.name()),
            },
            Subject::Control {
                group,
                missing,
                strategy,
                scenario,
                ..
            } => Self {
                role: "control",
                name,
                about: missing,
                strategy: strategy.map(|strategy| strategy.name()),
                scenario: *scenario,
                group: Some(group),
            },
        }
    }
}

impl From<Extent> for Figures {
    fn from(extent: Extent) -> Self {
        match extent {
            Extent::Search {
                states,
                moves,
                runs,
                depth,
                faults,
            } => Self {
                states: Some(states),
                moves: Some(moves),
                runs: Some(runs),
                depth: Some(depth),
                faults: Some(faults),
                executions: None,
            },
            Extent::Loom { executions } => Self {
                states: None,
                moves: None,
                runs: None,
                depth: None,
                faults: None,
                executions: Some(executions),
            },
        }
    }
}

impl From<&Found> for Counterexample {
    fn from(found: &Found) -> Self {
        Self {
            verdict: kind(found.violation.kind(), '_'),
            story: story(&found.violation, &found.trace),
            calls: found.trace.len(),
            schedule: Schedule::from(&found.trace),
        }
    }
}
