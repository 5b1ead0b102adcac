//! Runs what was planned: one trial after the other, each some number of rounds.

mod children;
mod collector;
mod interrupt;
mod lane;
mod messages;
mod place;
mod round;
mod trial;

use crate::args::Plan;
use crate::progress::Progress;
use crate::report::{Report, Reporter};
use crate::verdict::Conclusion;
use anyhow::Context;
use interrupt::Interrupt;
use place::Place;
use std::io;
use std::time::Instant;

/// What all trials of a program have in common.
struct Scene<'a> {
    plan: &'a Plan,
    interrupt: Interrupt,
    place: Place,
    progress: Progress,
}

/// Runs the plan, prints the report, and says what it comes to.
pub(crate) fn main(plan: &Plan) -> anyhow::Result<Conclusion> {
    let scene = Scene {
        plan,
        interrupt: Interrupt::listen().context("cannot listen for signals")?,
        place: Place::new(plan).context("cannot make a directory for the runs")?,
        progress: Progress::new(),
    };
    let mut reporter = crate::report::reporter(plan.format);
    match conduct(&scene, reporter.as_mut()) {
        // Nobody reads the report, so nobody can be told that all is well.
        Err(error) if is_broken_pipe(&error) => Ok(Conclusion::Inconclusive),
        result => result,
    }
}

fn conduct(scene: &Scene<'_>, reporter: &mut dyn Reporter) -> anyhow::Result<Conclusion> {
    let started = Instant::now();
    let mut report = Report::new(scene.plan);
    reporter.begin(&report)?;
    for trial in &scene.plan.trials {
        if scene.interrupt.is_asked() {
            break;
        }
        let run = trial::run(scene, trial)?;
        reporter.run(&report, &run)?;
        report.runs.push(run);
    }
    report.interrupted = scene.interrupt.is_asked();
    report.elapsed = started.elapsed();
    reporter.end(&report)?;
    Ok(report.conclusion())
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<io::Error>();
    io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
