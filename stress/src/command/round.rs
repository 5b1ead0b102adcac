//! One round: from an empty directory to the verdict of the oracles.

use super::aside::{self, Ended};
use super::claim::Numbers;
use super::history;
use super::lane::{Lanes, Message};
use super::oracle::{self, Finding};
use super::orphans;
use super::plan::Plan;
use super::record::Record;
use super::run::Scene;
use super::verdict::{Failures, Harm, Verdict};
use crate::chaos::{Disk, Lifetimes};
use crate::pace::{Pace, RoundPace};
use crate::run::Children;
use anyhow::{Context, bail};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How often the round looks up from its messages, to see whether it was interrupted.
const TICK: Duration = Duration::from_millis(50);

/// What a round came to.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) verdict: Verdict,
    pub(super) numbers: Numbers,
    /// What the first oracle that counts has expected and got.
    pub(super) counted: Option<(i128, Option<i128>)>,
    pub(super) failures: Failures,
    pub(super) pace: Pace,
    pub(super) harm: Harm,
}

/// Why a round ended before its lanes did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CutShort {
    Interrupted,
    TimeIsOver,
}

/// Runs the round and judges it.
pub(super) fn run(
    scene: &Scene<'_>,
    number: u32,
    directory: &Path,
    deadline: Instant,
) -> anyhow::Result<Outcome> {
    let children = Arc::new(Children::default());
    let lanes = Lanes {
        plan: scene.plan,
        round: number,
        directory,
        children: &children,
        beginning: Instant::now(),
        usual: &Lifetimes::default(),
    };
    let mut harm = Harm::default();
    let mut disk = scene
        .plan
        .chaos
        .enospc
        .then(|| Disk::new(directory, &children))
        .transpose()?;
    let (records, cut) = match set_up(scene, directory, deadline)? {
        Some(cut) => (Vec::new(), Some(cut)),
        None => {
            if let Some(disk) = &mut disk {
                disk.begin()?;
            }
            collect(scene, &lanes, deadline, &mut harm)?
        }
    };
    if let Some(disk) = &mut disk {
        harm.disk_full += disk.settle();
    }
    let outcome = judge(scene, &lanes, &records, cut, deadline);
    // Not before the check has run: whether something still runs may be what it looks at.
    orphans::end_all().context("cannot end what the command has left running")?;
    outcome.map(|outcome| Outcome { harm, ..outcome })
}

/// Runs the command that prepares the directory, and says why it was cut short, if it was.
fn set_up(
    scene: &Scene<'_>,
    directory: &Path,
    deadline: Instant,
) -> anyhow::Result<Option<CutShort>> {
    let Some(setup) = &scene.plan.setup else {
        return Ok(None);
    };
    match aside::run(scene, aside::shell(setup, directory), deadline)? {
        Ended::Well => Ok(None),
        Ended::CutShort(cut) => Ok(Some(cut)),
        Ended::Badly(lines) | Ended::NotStarted(lines) => {
            bail!("--setup '{setup}' failed: {}", lines.join("; "))
        }
    }
}

/// Runs all lanes to their end and takes what they say.
fn collect(
    scene: &Scene<'_>,
    lanes: &Lanes<'_>,
    deadline: Instant,
    harm: &mut Harm,
) -> anyhow::Result<(Vec<Record>, Option<CutShort>)> {
    thread::scope(|scope| {
        let (outbox, inbox) = channel();
        let mut running = 0;
        let mut started = Ok(());
        for lane in 1..=scene.plan.procs {
            let outbox = outbox.clone();
            let thread = thread::Builder::new();
            match thread.spawn_scoped(scope, move || lanes.drive(lane, &outbox)) {
                Ok(_) => running += 1,
                Err(error) => started = Err(error),
            }
        }
        drop(outbox);
        if started.is_err() {
            lanes.children.kill_all();
        }
        let collected = listen_to(scene, lanes, running, &inbox, deadline, harm);
        started.context("cannot start a thread for each of --procs")?;
        collected
    })
}

fn listen_to(
    scene: &Scene<'_>,
    lanes: &Lanes<'_>,
    mut running: u32,
    inbox: &Receiver<Message>,
    deadline: Instant,
    harm: &mut Harm,
) -> anyhow::Result<(Vec<Record>, Option<CutShort>)> {
    let mut records = Vec::new();
    let mut cut = None;
    let mut trouble = Ok(());
    while running > 0 {
        scene.progress.running(running as usize);
        cut = cut.or_else(|| scene.why_to_stop(deadline));
        if cut.is_some() {
            lanes.children.kill_all();
        }
        match inbox.recv_timeout(TICK) {
            Ok(Message::Ended(record)) => {
                scene.progress.step();
                records.push(record);
            }
            Ok(Message::Finished(result, dealt)) => {
                running -= 1;
                harm.take(&dealt);
                if result.is_err() && trouble.is_ok() {
                    trouble = result;
                    lanes.children.kill_all();
                }
            }
            Err(_) => {}
        }
    }
    scene.progress.running(0);
    trouble.map(|()| (records, cut))
}

fn judge(
    scene: &Scene<'_>,
    lanes: &Lanes<'_>,
    records: &[Record],
    cut: Option<CutShort>,
    deadline: Instant,
) -> anyhow::Result<Outcome> {
    let plan = scene.plan;
    let numbers = numbers(plan, records);
    let failures = Failures::of(records);
    let left = oracle::Scene {
        directory: lanes.directory,
        round: lanes.round,
        records,
        numbers,
        is_complete: cut.is_none(),
    };
    let mut finding = oracle::look(&plan.oracles, &left);
    if let Some(file) = &scene.history {
        let last = oracle::last_tokens(&plan.oracles, &left);
        history::write(file, lanes.round, records, last)?;
    }
    let cut = match (cut, check(scene, &left, deadline)?) {
        (None, Ended::CutShort(cut)) => Some(cut),
        (cut, Ended::Badly(lines)) => {
            finding.evidence.check = lines;
            cut
        }
        (cut, _) => cut,
    };
    finding.accuse(&left);
    let Finding {
        evidence,
        doubt,
        counted,
        ..
    } = finding;
    let why = why_inconclusive(plan, &numbers, &failures, cut);
    let verdict = match why.or(doubt) {
        _ if evidence.is_any() => Verdict::Violated(Box::new(evidence)),
        Some(why) => Verdict::Inconclusive { why },
        None => Verdict::Exact,
    };
    Ok(Outcome {
        verdict,
        numbers,
        counted,
        failures,
        pace: pace(plan.procs, records),
        harm: Harm::default(),
    })
}

/// Runs the user's own check, if the round came to its end.
fn check(scene: &Scene<'_>, left: &oracle::Scene<'_>, deadline: Instant) -> anyhow::Result<Ended> {
    let check = scene.plan.oracles.check.as_ref();
    let Some(check) = check.filter(|_| left.is_complete) else {
        return Ok(Ended::Well);
    };
    let prepared = oracle::check::prepare(check, left);
    let prepared = prepared.context("cannot write the files for --check")?;
    match aside::run(scene, prepared.command, deadline)? {
        Ended::NotStarted(lines) => {
            bail!("--check '{check}' cannot be run: {}", lines.join("; "))
        }
        ended => Ok(ended),
    }
}

fn numbers(plan: &Plan, records: &[Record]) -> Numbers {
    let count = |is: fn(&Record) -> bool| records.iter().filter(|record| is(record)).count() as u64;
    Numbers {
        procs: plan.procs.into(),
        iters: plan.iters.into(),
        acked: count(Record::is_acknowledged),
        started: records.len() as u64,
        failed: count(Record::has_failed),
    }
}

/// How long the processes took that have acknowledged their update, each from its start to its exit.
fn pace(lanes: u32, records: &[Record]) -> Pace {
    let mut round = RoundPace::default();
    for record in records.iter().filter(|record| record.is_acknowledged()) {
        round.take(record.operation.lane, record.span());
    }
    round.of(lanes)
}

fn why_inconclusive(
    plan: &Plan,
    numbers: &Numbers,
    failures: &Failures,
    cut: Option<CutShort>,
) -> Option<String> {
    let seconds = plan.bounds.timeout.as_secs();
    match cut {
        Some(CutShort::Interrupted) => return Some("interrupted".to_owned()),
        Some(CutShort::TimeIsOver) => {
            let ended = numbers.acked + numbers.failed;
            let all = numbers.procs * numbers.iters;
            return Some(if ended < all {
                format!("the time of {seconds} s ran out when {ended} of {all} commands had ended")
            } else {
                format!("the time of {seconds} s ran out in --check")
            });
        }
        None => {}
    }
    if !plan.max_fail.tolerates(numbers.failed, numbers.started) {
        let (failed, started, most) = (numbers.failed, numbers.started, plan.max_fail);
        return Some(format!(
            "{failed} of {started} commands failed, more than --max-fail {most}: {failures}"
        ));
    }
    (numbers.acked == 0).then(|| match failures.count() {
        0 => "no command was acknowledged".to_owned(),
        _ => format!("no command was acknowledged: {failures}"),
    })
}

#[cfg(test)]
mod tests {
    use super::{Duration, Record, pace};
    use crate::command::record::Fate;
    use crate::workload::Operation;

    fn record(lane: u32, iteration: u32, ms: u64, fate: Fate) -> Record {
        let began = Duration::from_millis(100 * u64::from(iteration));
        Record {
            operation: Operation { lane, iteration },
            began,
            ended: began + Duration::from_millis(ms),
            fate,
            steps: Vec::new(),
            complaint: None,
        }
    }

    #[test]
    fn only_processes_that_have_acknowledged_their_update_have_a_pace() {
        let mut records = vec![
            record(1, 1, 10, Fate::Acknowledged),
            record(2, 1, 40, Fate::Acknowledged),
            record(1, 2, 90, Fate::Exited(1)),
            record(2, 2, 90, Fate::Killed),
        ];
        let all = pace(2, &records);
        let quantiles = all.quantiles().unwrap();
        assert_eq!(quantiles.changes, 2);
        assert!(quantiles.max < 41_000_000, "{quantiles:?}");
        assert_eq!(all.fairness(), Some(0.25));
        records[1].fate = Fate::Died(11);
        assert_eq!(pace(2, &records).fairness(), Some(0.0));
    }
}
