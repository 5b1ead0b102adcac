//! The search is on trial: how much it explores, what it says about it, and what it notices.

#[path = "common/programs.rs"]
mod programs;

use hookstate::kernel::{FlockOperation, Kernel};
use hookstate_model::explore::{Bounds, Report, Steps, explore};
use hookstate_model::process::{Ending, Exit, Program};
use hookstate_model::sim::{Fd, Kill};
use programs::{
    Process, appended_by_the_first, appends, choose, letters, locks_both, makes, nobody_stuck,
    open, polls_for, program, runs_away, start, waits_for_itself,
};

/// In every order of all calls.
const CALLS: Bounds = Bounds {
    steps: Steps::Calls,
    ..Bounds::ALL
};

fn run(programs: Vec<Program<()>>) -> Report<String> {
    run_with(programs, None, CALLS, |_| Ok(()))
}

fn run_with(
    programs: Vec<Program<()>>,
    kill: Option<Kill>,
    bounds: Bounds,
    judge: impl Fn(&Ending<()>) -> Result<(), String> + Send + Sync + 'static,
) -> Report<String> {
    let report = explore(&start(), 1000, programs, kill, bounds, judge);
    println!("{report}");
    report
}

/// Two processes of n calls have (2n over n) orders. To loom, starting the second is one more
/// thing that can be put anywhere, so it makes (2n + 1 over n) executions of them.
#[test]
fn two_processes_run_in_every_order_of_their_calls() {
    for calls in 2..6 {
        let report = run(vec![appends(b'x', calls - 1), appends(b'y', calls - 1)]);
        assert!(report.is_complete());
        assert_eq!(report.executions, choose(2 * calls + 1, calls));
        assert_eq!(report.calls, calls);
        // The orders of the appends are what the file tells apart.
        assert_eq!(report.endings, choose(2 * (calls - 1), calls - 1));
    }
}

#[test]
fn three_processes_run_in_every_order_of_their_calls() {
    let report = run(vec![appends(b'x', 2), appends(b'y', 2), appends(b'z', 2)]);
    assert!(report.is_complete());
    // Six appends in 6! orders, of which 2 * 2 * 2 each are alike.
    assert_eq!(report.endings, 90);
}

/// Each makes a file, and its number tells when.
#[test]
fn four_processes_are_as_many_as_loom_takes() {
    let report = run(vec![makes("/b"), makes("/c"), makes("/d"), makes("/e")]);
    assert!(report.is_complete());
    assert_eq!(report.endings, 4 * 3 * 2);
}

/// Of the orders of calls that touch different things one is enough. What is left are the orders of what
/// can be told apart, each of them once.
#[test]
fn each_order_of_dependent_calls_is_run_once() {
    let all = |programs| {
        let report = run_with(programs, None, Bounds::ALL, |_| Ok(()));
        assert!(report.is_complete());
        (report.executions, report.endings)
    };
    for times in 1..5 {
        // They open the file in two orders, and whoever comes first appends to it in the orders of those
        // 2n appends in which n are of the first.
        let appends = all(vec![appends(b'x', times), appends(b'y', times)]);
        let orders = choose(2 * times, times);
        assert_eq!(appends, (2 * orders, orders));
    }
    let writes = |name| {
        program(move |process| {
            let file = open(process, name);
            for byte in 0..3 {
                assert_eq!(process.pwrite(&file, &[byte], 0), Ok(1));
            }
            process.close(file);
        })
    };
    // Each makes a file, in two orders, and what it writes there is nothing to the other.
    assert_eq!(all(vec![writes("/b"), writes("/c")]), (2, 2));
    // Of three none is cut off.
    let (executions, endings) = all(vec![makes("/b"), makes("/c"), makes("/d")]);
    assert_eq!(endings, 6);
    assert!(executions > 6);
}

#[test]
fn a_search_that_was_cut_is_not_called_complete() {
    let bounds = Bounds {
        executions_max: 10,
        ..Bounds::default()
    };
    let programs = vec![appends(b'x', 3), appends(b'y', 3)];
    let report = run_with(programs, None, bounds, |_| Ok(()));
    assert_eq!(report.executions + report.repetitions, 10);
    assert!(!report.is_complete());
    assert!(report.to_string().ends_with("bounded by 10 executions"));
}

#[test]
fn a_search_with_few_preemptions_is_not_called_complete() {
    let bounds = Bounds {
        preemptions_max: Some(1),
        ..Bounds::default()
    };
    let programs = vec![appends(b'x', 3), appends(b'y', 3)];
    let report = run_with(programs, None, bounds, |_| Ok(()));
    assert!(!report.is_complete());
    assert!(
        report
            .to_string()
            .ends_with("bounded by at most 1 preemption")
    );
}

#[test]
fn a_search_as_long_as_its_bound_is_complete() {
    let executions_max = choose(9, 4);
    let bounds = Bounds {
        executions_max,
        ..CALLS
    };
    let programs = vec![appends(b'x', 3), appends(b'y', 3)];
    let report = run_with(programs, None, bounds, |_| Ok(()));
    assert!(report.is_complete());
}

#[test]
fn the_first_ending_that_is_objected_to_comes_with_its_trace() {
    let programs = vec![appends(b'x', 2), appends(b'y', 2)];
    let report = run_with(programs, None, Bounds::default(), |ending| {
        match letters(ending).as_str() {
            "yxxy" => Err("y around x".to_owned()),
            _ => Ok(()),
        }
    });
    assert!(!report.is_complete());
    let counterexample = report.counterexample.expect("that order is possible");
    assert_eq!(counterexample.violation, "y around x");
    let trace = counterexample.trace.to_string();
    let appends = appended_by_the_first(&trace);
    assert_eq!(appends, [false, true, true, false], "{trace}");
}

#[test]
fn processes_that_wait_for_each_other_are_found() {
    let crosswise = vec![locks_both("/a", "/b"), locks_both("/b", "/a")];
    let report = run_with(crosswise, None, Bounds::default(), nobody_stuck);
    let found = report.counterexample.expect("they wait for each other");
    assert_eq!(found.violation, "[Stuck, Stuck]");
    let in_order = vec![locks_both("/a", "/b"), locks_both("/a", "/b")];
    let report = run_with(in_order, None, Bounds::default(), nobody_stuck);
    assert!(report.is_complete() && report.refused > 0);
}

#[test]
fn a_process_that_waits_for_a_lock_that_is_never_released_is_found() {
    let programs = vec![waits_for_itself()];
    let report = run_with(programs, None, Bounds::default(), nobody_stuck);
    assert!(report.counterexample.is_some());
}

#[test]
fn a_process_that_calls_without_end_is_found() {
    let report = run_with(
        vec![runs_away()],
        None,
        Bounds::default(),
        |ending| match ending.exits[..] {
            [Exit::Runaway] => Err("runs away".to_owned()),
            _ => Ok(()),
        },
    );
    assert!(report.counterexample.is_some());
}

/// Whoever polls for something else than a lock must let the others go first, or the search would
/// follow a process that polls for ever.
#[test]
fn a_process_that_polls_for_a_name_gets_it() {
    let report = run_with(
        vec![polls_for("/b"), makes("/b")],
        None,
        Bounds::default(),
        |ending| match ending.exits[..] {
            [Exit::Finished, Exit::Finished] => Ok(()),
            _ => Err(format!("{:?}", ending.exits)),
        },
    );
    assert!(report.is_complete());
}

#[test]
fn a_panic_is_an_exit_and_releases_the_lock() {
    let panics = program(|process| {
        struct Unlocks<'a>(&'a Process, Fd);
        impl Drop for Unlocks<'_> {
            fn drop(&mut self) {
                self.0.flock(&self.1, FlockOperation::Unlock).unwrap();
                self.0.close(self.1);
            }
        }
        let file = open(process, "/a");
        process.flock(&file, FlockOperation::Exclusive).unwrap();
        let _guard = Unlocks(process, file);
        std::panic::resume_unwind(Box::new("a bug"));
    });
    let waits = program(|process| {
        let file = open(process, "/a");
        process.flock(&file, FlockOperation::Exclusive).unwrap();
        process.close(file);
    });
    let report = run_with(
        vec![panics, waits],
        None,
        Bounds::default(),
        |ending| match &ending.exits[..] {
            [Exit::Panicked(message), Exit::Finished] if message == "a bug" => Ok(()),
            other => Err(format!("{other:?}")),
        },
    );
    assert!(report.is_complete() && report.refused > 0);
}

#[test]
fn a_kill_ends_a_process_before_the_call_it_is_put_at() {
    for call in 0..6 {
        let kill = Kill {
            process: 0,
            call,
            pages: 0,
        };
        let programs = vec![appends(b'x', 3), appends(b'y', 1)];
        let report = run_with(programs, Some(kill), Bounds::default(), move |ending| {
            let written = letters(ending).matches('x').count();
            let killed = ending.exits[0] == Exit::Killed;
            match (killed, written == call.saturating_sub(1).min(3)) {
                (true, true) if call < 5 => Ok(()),
                (false, true) if call == 5 => Ok(()),
                _ => Err(format!("{written} written, {:?}", ending.exits)),
            }
        });
        assert!(report.is_complete());
        let expected = if call < 5 { report.executions } else { 0 };
        assert_eq!(report.killed, expected);
    }
}
