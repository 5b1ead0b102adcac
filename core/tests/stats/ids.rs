//! Ids of sessions, which come from outside.

use crate::peer::Oracle;
use crate::scratch::{Scratch, record};
use hookstate::stats::SessionStats;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

/// The first is as they are, the others as they should not be.
fn ids() -> Vec<Vec<u8>> {
    let odd: [&[u8]; 8] = [
        b"0b5c1b1e-9d7a-4c7b-8f6e-2f1d3c4b5a69",
        b"../../etc/x",
        b"",
        b"nul\0nul",
        b"new\nline",
        b"\xff\xfe\x80",
        "h\u{e9}llo \u{1f600}".as_bytes(),
        b".",
    ];
    let long = vec![b'x'; 10_000];
    odd.into_iter().map(<[u8]>::to_vec).chain([long]).collect()
}

/// Whether a file stands in the directory itself, under a name that any file system and shell takes.
fn is_safe(file: &Path, directory: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().as_bytes();
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-~".contains(byte);
    file.parent() == Some(directory)
        && name.len() <= 255
        && name
            .strip_suffix(b".json")
            .is_some_and(|stem| !stem.is_empty() && stem.iter().all(plain))
}

/// Control: of the names that a program makes that puts the id into the path, only the usual is safe.
#[test]
fn a_file_that_is_called_as_the_id_is_safe_for_usual_ids_only() {
    let directory = Path::new("/data");
    let named = |id: Vec<u8>| {
        let name = OsString::from_vec([id, b".json".to_vec()].concat());
        directory.join(name)
    };
    let safe: Vec<bool> = ids()
        .into_iter()
        .map(|id| is_safe(&named(id), directory))
        .collect();
    assert!(safe[0] && !safe[1..].contains(&true), "{safe:?}");
}

#[test]
fn every_id_has_a_safe_file_of_its_own_with_the_id_inside() {
    let scratch = Scratch::new();
    let ids = ids();
    let mut files = BTreeSet::new();
    let mut oracle = Oracle::new();
    for id in &ids {
        let mut stats = SessionStats::new(scratch.data(), id);
        record(&mut stats, &[("Bash", true)]);
        assert!(is_safe(&stats.path(), &scratch.data()));
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
