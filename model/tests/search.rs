//! The breadth-first search is on trial: how much it finds, what it says about it, and what it
//! notices.

#[path = "common/allocator.rs"]
mod allocator;
#[path = "common/programs.rs"]
mod programs;

use hookstate::kernel::{FlockOperation, Kernel};
use hookstate::strategy::{AppendLog, Flock, Rename, Strategy};
use hookstate_model::process::{Ending, Exit, Program};
use hookstate_model::scenario::{Act, Before, Scenario};
use hookstate_model::search::{Budget, Goal, Report, Search};
use hookstate_model::sim::Sequential;
use programs::{
    appended_by_the_first, appends, choose, letters, locks_both, makes, nobody_stuck, open,
    polls_for, program, runs_away, start, waits_for_itself,
};
use std::path::Path;
use std::sync::Arc;

fn search(
    programs: Vec<Program<()>>,
    judge: impl Fn(&Ending<()>) -> Result<(), String> + Send + Sync + 'static,
) -> Search<(), String> {
    Search::new(start(), 1000, programs, judge)
}

fn run(programs: Vec<Program<()>>) -> Report<String> {
    let report = search(programs, |_| Ok(())).run();
    println!("{report}");
    report
}

/// A state is how far each of the two is, and in which order what was appended was appended: with i
/// and j appends made, (i + j over i) orders. A process that has made i appends is in one place, but
/// for the one before its first that has opened the file or not yet. So there are
/// S(n) = sum over 0 <= i, j <= n of p(i) p(j) (i + j over i) states, where p(0) = 2 and otherwise 1.
/// Each process is run once for each number of answers: none, one from open, n from append and one
/// from close.
#[test]
fn two_processes_come_into_every_state() {
    for times in 1..5 {
        let report = run(vec![appends(b'x', times), appends(b'y', times)]);
        let places = |appends: usize| if appends == 0 { 2 } else { 1 };
        let states: usize = (0..=times)
            .flat_map(|i| (0..=times).map(move |j| places(i) * places(j) * choose(i + j, i)))
            .sum();
        assert!(report.is_complete());
        assert_eq!(report.states, states);
        assert_eq!(report.endings, choose(2 * times, times));
        assert_eq!(report.runs, 2 * (times + 3));
        assert_eq!(report.depth, 2 * (times + 1) + 1);
    }
}

/// What `two_processes_come_into_every_state` counts, up to who is who: a state and the one in which
/// the two have changed places are one. For one append each the states with (i, j) appends are
/// (0,0): both before the open, one, both; (1,0) and (0,1): the other before the open or after it;
/// (1,1): one. That is 3 + 2 + 1.
#[test]
fn processes_that_are_alike_change_places_unnoticed() {
    let appends = appends(b'x', 1);
    let report = run(vec![Arc::clone(&appends), appends]);
    assert_eq!(report.states, 3 + 2 + 1);
    assert_eq!(report.endings, 1);
    assert_eq!(report.runs, 4);
}

/// One process of three calls, the last of which nobody can notice: before the first, before the
/// second, ended; killed before the first or before the second, which leaves the same file; killed
/// after the second and before the last.
#[test]
fn a_process_is_killed_before_each_of_its_calls() {
    let report = search(vec![appends(b'x', 1)], |_| Ok(()))
        .budget(Budget::kills(1))
        .run();
    assert!(report.is_complete());
    assert_eq!(report.states, 3 + 1 + 1);
    assert_eq!(report.sightings.killed, 3);
    assert_eq!(report.endings, 3);
}

#[test]
fn a_search_that_was_cut_is_not_called_complete() {
    let programs = vec![appends(b'x', 3), appends(b'y', 3)];
    let report = search(programs, |_| Ok(())).states_max(10).run();
    assert_eq!(report.states, 10);
    assert!(!report.is_complete());
    assert!(report.to_string().ends_with("BOUNDED by 10 states"));
}

#[test]
fn the_counterexample_is_one_of_the_shortest() {
    let programs = vec![appends(b'x', 2), appends(b'y', 2)];
    let report = search(programs, |ending| match letters(ending).as_str() {
        "yxxy" => Err("y around x".to_owned()),
        _ => Ok(()),
    })
    .run();
    let found = report.counterexample().expect("that order is possible");
    assert_eq!(found.violation, "y around x");
    assert_eq!(found.trace.len(), 6);
    let trace = found.trace.to_string();
    let appends = appended_by_the_first(&trace);
    assert_eq!(appends, [false, true, true, false], "{trace}");
}

#[test]
fn a_goal_that_is_never_reached_is_told() {
    let goal = |name: &str, wanted: &'static str| Goal {
        name: name.to_owned(),
        is_reached: Arc::new(move |ending: &Ending<()>| letters(ending) == wanted),
    };
    let report = search(vec![appends(b'x', 1), appends(b'y', 1)], |_| Ok(()))
        .reaching(vec![goal("x first", "xy"), goal("x alone", "x")])
        .run();
    assert!(report.is_complete());
    assert_eq!(report.missed().collect::<Vec<_>>(), ["x alone"]);
}

#[test]
fn processes_that_wait_for_each_other_are_found() {
    let crosswise = vec![locks_both("/a", "/b"), locks_both("/b", "/a")];
    let report = search(crosswise, nobody_stuck).run();
    let found = report.counterexample().expect("they wait for each other");
    assert_eq!(found.violation, "[Stuck, Stuck]");
    let in_order = vec![locks_both("/a", "/b"), locks_both("/a", "/b")];
    let report = search(in_order, nobody_stuck).run();
    assert!(report.is_complete() && report.sightings.refused > 0);
}

#[test]
fn a_process_that_polls_for_a_lock_that_is_never_released_is_found() {
    let report = search(vec![waits_for_itself()], nobody_stuck).run();
    assert!(report.counterexample().is_some());
}

#[test]
fn a_process_that_polls_for_a_name_gets_it() {
    let report = search(vec![polls_for("/b"), makes("/b")], nobody_stuck).run();
    assert!(report.is_complete(), "{report}");
}

/// Its tries are no part of its history, so it would be searched as one that tries for ever.
#[test]
#[should_panic(expected = "the program remembers how often it was refused")]
fn a_process_that_gives_up_after_two_tries_is_refused() {
    let _ = search(vec![gives_up_after(2)], nobody_stuck).run();
}

#[test]
#[should_panic(expected = "the program remembers how often it was refused")]
fn a_process_that_gives_up_after_three_tries_is_refused() {
    let _ = search(vec![gives_up_after(3)], nobody_stuck).run();
}

/// The shipping code has other pauses after 32.
#[test]
#[should_panic(expected = "the program remembers how often it was refused")]
fn a_process_that_gives_up_after_35_tries_is_refused() {
    let _ = search(vec![gives_up_after(35)], nobody_stuck).run();
}

fn gives_up_after(tries: usize) -> Program<()> {
    program(move |process| {
        for _ in 0..tries {
            if process.stat(Path::new("/b")).is_ok() {
                return;
            }
            process.sched_yield();
        }
        process.unlink(Path::new("/a")).unwrap();
    })
}

#[test]
#[should_panic(expected = "the program is not a function of what its calls answer")]
fn a_process_that_acts_by_chance_is_refused() {
    let runs = std::sync::atomic::AtomicUsize::new(0);
    let acts = program(move |process| {
        let run = runs.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let file = open(process, if run == 0 { "/a" } else { "/b" });
        process.close(file);
    });
    let _ = search(vec![acts], nobody_stuck).run();
}

#[test]
fn a_process_that_calls_without_end_is_found() {
    let report = search(vec![runs_away()], |ending| match ending.exits[..] {
        [Exit::Runaway] => Err("runs away".to_owned()),
        _ => Ok(()),
    })
    .run();
    assert!(report.counterexample().is_some());
}

#[test]
fn a_panic_is_an_exit() {
    let panics = program(|process| {
        let _file = open(process, "/a");
        std::panic::resume_unwind(Box::new("a bug"));
    });
    let report = search(vec![panics], |ending| match &ending.exits[..] {
        [Exit::Panicked(message)] if message == "a bug" => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .run();
    assert!(report.is_complete(), "{report}");
}

/// The promise for the change that everything else is made of.
#[test]
fn five_changes_and_two_kills_anywhere_lose_nothing() {
    five_changes_and_two_kills(Flock);
    five_changes_and_two_kills(Rename);
}

fn five_changes_and_two_kills<S: Strategy + Clone + Send + Sync + 'static>(strategy: S) {
    let report = Scenario::alike(strategy, Before::Changes(2), 5).search(Budget::kills(2));
    println!("{report}");
    assert!(report.is_complete(), "{report}");
}

#[test]
fn both_engines_find_the_same_endings() {
    let acts: &[&[Act]] = &[&[Act::Modify], &[Act::Apply]];
    both_engines(Scenario::new(Flock, Before::Changes(2), acts));
    both_engines(Scenario::new(AppendLog, Before::Changes(2), acts));
    both_engines(Scenario::new(Rename, Before::Changes(2), acts));
}

fn both_engines<S: Strategy + Clone + Send + Sync + 'static>(scenario: Scenario<S>) {
    let (loom, searched) = (scenario.check(), scenario.search(Budget::NOTHING));
    assert!(loom.is_complete() && searched.is_complete());
    assert_eq!(loom.endings, searched.endings);
}

/// It unlocks and closes a file that nobody else can reach, which nobody can notice, and only then
/// says what it had found there.
#[test]
fn a_process_is_killed_between_a_call_and_those_that_nobody_can_notice() {
    let takes: Program<bool> = Arc::new(|process, says| {
        let file = open(&process, "/a");
        process.unlink(Path::new("/a")).unwrap();
        process.flock(&file, FlockOperation::Unlock).unwrap();
        *says = true;
        process.close(file);
    });
    let report = Search::new(start(), 1000, vec![takes], |ending: &Ending<bool>| {
        let process = Sequential::boot(&ending.sim, 1000);
        let is_gone = process.stat(Path::new("/a")).is_err();
        match is_gone && !ending.accounts[0] {
            true => Err("it is gone and nobody says what it was".to_owned()),
            false => Ok(()),
        }
    });
    assert!(report.run().is_complete());
    let killed = report.budget(Budget::kills(1)).run();
    assert!(killed.counterexample().is_some(), "{killed}");
}

/// It says something between two calls that nobody can notice, and takes it back after them.
#[test]
fn a_process_is_killed_wherever_it_says_something_else() {
    let wavers: Program<u8> = Arc::new(|process, says| {
        process.unlink(Path::new("/a")).unwrap();
        for word in [1, 1, 2, 0] {
            *says = word;
            let _ = process.getpid();
        }
        *says = 0;
        let _ = open(&process, "/b");
    });
    for word in 0..=3 {
        let search = Search::new(start(), 1000, vec![wavers.clone()], move |ending| {
            match ending.accounts[0] == word {
                true => Err(format!("it says {word}")),
                false => Ok(()),
            }
        });
        let report = search.budget(Budget::kills(1)).run();
        assert_eq!(report.counterexample().is_some(), word < 3, "{report}");
        // The unlink, the open, and killed before or after either; saying 1, 2, or nothing.
        assert!(word < 3 || report.sightings.killed == 5, "{report}");
    }
}

/// Two processes with one program, of which one is never killed: neither stands for the other.
#[test]
fn a_spared_process_does_not_stand_for_one_that_is_not() {
    let says: Program<bool> = Arc::new(|process, says| {
        let _ = open(&process, "/a");
        *says = true;
        let _ = open(&process, "/b");
    });
    for spared in [[false, true], [true, false]] {
        let search =
            Search::new(
                start(),
                1000,
                vec![says.clone(), says.clone()],
                |ending| match ending.exits[0] == Exit::Killed {
                    true => Err("the first is killed".to_owned()),
                    false => Ok(()),
                },
            );
        let search = search.budget(Budget::kills(1)).sparing(spared.to_vec());
        let report = search.run();
        assert_eq!(report.counterexample().is_some(), spared[1], "{report}");
    }
}

/// Each takes its own lock and tries the other's; refused, it lets go of its own, pauses and begins
/// anew. Somebody can always do something, and whether they ever end is chance; but they can.
fn tries_both(first: &'static str, second: &'static str) -> Program<()> {
    program(move |process| {
        loop {
            let (one, other) = (open(process, first), open(process, second));
            process.flock(&one, FlockOperation::Exclusive).unwrap();
            if process.flock(&other, FlockOperation::TryExclusive).is_ok() {
                return;
            }
            process.close(other);
            process.close(one);
            process.sched_yield();
        }
    })
}

#[test]
fn processes_that_can_come_to_an_end_are_not_called_stuck() {
    let programs = vec![tries_both("/a", "/b"), tries_both("/b", "/a")];
    let report = search(programs, nobody_runs_away).run();
    assert!(report.is_complete(), "{report}");
}

/// Each moves a file between two names for ever.
#[test]
fn processes_that_go_round_in_a_circle_are_found() {
    let moves = |from: &'static str, to: &'static str| {
        program(move |process| {
            let first = open(process, "/b");
            process.close(first);
            loop {
                process.exchange(Path::new(from), Path::new(to)).unwrap();
                process.sched_yield();
            }
        })
    };
    let report = search(vec![moves("/a", "/b"), moves("/b", "/a")], nobody_runs_away).run();
    assert!(report.counterexample().is_some(), "{report}");
}

fn nobody_runs_away(ending: &Ending<()>) -> Result<(), String> {
    match ending.exits.contains(&Exit::Runaway) {
        true => Err(format!("{:?}", ending.exits)),
        false => nobody_stuck(ending),
    }
}

/// Says that it is inside, makes a call that the others can notice, and leaves.
fn stays_inside() -> Program<bool> {
    Arc::new(|process, inside| {
        *inside = true;
        let _ = process.stat(Path::new("/a"));
        *inside = false;
    })
}

#[test]
fn more_than_may_be_inside_are_found() {
    let reports = [1, 2, 3].map(|most| {
        let programs = (0..3).map(|_| stays_inside()).collect();
        Search::new(start(), 1000, programs, |_| Ok(()))
            .at_most(most, |inside| *inside, "too many")
            .run()
    });
    let found = reports.map(|report| report.counterexample().is_some());
    assert_eq!(found, [true, true, false]);
}

/// Tries the lock of one file, and if it is refused waits for that of another, which it opens as the
/// same descriptor.
fn tries_one_and_waits_for_the_other() -> Program<()> {
    program(|process| {
        let one = open(process, "/a");
        let refused = process.flock(&one, FlockOperation::TryExclusive).is_err();
        process.close(one);
        if refused {
            let other = open(process, "/b");
            while process.flock(&other, FlockOperation::TryExclusive).is_err() {
                process.sched_yield();
            }
            process.close(other);
        }
    })
}

/// It is where it was only if it waits for the same file.
#[test]
fn waiting_for_another_file_under_the_same_number_is_another_place() {
    let report = run(vec![
        tries_one_and_waits_for_the_other(),
        locks_both("/a", "/b"),
    ]);
    assert!(report.is_complete());
    assert!(report.sightings.refused > 0);
}
