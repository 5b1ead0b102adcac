//! The histories in `testdata`: the folder says the verdict, and a snapshot has the words.

use hookstate_history::{Limits, Verdict, check_file};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// What the inconclusive ones run into, if it is a limit.
const LIMITS: Limits = Limits {
    time: std::time::Duration::from_secs(600),
    memory_bytes: 4 << 20,
};

fn histories(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("testdata")
        .join(folder);
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("it can be read").path())
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

fn verdicts(folder: &str, is_it: impl Fn(&Verdict) -> bool) -> String {
    let mut told = String::new();
    for file in histories(folder) {
        let verdict = check_file(&file, &LIMITS).unwrap_or_else(|error| panic!("{error:?}"));
        assert!(is_it(&verdict), "{}: {verdict}", file.display());
        let name = file.file_stem().expect("it has a name").display();
        writeln!(told, "{name}\n    {verdict}").expect("a string takes it");
    }
    told
}

#[test]
fn exact_histories_are_exact() {
    verdicts("exact", |verdict| *verdict == Verdict::Exact);
}

#[test]
fn violated_histories_are_violated_and_those_at_fault_are_named() {
    let told = verdicts("violated", |verdict| {
        matches!(verdict, Verdict::Violated { .. })
    });
    insta::assert_snapshot!(told);
}

#[test]
fn inconclusive_histories_say_why() {
    let told = verdicts("inconclusive", |verdict| {
        matches!(verdict, Verdict::Inconclusive { .. })
    });
    insta::assert_snapshot!(told);
}
