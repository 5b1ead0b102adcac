//! Kills: at each call of a flush and of a finalize. What was acknowledged stays, what was not is
//! counted once or not at all.

use crate::scratch::{Scratch, record};
use hookstate::kernel::{Ceased, DieAtNth, Ending, Host, Watched};
use hookstate::stats::SessionStats;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};

type Mortal = SessionStats<Watched<Host, DieAtNth>>;

/// Runs in a process that ends before its n-th call; `None` if it ended.
fn mortal<R>(scratch: &Scratch, nth: usize, work: impl FnOnce(Mortal) -> R) -> Option<R> {
    let run = AssertUnwindSafe(|| {
        let kernel = Watched::new(Host, DieAtNth::new(nth, Ending::Unwind));
        work(SessionStats::with(scratch.data(), "m", kernel))
    });
    match catch_unwind(run) {
        Ok(result) => Some(result),
        Err(payload) if payload.is::<Ceased>() => None,
        Err(payload) => std::panic::resume_unwind(payload),
    }
}

fn prepared(tools: u32) -> Scratch {
    let scratch = Scratch::new();
    let mut stats = scratch.stats().flush_interval(tools + 1);
    for number in 0..tools {
        let tool = format!("some-tool-{number}");
        let _ = stats.record_tool_call(&tool, true).expect("a record");
    }
    drop(stats);
    scratch
}

fn count(scratch: &Scratch) -> u64 {
    scratch
        .stats()
        .read()
        .expect("a whole file")
        .value
        .tool_count()
}

fn one_more(scratch: &Scratch) {
    record(&mut scratch.stats(), &[("Edit", true)]);
}

/// Kills at each call until one run gets through. Gives how many were killed.
fn at_each_call(mut one: impl FnMut(usize) -> bool) -> usize {
    (0..).take_while(|&nth| one(nth)).count()
}

#[test]
fn a_flush_that_is_killed_anywhere_is_counted_once_or_not_at_all() {
    for tools in [0, 3, 2_000] {
        let killed = at_each_call(|nth| {
            let scratch = prepared(tools);
            let before = u64::from(tools);
            let flushed = mortal(&scratch, nth, |mut stats| {
                for _ in 0..3 {
                    let _ = stats.record_tool_call("Bash", true).expect("a record");
                }
                stats.flush().map(|_| ()).expect("a flush");
            });
            one_more(&scratch);
            let counted = count(&scratch) - before - 1;
            match flushed {
                Some(()) => assert_eq!(counted, 3),
                None => assert!(
                    [0, 3].contains(&counted),
                    "{tools} tools, call {nth}: {counted}"
                ),
            }
            flushed.is_none()
        });
        assert!(killed > 8, "{killed}");
    }
}

#[test]
fn what_a_finalize_hands_on_is_handed_on_again_or_gone_from_the_file() {
    for (tools, removes) in [(3, false), (3, true), (2_000, false), (2_000, true)] {
        let killed = at_each_call(|nth| {
            let scratch = prepared(tools);
            let mut handed_on = None;
            let finalized = mortal(&scratch, nth, |mut stats| {
                if removes {
                    stats = stats.remove_when_finalized();
                }
                let _ = stats.record_tool_call("Bash", true).expect("a record");
                let last = stats.try_finalize(|last| {
                    handed_on = Some(last.file().tool_count());
                    Ok::<_, Infallible>(())
                });
                last.map(|_| ()).expect("a result");
            });
            let all = u64::from(tools) + 1;
            let left = count(&scratch);
            match handed_on {
                Some(taken) => assert!(taken == all && [0, all - 1].contains(&left), "{left}"),
                None => assert_eq!(left, all - 1),
            }
            assert!(finalized.is_none() || left == 0);
            one_more(&scratch);
            assert_eq!(count(&scratch), left + 1, "and it goes on");
            finalized.is_none()
        });
        assert!(killed > 8, "{killed}");
    }
}
