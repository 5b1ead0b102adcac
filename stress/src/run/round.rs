//! One round: all processes from an empty directory to the last report.

use super::Scene;
use super::collector::{Collector, CutShort};
use super::lane::{Starter, drive_lane, drive_reader};
use super::messages::{Message, Outbox, way};
use crate::args::{Plan, Shape, Trial};
use crate::oracle::{Asked, Judgement, Oracle};
use crate::verdict::Source;
use crate::worker::{ChangeOrders, Orders, PollOrders, Terms};
use crate::workload::Seed;
use anyhow::Context;
use std::io::{PipeReader, PipeWriter, Write, pipe};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

/// A round that is to be run.
pub(super) struct Round<'a> {
    pub(super) plan: &'a Plan,
    pub(super) trial: &'a Trial,
    /// Counted from 1.
    pub(super) number: u32,
    pub(super) directory: PathBuf,
    pub(super) deadline: Instant,
}

/// Runs the round and judges it.
pub(super) fn run(scene: &Scene<'_>, round: Round<'_>) -> anyhow::Result<Judgement> {
    let (outbox, inbox) = way();
    let oracle = Oracle::new(round.asked());
    let mut collector = Collector::new(
        inbox,
        oracle,
        &scene.interrupt,
        &scene.progress,
        round.deadline,
    );
    let lanes = Starter {
        program: std::env::current_exe().context("cannot find this program")?,
        directory: round.directory.clone(),
        children: Arc::default(),
    };
    let reader = Starter {
        children: Arc::default(),
        ..lanes.clone()
    };
    let signals = round.start_all(&lanes, &reader, &mut collector, &outbox);
    let mut signals = signals.context("cannot make a pipe")?;
    if let Err(cause) = conduct(&mut collector, &mut signals) {
        collector.cut_short(cause, round.plan.timeout);
        end(&mut collector, signals, &lanes, &reader);
    }
    Ok(collector.into_oracle().judge(round.number))
}

/// The parent's ends of the pipes that the workers listen to.
struct Signals {
    /// All lanes begin when this is closed.
    start: Option<PipeWriter>,
    /// The reader begins with the first byte and stops when this is closed.
    stop: Option<PipeWriter>,
}

/// From the first process that is ready to the last that has ended.
fn conduct(collector: &mut Collector<'_>, signals: &mut Signals) -> Result<(), CutShort> {
    collector.until_all_are_ready()?;
    if let Some(stop) = &mut signals.stop {
        // If the reader is gone already, its end says so.
        let _ = stop.write_all(b"!");
    }
    signals.start = None;
    collector.until_lanes_have_ended()?;
    signals.stop = None;
    collector.until_all_have_ended()
}

/// Ends a round that was cut short: first the lanes, then the reader, whose last look is the
/// result as far as it goes. A look while a lane is still alive would be no result.
fn end(collector: &mut Collector<'_>, signals: Signals, lanes: &Starter, reader: &Starter) {
    lanes.children.kill_all();
    if collector.killed_lanes_have_ended() {
        drop(signals);
        collector.reader_has_ended();
    }
    reader.children.kill_all();
    collector.killed_reader_has_ended();
}

impl Round<'_> {
    fn start_all(
        &self,
        lanes: &Starter,
        reader: &Starter,
        collector: &mut Collector<'_>,
        outbox: &Outbox,
    ) -> std::io::Result<Signals> {
        let (for_lanes, start) = pipe()?;
        let (for_reader, stop) = pipe()?;
        let for_lanes = Arc::new(for_lanes);
        for lane in 1..=self.plan.procs {
            collector.expect(Source::Lane(lane));
            self.start_lane(lane, lanes, &for_lanes, outbox);
        }
        collector.expect(Source::Reader);
        self.start_reader(reader, for_reader, outbox);
        Ok(Signals {
            start: Some(start),
            stop: Some(stop),
        })
    }

    fn start_lane(&self, lane: u32, starter: &Starter, start: &Arc<PipeReader>, outbox: &Outbox) {
        let orders = self.orders(lane);
        let processes = self.processes();
        let (starter, start) = (starter.clone(), Arc::clone(start));
        start_thread(Source::Lane(lane), outbox, move |outbox| {
            drive_lane(&starter, orders, &processes, &start, outbox);
        });
    }

    fn start_reader(&self, starter: &Starter, stdin: PipeReader, outbox: &Outbox) {
        let orders = Orders::Poll(PollOrders {
            terms: self.terms(),
            seed: self.seed(),
        });
        let starter = starter.clone();
        start_thread(Source::Reader, outbox, move |outbox| {
            drive_reader(&starter, &orders, stdin, outbox);
        });
    }

    fn asked(&self) -> Asked {
        Asked {
            workload: self.plan.workload,
            seed: self.seed(),
            lanes: self.plan.procs,
            iterations: self.trial.iterations,
        }
    }

    /// The orders of a process that does all changes of its lane.
    fn orders(&self, lane: u32) -> ChangeOrders {
        ChangeOrders {
            terms: self.terms(),
            seed: self.seed(),
            lane,
            first: 1,
            last: self.trial.iterations,
            iterations: self.trial.iterations,
            acknowledged: 0,
            floor: 0,
            ballast: self.plan.ballast,
            fault: self.plan.fault.filter(|fault| fault.lane == lane),
        }
    }

    /// The changes of each process of a lane, from the first to the last.
    fn processes(&self) -> Vec<(u32, u32)> {
        let iterations = self.trial.iterations;
        match self.trial.shape {
            Shape::Loop => vec![(1, iterations)],
            Shape::Fresh => (1..=iterations)
                .map(|iteration| (iteration, iteration))
                .collect(),
        }
    }

    fn seed(&self) -> Seed {
        self.plan.seed.of_round(self.number)
    }

    fn terms(&self) -> Terms {
        Terms {
            subject: self.trial.subject,
            durability: self.plan.durability,
            lock_timeout_ms: self.plan.lock_timeout_ms,
            workload: self.plan.workload,
        }
    }
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
