//! One round: all processes from an empty directory to the last report.

use super::Scene;
use super::collector::{Collector, CutShort};
use super::lane::{Starter, drive_lane, drive_reader};
use super::messages::{Message, Outbox, way};
use crate::args::{Plan, Shape, Trial};
use crate::oracle::{Judgement, Oracle};
use crate::verdict::Source;
use crate::worker::{ChangeOrders, Orders, Terms};
use anyhow::Context;
use std::io::{PipeReader, PipeWriter, Write, pipe};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

/// Runs the round with this number in this directory.
pub(super) fn run(
    scene: &Scene<'_>,
    trial: &Trial,
    number: u32,
    directory: PathBuf,
    deadline: Instant,
) -> anyhow::Result<Judgement> {
    let plan = scene.plan;
    let (outbox, inbox) = way();
    let oracle = Oracle::new(plan.seed, plan.procs, trial.iterations);
    let mut collector = Collector::new(inbox, oracle, &scene.interrupt, &scene.progress, deadline);
    let starter = Starter {
        program: std::env::current_exe().context("cannot find this program")?,
        directory,
        children: Arc::default(),
    };
    let signals = start_all(plan, trial, &starter, &mut collector, &outbox)
        .context("cannot make a pipe")?;
    if let Err(cause) = conduct(&mut collector, signals) {
        starter.children.kill_all();
        collector.finish_cut_short(cause, plan.timeout);
    }
    Ok(collector.into_oracle().judge(number))
}

/// The parent's ends of the pipes that the workers listen to.
struct Signals {
    /// All lanes begin when this is closed.
    start: PipeWriter,
    /// The reader begins with the first byte and stops when this is closed.
    stop: PipeWriter,
}

/// From the first process that is ready to the last that has ended.
fn conduct(collector: &mut Collector<'_>, signals: Signals) -> Result<(), CutShort> {
    let Signals { start, mut stop } = signals;
    collector.until_all_are_ready()?;
    // If the reader is gone already, its end says so.
    let _ = stop.write_all(b"!");
    drop(start);
    collector.until_lanes_have_ended()?;
    drop(stop);
    collector.until_all_have_ended()
}

fn start_all(
    plan: &Plan,
    trial: &Trial,
    starter: &Starter,
    collector: &mut Collector<'_>,
    outbox: &Outbox,
) -> std::io::Result<Signals> {
    let (for_lanes, start) = pipe()?;
    let (for_reader, stop) = pipe()?;
    let for_lanes = Arc::new(for_lanes);
    for lane in 1..=plan.procs {
        collector.expect(Source::Lane(lane));
        start_lane(plan, trial, lane, starter, &for_lanes, outbox);
    }
    collector.expect(Source::Reader);
    start_reader(plan, trial, starter, for_reader, outbox);
    Ok(Signals { start, stop })
}

fn start_lane(
    plan: &Plan,
    trial: &Trial,
    lane: u32,
    starter: &Starter,
    start: &Arc<PipeReader>,
    outbox: &Outbox,
) {
    let orders = ChangeOrders {
        terms: terms(plan, trial),
        seed: plan.seed,
        lane,
        first: 1,
        last: trial.iterations,
        iterations: trial.iterations,
        acknowledged: 0,
        floor: 0,
        ballast: plan.ballast,
        fault: plan.fault.filter(|fault| fault.lane == lane),
    };
    let processes = processes(trial);
    let (starter, start) = (starter.clone(), Arc::clone(start));
    start_thread(Source::Lane(lane), outbox, move |outbox| {
        drive_lane(&starter, orders, &processes, &start, outbox);
    });
}

fn start_reader(
    plan: &Plan,
    trial: &Trial,
    starter: &Starter,
    stdin: PipeReader,
    outbox: &Outbox,
) {
    let orders = Orders::Poll(terms(plan, trial));
    let starter = starter.clone();
    start_thread(Source::Reader, outbox, move |outbox| {
        drive_reader(&starter, &orders, stdin, outbox);
    });
}

/// Starts the thread that listens to a process. If there is none to be had, that is the end of
/// its source.
fn start_thread(source: Source, outbox: &Outbox, work: impl FnOnce(&Outbox) + Send + 'static) {
    let own = outbox.clone();
    let started = thread::Builder::new().spawn(move || work(&own));
    if let Err(error) = started {
        let why = format!("could not be started: {error}");
        outbox.send(Message::Ended(source, Err(why)));
    }
}

/// The changes of each process of a lane, from the first to the last.
fn processes(trial: &Trial) -> Vec<(u32, u32)> {
    match trial.shape {
        Shape::Loop => vec![(1, trial.iterations)],
        Shape::Fresh => (1..=trial.iterations).map(|iteration| (iteration, iteration)).collect(),
    }
}

fn terms(plan: &Plan, trial: &Trial) -> Terms {
    Terms {
        subject: trial.subject,
        durability: plan.durability,
        lock_timeout_ms: plan.lock_timeout_ms,
    }
}
