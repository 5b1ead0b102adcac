//! One round: all processes from an empty directory to the last report.

use super::Scene;
use super::collector::{Collector, CutShort};
use super::lane::{Starter, drive_lane, drive_reader};
use super::messages::{Message, Outbox, way};
use super::probe::{self, Probed};
use crate::args::{Plan, Trial};
use crate::chaos::{Chaos, Disk};
use crate::history::Chronicle;
use crate::oracle::{Asked, Judgement, Oracle};
use crate::subject::Role;
use crate::verdict::Source;
use crate::worker::{ChangeOrders, Hardships, Orders, PollOrders, Terms};
use crate::workload::Seed;
use anyhow::Context;
use hookstate::strategy::Strategy;
use hookstate_cli::interrupt::Interrupt;
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
    let parts = (Oracle::new(round.asked()), round.chronicle(scene)?);
    let mut collector = Collector::new(
        inbox,
        parts,
        &scene.interrupt,
        &scene.progress,
        round.deadline,
        round.plan.chaos.kills(),
    );
    let lanes = Starter {
        program: std::env::current_exe().context("cannot find this program")?,
        directory: round.directory.clone(),
        children: Arc::default(),
        chaos: round.plan.chaos,
        usual: Arc::default(),
    };
    let full = round.plan.chaos.enospc;
    let disk = full.then(|| Disk::new(&round.directory, &lanes.children));
    let mut disk = disk.transpose()?;
    disk.as_mut().map_or(Ok(()), Disk::begin)?;
    let reader = Starter {
        children: Arc::default(),
        ..lanes.clone()
    };
    let signals = round.start_all(&lanes, &reader, &mut collector, &outbox);
    let mut signals = signals.context("cannot make a pipe")?;
    let conducted = conduct(&mut collector, &mut signals, &mut disk);
    let is_over = match conducted {
        Ok(()) => true,
        Err(cause) => {
            collector.cut_short(cause, round.plan.bounds.timeout);
            end(&mut collector, signals, &lanes, &reader);
            false
        }
    };
    let (mut oracle, chronicle) = collector.into_parts();
    chronicle.end(oracle.ending(), oracle.is_in_doubt())?;
    if is_over && round.plan.chaos.is_any() {
        // In a lane of its own, so that nothing is in doubt of it.
        let unharmed = Starter {
            chaos: Chaos::default(),
            ..reader
        };
        let orders = round.orders(round.plan.procs + 1);
        let interrupt = &scene.interrupt;
        let why_to_stop = || round.why_to_stop(interrupt);
        match probe::change_once_more(&unharmed, &orders, why_to_stop) {
            Probed::Works => {}
            Probed::Fails(why) => oracle.take_next_change(why),
            Probed::Untried(why) => oracle.take_untried(&why),
        }
    }
    Ok(oracle.judge(round.number))
}

/// The parent's ends of the pipes that the workers listen to.
struct Signals {
    /// All lanes begin when this is closed.
    start: Option<PipeWriter>,
    /// The reader begins with the first byte and stops when this is closed.
    stop: Option<PipeWriter>,
}

/// From the first process that is ready to the last that has ended.
///
/// The reader looks for the last time when there is space again: what is judged is the state, not the
/// disk.
fn conduct(
    collector: &mut Collector<'_>,
    signals: &mut Signals,
    disk: &mut Option<Disk>,
) -> Result<(), CutShort> {
    collector.until_all_are_ready()?;
    if let Some(stop) = &mut signals.stop {
        // If the reader is gone already, its end says so.
        let _ = stop.write_all(b"!");
    }
    signals.start = None;
    collector.until_lanes_have_ended()?;
    if let Some(disk) = disk {
        collector.take_disk_full(disk.settle());
    }
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
        let shape = self.trial.shape;
        let (starter, start) = (starter.clone(), Arc::clone(start));
        start_thread(Source::Lane(lane), outbox, move |outbox| {
            drive_lane(&starter, orders, shape, &start, outbox);
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

    /// The history of the round, in which nothing has happened yet.
    fn chronicle<'s>(&self, scene: &'s Scene<'_>) -> anyhow::Result<Chronicle<'s>> {
        let Trial { subject, shape, .. } = self.trial;
        let role = match subject.role() {
            Role::Strategy => "",
            Role::Control => " (control)",
        };
        let name = format!("{} {shape} round {}{role}", subject.name(), self.number);
        let asked = (self.plan.workload, self.trial.iterations);
        Chronicle::begin(scene.history.as_ref(), &name, asked)
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
            ballast: self.plan.ballast,
            fault: self.plan.fault.filter(|fault| fault.lane == lane),
            hardships: Hardships::of(&self.plan.chaos),
            ..ChangeOrders::of_lane(self.terms(), self.seed(), lane, self.trial.iterations)
        }
    }

    /// Why the change after all others has to end now, if it has.
    fn why_to_stop(&self, interrupt: &Interrupt) -> Option<String> {
        if interrupt.is_asked() {
            return Some("interrupted".to_owned());
        }
        let seconds = self.plan.bounds.timeout.as_secs();
        (Instant::now() >= self.deadline).then(|| format!("the time of {seconds} s ran out"))
    }

    fn seed(&self) -> Seed {
        self.plan.seed_of(self.number)
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
