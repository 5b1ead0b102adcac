//! Runs what was planned: one search after the other, each on all threads.

use super::plan::{Line, Outcome, Plan, Terms, Trial};
use super::progress::Progress;
use super::report::{Judged, Report, Tried, reporter};
use super::verdict::Conclusion;
use anyhow::{Context, anyhow};
use hookstate_cli::interrupt::Interrupt;
use hookstate_model::process::is_playing;
use std::io;
use std::panic;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// How long Ctrl-C waits for its answer, and how often the progress is drawn.
const TICK: Duration = Duration::from_millis(50);

/// Runs the plan, prints the report, and says what it comes to.
pub(super) fn conduct(plan: Plan) -> anyhow::Result<Conclusion> {
    say_nothing_of_panics_in_processes();
    let interrupt = Interrupt::listen().context("cannot listen for signals")?;
    set_threads(plan.threads)?;
    let mut reporter = reporter(&plan);
    let started = Instant::now();
    let mut report = Report::new(&plan);
    written(reporter.begin(&report))?;
    let searches = plan.lines.iter().map(|line| line.trials.len()).sum();
    let progress = Progress::of(searches);
    for line in plan.lines {
        let judged = judge(line, plan.states_max, &interrupt, &progress)?;
        report.interrupted = judged.is_interrupted();
        written(progress.suspend(|| reporter.line(&judged)))?;
        report.lines.push(judged);
        if report.interrupted {
            break;
        }
    }
    progress.end();
    report.elapsed = started.elapsed();
    written(reporter.end(&report))?;
    Ok(report.conclusion())
}

/// They are endings, and the report has them.
fn say_nothing_of_panics_in_processes() {
    let tell = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if !is_playing() {
            tell(panic);
        }
    }));
}

fn set_threads(threads: Option<usize>) -> anyhow::Result<()> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.unwrap_or(0));
    pool.build_global().context("cannot start the threads")
}

/// What its searches have come to, up to the one in which somebody asked to end.
fn judge(
    line: Line,
    states_max: Option<usize>,
    interrupt: &Interrupt,
    progress: &Progress,
) -> anyhow::Result<Judged> {
    let mut tried = Vec::new();
    for trial in &line.trials {
        let started = Instant::now();
        let terms = Terms {
            states_max,
            ..Terms::default()
        };
        let what = format!("{}, {}", line.name, trial.setting);
        let Some(outcome) = run(trial, &terms, &what, interrupt, progress)? else {
            let states = terms.states.load(Ordering::Relaxed);
            let half = Outcome::of_half(trial.setting.engine, states, started.elapsed());
            tried.push(Tried::new(&line.subject, trial.setting, half));
            return Ok(Judged::interrupted(line, tried));
        };
        progress.step();
        tried.push(Tried::new(&line.subject, trial.setting, outcome));
    }
    Ok(Judged::new(line, tried))
}

/// In a thread of its own, which an interruption leaves behind: the program ends anyhow.
fn run(
    trial: &Trial,
    terms: &Terms,
    what: &str,
    interrupt: &Interrupt,
    progress: &Progress,
) -> anyhow::Result<Option<Outcome>> {
    let (sender, receiver) = mpsc::channel();
    let (hunt, its_terms) = (Arc::clone(&trial.hunt), terms.clone());
    thread::spawn(move || {
        // Nobody waits for the answer if the program has been interrupted.
        let _ = sender.send(hunt(&its_terms));
    });
    loop {
        if interrupt.is_asked() {
            return Ok(None);
        }
        match receiver.recv_timeout(TICK) {
            Ok(outcome) => return Ok(Some(outcome)),
            Err(RecvTimeoutError::Timeout) => {
                progress.found(what, terms.states.load(Ordering::Relaxed));
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Err(anyhow!("the search of {what} panicked"));
            }
        }
    }
}

fn written(result: io::Result<()>) -> anyhow::Result<()> {
    result.context("cannot write the report to standard output")
}
