//! One round: from an empty directory to the verdict of the oracles.

use super::aside::{self, Ended};
use super::claim::Numbers;
use super::heard::{Heard, Known};
use super::history;
use super::lane::{Lanes, Message};
use super::oracle::{self, Finding};
use super::orphans;
use super::plan::Plan;
use super::run::Scene;
use super::verdict::{Failures, Harm, Verdict};
use crate::chaos::Disk;
use crate::pace::Pace;
use crate::run::Children;
use anyhow::{Context, bail};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// How often the round looks up from its messages, to see whether it was interrupted.
const TICK: Duration = Duration::from_millis(50);

/// How many processes may have ended that were not taken note of. A lane with one more waits, so
/// a slow disk makes the round slow, and not large.
const INBOX_MAX: usize = 256;

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
        usual: &scene.usual,
    };
    let mut harm = Harm::default();
    let mut disk = scene
        .plan
        .chaos
        .enospc
        .then(|| Disk::new(directory, &children))
        .transpose()?;
    let (heard, cut) = match set_up(scene, directory, deadline)? {
        Some(cut) => (Heard::nothing(), Some(cut)),
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
    let known = heard.end(scene.plan);
    let outcome = known.and_then(|known| judge(scene, &lanes, known, cut, deadline));
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
) -> anyhow::Result<(Heard, Option<CutShort>)> {
    thread::scope(|scope| {
        let (outbox, inbox) = sync_channel(INBOX_MAX);
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
) -> anyhow::Result<(Heard, Option<CutShort>)> {
    let mut heard = Heard::nothing();
    let mut cut = None;
    let mut trouble = Ok(());
    while running > 0 {
        scene.progress.running(running as usize);
        cut = cut.or_else(|| scene.why_to_stop(deadline));
        if cut.is_some() {
            lanes.children.kill_all();
        }
        match inbox.recv_timeout(TICK) {
            Ok(Message::Ended(ended)) => {
                scene.progress.step();
                // What nobody has taken note of cannot be judged.
                trouble = trouble.and_then(|()| heard.take(ended));
            }
            Ok(Message::Finished(result, dealt)) => {
                running -= 1;
                harm.add(dealt);
                trouble = trouble.and(result);
            }
            Err(_) => {}
        }
        if trouble.is_err() {
            lanes.children.kill_all();
        }
    }
    scene.progress.running(0);
    trouble.map(|()| (heard, cut))
}

fn judge(
    scene: &Scene<'_>,
    lanes: &Lanes<'_>,
    known: Known,
    cut: Option<CutShort>,
    deadline: Instant,
) -> anyhow::Result<Outcome> {
    let plan = scene.plan;
    let Known {
        records,
        numbers,
        failures,
        pace,
    } = known;
    let left = oracle::Scene {
        directory: lanes.directory,
        round: lanes.round,
        records: &records,
        numbers,
        is_complete: cut.is_none(),
    };
    let mut finding = oracle::look(&plan.oracles, &left)?;
    if let Some(file) = &scene.history {
        let last = oracle::last_tokens(&plan.oracles, &left);
        history::write(file, lanes.round, &records, last)?;
    }
    let cut = match (cut, check(scene, &left, deadline)?) {
        (None, Ended::CutShort(cut)) => Some(cut),
        (cut, Ended::Badly(lines)) => {
            finding.evidence.check = lines;
            cut
        }
        (cut, _) => cut,
    };
    finding.accuse(&left)?;
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
        pace,
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
