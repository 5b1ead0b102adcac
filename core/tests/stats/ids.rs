//! Ids of sessions, which come from outside.

use crate::peer::Oracle;
use crate::scratch::{Scratch, record};
use hookstate::stats::SessionStats;
use std::collections::BTreeSet;
use std::fs;

#[test]
fn every_id_has_a_safe_file_of_its_own_with_the_id_inside() {
    let scratch = Scratch::new();
    let long = "x".repeat(10_000);
    let ids: [&[u8]; 9] = [
        b"0b5c1b1e-9d7a-4c7b-8f6e-2f1d3c4b5a69",
        b"../../etc/x",
        b"",
        long.as_bytes(),
        b"nul\0nul",
        b"new\nline",
        b"\xff\xfe\x80",
        "h\u{e9}llo \u{1f600}".as_bytes(),
        b".",
    ];
    let mut files = BTreeSet::new();
    let mut oracle = Oracle::new();
    for id in ids {
        let mut stats = SessionStats::new(scratch.data(), id);
        record(&mut stats, &[("Bash", true)]);
        assert_eq!(stats.path().parent(), Some(scratch.data().as_path()));
        let file = stats.read().expect("a file").value;
        let shown = file.session_id().expect("the id is inside");
        assert_eq!(shown, String::from_utf8_lossy(id));
        let text = fs::read_to_string(stats.path()).expect("the file");
        assert_eq!(
            oracle.dumps(&text).as_deref(),
            Some(text.trim_end()),
            "Python reads it"
        );
        files.insert(stats.path());
    }
    assert_eq!(files.len(), ids.len());
    let others = scratch.names().into_iter();
    let others = others.filter(|name| !name.ends_with(".json"));
    // The long id does not fit into one page.
    assert_eq!(others.count(), 1, "and nothing else is there but a journal");
}

#[test]
fn an_id_longer_than_16_kib_is_cut_inside_and_still_has_its_own_file() {
    let scratch = Scratch::new();
    let [one, other] = ["a", "b"].map(|end| "x".repeat(20_000) + end);
    for id in [&one, &other] {
        let mut stats = SessionStats::new(scratch.data(), id);
        record(&mut stats, &[("Bash", true)]);
        let file = stats.read().expect("a file").value;
        assert_eq!(file.session_id().map(|id| id.len()), Some(16 << 10));
        assert_eq!(file.tool_count(), 1);
    }
}

#[test]
fn long_and_odd_names_of_tools_hooks_and_agents_are_bounded() {
    let scratch = Scratch::new();
    let mut stats = scratch.stats().agent(b"\xff\n\0");
    let long = "\u{1f600}".repeat(1_000);
    let _ = stats.record_hook_timing(&long, 1.0).expect("a record");
    record(&mut stats, &[(&long, true), ("\0\n\"", true)]);
    let file = stats.read().expect("a file").value;
    let names: Vec<String> = file
        .tool_names()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, ["\u{1f600}".repeat(64), "\0\n\"".to_owned()]);
    assert_eq!(file.hook_timings()[0].0, "\u{1f600}".repeat(64));
    assert_eq!(file.agents()[0].0, "\u{fffd}\n\0");
}
