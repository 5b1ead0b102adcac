//! Runs what was planned: one trial after the other, each some number of rounds.

mod children;
mod collector;
mod course;
mod lane;
mod limits;
mod meanwhile;
mod messages;
mod place;
mod probe;
mod round;
mod trial;

pub(crate) use children::Children;
pub(crate) use limits::raise_for_commands;
pub(crate) use meanwhile::Meanwhile;
pub(crate) use place::Place;

use crate::args::Plan;
use crate::chaos::in_namespace;
use crate::history::HistoryFile;
use crate::progress::Progress;
use crate::report::{Files, Report, Reporter};
use crate::verdict::Conclusion;
use anyhow::Context;
use hookstate_cli::interrupt::Interrupt;
use std::io;
use std::time::Instant;

/// What all trials of a program have in common.
struct Scene<'a> {
    plan: &'a Plan,
    interrupt: Interrupt,
    place: Place,
    progress: Progress,
    history: Option<HistoryFile>,
}

/// Runs the plan, prints the report, and says what it comes to.
pub(crate) fn main(plan: &Plan) -> anyhow::Result<Conclusion> {
    limits::raise_for(plan.procs)?;
    if plan.chaos.enospc {
        in_namespace()?;
    }
    let scene = Scene {
        plan,
        interrupt: Interrupt::listen().context("cannot listen for signals")?,
        place: Place::new(plan.directory.as_deref(), plan.keep)?,
        progress: Progress::new(plan.pulse),
        history: HistoryFile::open(plan.history.as_deref())?,
    };
    let files = Files::open(plan.junit.as_deref(), plan.html.as_deref())?;
    let mut reporter = crate::report::reporter(plan.format);
    conduct(&scene, reporter.as_mut(), files)
}

fn conduct(
    scene: &Scene<'_>,
    reporter: &mut dyn Reporter,
    files: Files,
) -> anyhow::Result<Conclusion> {
    let started = Instant::now();
    let mut report = Report::new(scene.plan);
    written(reporter.begin(&report))?;
    for group in scene.plan.groups() {
        if scene.interrupt.is_asked() {
            break;
        }
        for run in trial::run(scene, group)? {
            written(reporter.run(&report, &run))?;
            report.runs.push(run);
        }
    }
    report.interrupted = scene.interrupt.is_asked();
    report.elapsed = started.elapsed();
    // What was found is told, too, if there is no room for a file of it.
    let filed = files.write(&report.view());
    written(reporter.end(&report))?;
    filed?;
    Ok(report.conclusion())
}

fn written(result: io::Result<()>) -> anyhow::Result<()> {
    result.context("cannot write the report to standard output")
}
