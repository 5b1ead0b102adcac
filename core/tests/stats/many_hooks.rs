//! A peer, or a file from wherever, may list any number of hooks.
//!
//! For each hook of the list its totals were looked for among those of all hooks, and each hook with
//! totals among all lists. So whoever recorded one call in a file with very many hooks, or read it, was
//! busy for the square of their number. Now there is an index; what must hold is that every hook is
//! counted as before, and in its place.

use crate::scratch::Scratch;
use hookstate::stats::SessionFile;
use std::fmt::Write;

const HOOKS: usize = 20_000;

/// The lists of that many hooks, the last first, with these values each.
fn lists(values: &str) -> String {
    let mut lists = String::new();
    for number in (0..HOOKS).rev() {
        write!(lists, r#""H{number}": [{values}], "#).expect("it is in memory");
    }
    format!("{{{}}}", lists.trim_end_matches([',', ' ']))
}

/// Replaces the lists, as a peer does, which keeps what is behind them.
fn list_as_a_peer(scratch: &Scratch, lists: &str) {
    let text = scratch.text();
    let (head, behind) = text.split_once(r#""hook_timings": "#).expect("the key");
    let (_, own) = behind.split_once(r#", "hookstate": "#).expect("our key");
    scratch.plant(&format!(
        r#"{head}"hook_timings": {lists}, "hookstate": {own}"#
    ));
}

fn record_one(scratch: &Scratch) {
    let mut stats = scratch.stats();
    let _ = stats.record_hook_timing("H7", 1.0).expect("a record");
    let _ = stats.flush().expect("a flush");
}

/// Each hook in the order of the lists, with as many timings, and the one that was recorded here with
/// more.
fn assert_counts(scratch: &Scratch, of_each: u64, more: u64) {
    let file: SessionFile = scratch.stats().read().expect("a file").value;
    let counted = file.hook_timings();
    let counted = counted.iter().map(|(hook, of)| (hook.clone(), of.count()));
    let expected = (0..HOOKS).rev().map(|number| {
        let more = if number == 7 { more } else { 0 };
        (format!("H{number}"), of_each + more)
    });
    assert!(counted.eq(expected), "some are not as they were listed");
}

#[test]
fn every_hook_of_very_many_is_counted_in_its_place() {
    let scratch = Scratch::new();
    let lists_of_one = lists("1.0");
    scratch.plant(&format!(r#"{{"hook_timings": {lists_of_one}}}"#));
    assert_counts(&scratch, 1, 0);
    record_one(&scratch);
    assert_counts(&scratch, 1, 1);
    // What was recorded here a peer has thrown away; it is in the totals.
    list_as_a_peer(&scratch, &lists("1.0, 2.0, 3.0"));
    assert_counts(&scratch, 3, 2);
    record_one(&scratch);
    assert_counts(&scratch, 3, 3);
}

/// Those that are in no list any more are still counted, in the order in which they came.
#[test]
fn every_hook_of_very_many_that_a_peer_has_dropped_is_still_counted() {
    let scratch = Scratch::new();
    scratch.plant(&format!(r#"{{"hook_timings": {}}}"#, lists("1.0")));
    record_one(&scratch);
    list_as_a_peer(&scratch, "{}");
    assert_counts(&scratch, 1, 1);
    record_one(&scratch);
    let file = scratch.stats().read().expect("a file").value;
    let counted = file.hook_timings();
    let (first, of_first) = counted.first().expect("that of the list");
    assert_eq!((first.as_str(), of_first.count()), ("H7", 3));
    assert_eq!(counted.len(), HOOKS);
}
