//! What the words of the command line mean together.

use super::words::{Format, Shape, Words};
use crate::chaos::Chaos;
use crate::shell::quoted;
use crate::subject::{Role, Subject};
use crate::worker::{Durability, Fault};
use crate::workload::{BallastBytes, Seed, Workload};
use hookstate::strategy::Strategy;
use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

/// In how many rounds a control has to be caught, at least.
///
/// The one that is hardest to catch, `create-race`, loses an update in about one of seven rounds
/// with 8 processes on two processors; not to see it in 400 has a probability below 10 to the -26.
const CONTROL_ROUNDS_MIN: u32 = 400;

/// Everything that is to be run, and how.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) trials: Vec<Trial>,
    pub(crate) workload: Workload,
    pub(crate) procs: u32,
    pub(crate) iters: u32,
    pub(crate) rounds: u32,
    pub(crate) durability: Durability,
    pub(crate) ballast: BallastBytes,
    pub(crate) seed: Seed,
    pub(crate) timeout: Duration,
    pub(crate) lock_timeout_ms: u64,
    pub(crate) directory: Option<PathBuf>,
    pub(crate) keep: bool,
    pub(crate) format: Format,
    pub(crate) junit: Option<PathBuf>,
    pub(crate) html: Option<PathBuf>,
    pub(crate) history: Option<PathBuf>,
    pub(crate) fault: Option<Fault>,
    pub(crate) chaos: Chaos,
    /// Whether there would be controls, if more than one process could race.
    pub(crate) lacks_race: bool,
}

/// One subject in one shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trial {
    pub(crate) subject: Subject,
    pub(crate) shape: Shape,
    /// How many changes each lane makes in a round.
    pub(crate) iterations: u32,
    /// The most rounds there will be.
    pub(crate) rounds: u32,
}

/// Gives the words their meaning, or says why they have none.
pub(super) fn plan(words: &Words) -> Result<Plan, String> {
    check_bounds(words)?;
    Ok(Plan {
        trials: trials(words, &subjects(words)?),
        workload: words.workload,
        procs: words.procs,
        iters: words.iters,
        rounds: words.rounds,
        durability: words.durability,
        ballast: words.state_bytes,
        seed: words.seed.unwrap_or_else(Seed::random),
        timeout: Duration::from_secs(words.timeout),
        lock_timeout_ms: words.lock_timeout,
        directory: words.dir.clone(),
        keep: words.keep,
        format: words.format,
        junit: words.junit.clone(),
        html: words.html.clone(),
        history: words.history.clone(),
        fault: words.inject,
        chaos: words.chaos.unwrap_or_default(),
        lacks_race: controls(words).is_empty() && !words.no_control,
    })
}

/// What a workload cannot do.
fn check_bounds(words: &Words) -> Result<(), String> {
    let workload = words.workload;
    if let Some(most) = workload.procs_max()
        && words.procs > most
    {
        return Err(format!(
            "the workload {workload} is for at most {most} processes"
        ));
    }
    if workload != Workload::Tally && words.state_bytes != BallastBytes::default() {
        return Err(format!("the workload {workload} carries no --state-bytes"));
    }
    if workload != Workload::Tally && words.chaos.is_some() {
        return Err(format!(
            "--chaos is for the workload tally and for commands, not for {workload}"
        ));
    }
    Ok(())
}

/// The strategies and controls to run, each once, in the order of their lists.
fn subjects(words: &Words) -> Result<Vec<Subject>, String> {
    let mut chosen = Vec::new();
    for name in &words.strategy {
        match name.as_str() {
            "all" => chosen.extend(Subject::strategies(words.workload)),
            name => chosen.push(named(name, words.workload)?),
        }
    }
    let controls = controls(words);
    let names_a_control = chosen.iter().any(|subject| subject.role() == Role::Control);
    if !names_a_control && !words.no_control {
        chosen.extend(controls);
    }
    let mut all = Subject::all(words.workload);
    all.retain(|subject| chosen.contains(subject));
    Ok(all)
}

/// The controls that can be caught: those that lose updates when processes meet, if there is more than
/// one, and those that lose them when a process is killed, if any is.
fn controls(words: &Words) -> Vec<Subject> {
    let mut controls = Vec::new();
    if !cannot_race(words) {
        controls.extend(Subject::controls(words.workload));
    }
    if words.chaos.is_some_and(|chaos| chaos.kills()) {
        controls.extend(Subject::controls_under_kill());
    }
    controls
}

/// Updates are lost between processes, so one alone loses none, however it goes about it.
const fn cannot_race(words: &Words) -> bool {
    words.procs < 2
}

fn named(name: &str, workload: Workload) -> Result<Subject, String> {
    let all = Subject::all(workload);
    let found = all.iter().find(|subject| subject.name() == name);
    found.copied().ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(Strategy::name).collect();
        let of = match workload {
            Workload::Tally => String::new(),
            other => format!(" of the workload {other}"),
        };
        let names = names.join(", ");
        format!("there is no strategy or control '{name}'{of}; there are all, {names}")
    })
}

fn trials(words: &Words, subjects: &[Subject]) -> Vec<Trial> {
    let of_subject = |&subject| match subject {
        Subject::Strategy(_) => in_each_shape(words, subject, words.rounds),
        _ if subject.loses_at_first_use_only() => vec![first_use(words, subject)],
        Subject::Control(_) | Subject::Misuse(_) => {
            in_each_shape(words, subject, control_rounds(words, subject))
        }
    };
    subjects.iter().flat_map(of_subject).collect()
}

fn in_each_shape(words: &Words, subject: Subject, rounds: u32) -> Vec<Trial> {
    let trial = |&shape| Trial {
        subject,
        shape,
        iterations: words.iters,
        rounds,
    };
    words.shape.shapes().iter().map(trial).collect()
}

/// One change in each process, over and over: that is the fresh shape, whichever was asked for.
fn first_use(words: &Words, subject: Subject) -> Trial {
    Trial {
        subject,
        shape: Shape::Fresh,
        iterations: 1,
        rounds: control_rounds(words, subject),
    }
}

fn control_rounds(words: &Words, control: Subject) -> u32 {
    if controls(words).contains(&control) {
        words.rounds.max(CONTROL_ROUNDS_MIN)
    } else {
        // More rounds would not catch it either.
        words.rounds
    }
}

impl Plan {
    /// The command line that runs this trial again, and nothing else.
    pub(crate) fn command_for(&self, trial: &Trial) -> String {
        let mut line = format!(
            "stress --strategy {} --no-control --shape {} --procs {} --iters {} --rounds {}",
            trial.subject.name(),
            trial.shape,
            self.procs,
            trial.iterations,
            trial.rounds,
        );
        // Writing to a string does not fail.
        if self.workload != Workload::default() {
            let _ = write!(line, " --workload {}", self.workload);
        }
        let _ = write!(line, " --seed {}", self.seed);
        if self.durability == Durability::Power {
            line.push_str(" --durability power");
        }
        if self.ballast != BallastBytes::default() {
            let _ = write!(line, " --state-bytes {}", self.ballast);
        }
        if self.chaos.is_any() {
            let _ = write!(line, " --chaos {}", quoted(&self.chaos.to_string()));
        }
        let _ = write!(line, " --lock-timeout {}", self.lock_timeout_ms);
        let _ = write!(line, " --timeout {}", self.timeout.as_secs());
        if let Some(directory) = &self.directory {
            let _ = write!(line, " --dir {}", quoted(&directory.to_string_lossy()));
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::{Plan, Shape, Strategy, Words, plan};
    use clap::Parser;

    fn planned(line: &str) -> Plan {
        plan(&Words::try_parse_from(line.split(' ')).unwrap()).unwrap()
    }

    fn runs(line: &str) -> Vec<String> {
        let describe = |trial: &super::Trial| {
            let (name, shape) = (trial.subject.name(), trial.shape);
            format!("{name} {shape} {}x{}", trial.iterations, trial.rounds)
        };
        planned(line).trials.iter().map(describe).collect()
    }

    #[test]
    fn everything_runs_unless_told_otherwise() {
        let expected = [
            "flock loop 100x1",
            "flock fresh 100x1",
            "append-log loop 100x1",
            "append-log fresh 100x1",
            "rename loop 100x1",
            "rename fresh 100x1",
            "unlocked loop 100x400",
            "unlocked fresh 100x400",
            "create-race fresh 1x400",
            "rename-stale-lock loop 100x400",
            "rename-stale-lock fresh 100x400",
        ];
        assert_eq!(runs("stress"), expected);
    }

    #[test]
    fn a_workload_has_strategies_and_controls_of_its_own() {
        let stats = runs("stress --workload stats --shape loop");
        assert_eq!(
            stats,
            [
                "flock loop 100x1",
                "no-lock loop 100x400",
                "finalize-in-steps loop 100x400",
            ]
        );
        let tasks = runs("stress --workload tasks --shape loop");
        assert_eq!(tasks[2], "rename loop 100x1");
        assert_eq!(tasks[6], "snapshot-held loop 100x400");
    }

    #[test]
    fn what_a_workload_cannot_do_is_refused() {
        let refused =
            |line: &str| plan(&Words::try_parse_from(line.split(' ')).unwrap()).unwrap_err();
        let text = refused("stress --workload stats --strategy rename");
        assert!(
            text.ends_with(
                "of the workload stats; there are all, flock, no-lock, finalize-in-steps"
            )
        );
        assert!(refused("stress --workload stats --procs 33").contains("at most 32"));
        assert!(refused("stress --workload tasks --procs 334").contains("at most 333"));
        assert!(refused("stress --workload tasks --state-bytes 1").contains("--state-bytes"));
    }

    #[test]
    fn a_named_strategy_comes_with_the_controls() {
        let shapes = runs("stress --strategy rename --shape loop --rounds 3");
        assert_eq!(shapes[0], "rename loop 100x3");
        assert_eq!(shapes.len(), 4);
        assert_eq!(
            runs("stress --strategy rename --shape loop --no-control").len(),
            1
        );
    }

    #[test]
    fn whoever_kills_has_one_more_control_to_catch() {
        let all = runs("stress --strategy rename --shape loop --chaos kill=5%");
        assert_eq!(all.last().unwrap(), "truncate-then-write loop 100x400");
        assert_eq!(all.len(), 5);
        let line = "stress --strategy rename --shape loop --procs 1 --chaos kill=5%";
        let alone = runs(line);
        assert_eq!(
            alone,
            ["rename loop 100x1", "truncate-then-write loop 100x400"]
        );
        assert!(!planned(line).lacks_race);
    }

    #[test]
    fn a_named_control_comes_alone() {
        assert_eq!(
            runs("stress --strategy create-race --shape loop"),
            ["create-race fresh 1x400"]
        );
    }

    #[test]
    fn one_process_runs_without_controls_unless_they_are_named() {
        let line = "stress --strategy flock --shape loop --procs 1";
        assert_eq!(runs(line), ["flock loop 100x1"]);
        assert!(planned(line).lacks_race);
        assert!(!planned(&format!("{line} --no-control")).lacks_race);
        assert!(!planned("stress --procs 2").lacks_race);
        let named = runs("stress --strategy unlocked --shape loop --procs 1");
        assert_eq!(named, ["unlocked loop 100x1"]);
    }

    #[test]
    fn a_name_counts_once_and_the_order_is_that_of_the_list() {
        let once = runs("stress --strategy rename,flock,all,rename --shape loop --no-control");
        assert_eq!(
            once,
            [
                "flock loop 100x1",
                "append-log loop 100x1",
                "rename loop 100x1"
            ]
        );
    }

    #[test]
    fn an_unknown_name_is_told_what_there_is() {
        let words = Words::try_parse_from(["stress", "--strategy", "flok"]).unwrap();
        let text = plan(&words).unwrap_err();
        assert!(
            text.contains("'flok'") && text.contains("create-race"),
            "{text}"
        );
    }

    #[test]
    fn a_command_that_runs_it_again_plans_the_same_trial() {
        let line = "stress --procs 3 --iters 7 --rounds 2 --shape fresh --seed 7c1e9a4 --dir /tmp/x \
                    --durability power --state-bytes 9..1 --timeout 5 --lock-timeout 30 \
                    --chaos kill=5%,stop=0.5%:400ms";
        let first = planned(&line.split_whitespace().collect::<Vec<_>>().join(" "));
        let tasks = planned("stress --workload tasks --seed 7");
        let again = planned(&tasks.command_for(&tasks.trials[0]));
        assert_eq!(again.workload, tasks.workload);
        for trial in &first.trials {
            let again = planned(&first.command_for(trial));
            assert_eq!(again.trials.as_slice(), std::slice::from_ref(trial));
            assert_eq!((again.seed, again.ballast), (first.seed, first.ballast));
            assert_eq!(
                (again.durability, again.chaos),
                (first.durability, first.chaos)
            );
            assert_eq!(again.directory, first.directory);
            assert_eq!((again.procs, again.timeout), (3, first.timeout));
            assert_eq!(again.lock_timeout_ms, 30);
        }
    }

    #[test]
    fn both_shapes_are_loop_and_fresh() {
        let shapes: Vec<Shape> = planned("stress --strategy flock --no-control")
            .trials
            .iter()
            .map(|trial| trial.shape)
            .collect();
        assert_eq!(shapes, [Shape::Loop, Shape::Fresh]);
    }
}
