//! What the words of the command line mean together.

use super::hunting;
use super::words::{Format, Shape, Words};
use crate::chaos::Chaos;
use crate::hunt::{Bounds, Origin};
use crate::shell;
use crate::subject::{Role, Subject};
use crate::worker::{Durability, Fault};
use crate::workload::{BallastBytes, Seed, Workload};
use hookstate::strategy::Strategy;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// In how many rounds a control has to be caught, at least.
///
/// The one that is hardest to catch, `create-race`, loses an update in about one of seven rounds
/// with 8 processes on two processors; not to see it in 400 has a probability below 10 to the -26.
const CONTROL_ROUNDS_MIN: u32 = 400;

/// The most changes of a lane of a control that comes along unasked.
const CONTROL_ITERS_MAX: u32 = 200;

/// Everything that is to be run, and how.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) trials: Vec<Trial>,
    pub(crate) workload: Workload,
    pub(crate) procs: u32,
    pub(crate) iters: u32,
    pub(crate) bounds: Bounds,
    pub(crate) durability: Durability,
    pub(crate) ballast: BallastBytes,
    pub(crate) seed: Seed,
    /// The round that is run again, if it is one.
    pub(crate) origin: Option<Origin>,
    /// How often it is told how far the rounds are, if it is.
    pub(crate) pulse: Option<Duration>,
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
    /// The most rounds there will be, if that is known.
    pub(crate) rounds: Option<u32>,
}

/// Gives the words their meaning, or says why they have none.
pub(super) fn plan(words: &Words) -> Result<Plan, String> {
    check_bounds(words)?;
    Ok(Plan {
        trials: trials(words, &subjects(words)?),
        workload: words.workload,
        procs: words.procs,
        iters: words.iters,
        bounds: hunting::bounds(words),
        durability: words.durability,
        ballast: words.state_bytes,
        seed: words.seed.unwrap_or_else(Seed::random),
        origin: words.hunting.origin.clone(),
        pulse: hunting::pulse(words),
        lock_timeout_ms: words.lock_timeout,
        directory: words.dir.as_deref().map(absolute),
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

/// A path that is the same one for whoever runs this again elsewhere.
pub(super) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// What is to be run. In a hunt, the controls first: what is found in two hours on a machine that
/// catches none of them proves nothing.
fn trials(words: &Words, subjects: &[Subject]) -> Vec<Trial> {
    let bounds = hunting::bounds(words);
    let of_subject = |&subject| match subject {
        Subject::Strategy(_) => in_each_shape(words, subject, bounds.rounds),
        _ if subject.loses_at_first_use_only() => vec![first_use(words, subject)],
        Subject::Control(_) | Subject::Misuse(_) => {
            in_each_shape(words, subject, Some(control_rounds(words, subject)))
        }
    };
    let mut trials: Vec<Trial> = subjects.iter().flat_map(of_subject).collect();
    if bounds.is_hunt() {
        trials.sort_by_key(|trial| trial.subject.role() == Role::Strategy);
    }
    trials
}

fn in_each_shape(words: &Words, subject: Subject, rounds: Option<u32>) -> Vec<Trial> {
    let trial = |&shape| Trial {
        subject,
        shape,
        iterations: iterations(words, subject),
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
        rounds: Some(control_rounds(words, subject)),
    }
}

/// A control that was not asked for by name is there to be caught, which takes few changes.
fn iterations(words: &Words, subject: Subject) -> u32 {
    let is_asked_for = words.strategy.iter().any(|name| name == subject.name());
    if is_asked_for || subject.role() == Role::Strategy {
        words.iters
    } else {
        words.iters.min(CONTROL_ITERS_MAX)
    }
}

fn control_rounds(words: &Words, control: Subject) -> u32 {
    let rounds = words.rounds.unwrap_or(1);
    if controls(words).contains(&control) {
        rounds.max(CONTROL_ROUNDS_MIN)
    } else {
        // More rounds would not catch it either.
        rounds
    }
}

impl Plan {
    /// The trials that share the time there is: each has it for itself, but in a hunt the strategies
    /// take turns.
    pub(crate) fn groups(&self) -> Vec<&[Trial]> {
        let takes_turns = |trial: &Trial| trial.subject.role() == Role::Strategy;
        let is_hunt = self.bounds.is_hunt();
        let together = |one: &Trial, next: &Trial| is_hunt && takes_turns(one) && takes_turns(next);
        self.trials.chunk_by(together).collect()
    }

    /// The seed of a round: one of its own, unless it is a certain round that is run again.
    pub(crate) fn seed_of(&self, round: u32) -> Seed {
        match self.origin {
            Some(_) => self.seed.of_round(1),
            None => self.seed.of_round(round),
        }
    }

    /// The seed whose first round is this one.
    fn seed_that_begins_with(&self, round: u32) -> Seed {
        match self.origin {
            Some(_) => self.seed,
            None => self.seed.beginning_with(round),
        }
    }

    /// The command line that runs this trial again, and nothing else, with this round as the first.
    pub(crate) fn command_for(&self, trial: &Trial, round: u32) -> String {
        let is_timed = trial.subject.role() == Role::Strategy;
        let bounds = Bounds {
            rounds: trial.rounds,
            duration: self.bounds.duration.filter(|_| is_timed),
            ..self.bounds
        };
        let words = self.words_with(bounds.options(), trial, round);
        shell::line(std::iter::once("stress".to_owned()).chain(words))
    }

    /// Its words, but for those that say how long rounds go on.
    pub(crate) fn words_for(&self, trial: &Trial, round: u32) -> Vec<String> {
        let timeout = self.bounds.timeout.as_secs().to_string();
        self.words_with(vec!["--timeout".to_owned(), timeout], trial, round)
    }

    fn words_with(&self, bounds: Vec<String>, trial: &Trial, round: u32) -> Vec<String> {
        let name = trial.subject.name();
        let mut words = ["--strategy", name, "--no-control"]
            .map(str::to_owned)
            .to_vec();
        let mut option = |name: &str, value: String| words.extend([format!("--{name}"), value]);
        option("shape", trial.shape.to_string());
        option("procs", self.procs.to_string());
        option("iters", trial.iterations.to_string());
        option("seed", self.seed_that_begins_with(round).to_string());
        if self.workload != Workload::default() {
            option("workload", self.workload.to_string());
        }
        if self.durability == Durability::Power {
            option("durability", "power".to_owned());
        }
        if self.ballast != BallastBytes::default() {
            option("state-bytes", self.ballast.to_string());
        }
        if self.chaos.is_any() {
            option("chaos", self.chaos.to_string());
        }
        option("lock-timeout", self.lock_timeout_ms.to_string());
        if let Some(directory) = &self.directory {
            option("dir", directory.to_string_lossy().into_owned());
        }
        if let Some(fault) = &self.fault {
            option("inject", fault.to_string());
        }
        words.extend(bounds);
        words
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
            let rounds = trial.rounds.map_or("".to_owned(), |n| n.to_string());
            format!("{name} {shape} {}x{rounds}", trial.iterations)
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
    fn a_control_that_nobody_has_named_makes_few_changes() {
        let all = runs("stress --strategy flock --shape loop --iters 2000");
        assert_eq!(all[..2], ["flock loop 2000x1", "unlocked loop 200x400"]);
        let named = runs("stress --strategy unlocked --shape loop --iters 2000");
        assert_eq!(named, ["unlocked loop 2000x400"]);
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
        let again = planned(&tasks.command_for(&tasks.trials[0], 1));
        assert_eq!(again.workload, tasks.workload);
        for trial in &first.trials {
            let again = planned(&first.command_for(trial, 1));
            assert_eq!(again.trials.as_slice(), std::slice::from_ref(trial));
            assert_eq!((again.seed, again.ballast), (first.seed, first.ballast));
            assert_eq!(
                (again.durability, again.chaos),
                (first.durability, first.chaos)
            );
            assert_eq!(again.directory, first.directory);
            assert_eq!(
                (again.procs, again.bounds.timeout),
                (3, first.bounds.timeout)
            );
            assert_eq!(again.lock_timeout_ms, 30);
        }
    }

    #[test]
    fn a_round_that_failed_is_the_first_when_it_is_run_again() {
        let first = planned("stress --strategy flock --shape loop --seed 7 --rounds 40");
        let again = planned(&first.command_for(&first.trials[0], 17));
        assert_eq!(again.seed_of(1), first.seed_of(17));
        assert_ne!(again.seed_of(2), first.seed_of(17));
        assert_eq!(again.bounds, first.bounds);
    }

    #[test]
    fn in_a_hunt_the_controls_come_first_and_the_strategies_take_turns() {
        let names = |line: &str| -> Vec<String> {
            let plan = planned(line);
            let of = |group: &&[super::Trial]| {
                let names: Vec<&str> = group.iter().map(|trial| trial.subject.name()).collect();
                names.join("+")
            };
            plan.groups().iter().map(of).collect()
        };
        let line = "stress --shape loop --strategy flock,rename";
        assert_eq!(
            names(line),
            [
                "flock",
                "rename",
                "unlocked",
                "create-race",
                "rename-stale-lock"
            ]
        );
        assert_eq!(
            names(&format!("{line} --until-failure")),
            [
                "unlocked",
                "create-race",
                "rename-stale-lock",
                "flock+rename"
            ]
        );
        let trials = planned(&format!("{line} --duration 9s")).trials;
        assert_eq!((trials[0].rounds, trials[4].rounds), (Some(400), None));
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
