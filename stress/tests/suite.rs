//! Suites: a program is caught or not, its repaired twin is accused or not, and a case that makes no
//! sense is named.
#![expect(
    clippy::disallowed_methods,
    reason = "the tests of a tool that works on real files"
)]

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// Reads, and writes what it has read and its token: whoever comes in between is overwritten.
const LOSSY: &str =
    "t=$(cat {dir}/s 2>/dev/null); sleep 0.01; echo $t {token} | tr ' ' '\\n' >{dir}/s";
const RIGHT: &str = "echo {token} >>{dir}/s";

/// A suite with one case, of these two lines for sh.
fn suite(seen: &str, repaired: &str, catches: &str) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let command = |line: &str| serde_json::to_string(&["sh", "-c", line]).unwrap();
    let text = format!(
        "number = 3\nname = \"lossy\"\npattern = \"p\"\nlost = \"l\"\nneeds = \"n\"\nprocs = 3\n\
         iters = 3\nexpect-tokens = \"{{dir}}/s:lines\"\nseen = {}\nrepaired = {}\n\
         catches = \"{catches}\"\n",
        command(seen),
        command(repaired),
    );
    std::fs::create_dir(directory.path().join("one")).unwrap();
    std::fs::write(directory.path().join("one/case.toml"), text).unwrap();
    directory
}

fn run(directory: &Path, words: &[&str]) -> Output {
    let scratch = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_stress"))
        .arg("suite")
        .arg(directory)
        .args(words)
        .env_remove("NO_COLOR")
        .env("TMPDIR", scratch.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let left = std::fs::read_dir(scratch.path()).unwrap().count();
    assert_eq!(left, 0, "{output:?}");
    output
}

/// The exit code, and the only case of the report.
fn judged(suite: &TempDir) -> (Option<i32>, Value) {
    let words = ["--duration=500ms", "--twin-duration=100ms", "--format=json"];
    let output = run(suite.path(), &words);
    let report: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    assert_eq!(report["schema"], "hookstate-stress-suite/1");
    assert_eq!(
        report["exit_code"].as_i64(),
        output.status.code().map(i64::from)
    );
    (output.status.code(), report["cases"][0].clone())
}

#[test]
fn a_program_is_caught_and_its_twin_is_not_accused() {
    let (code, case) = judged(&suite(LOSSY, RIGHT, "free"));
    assert_eq!(
        (code, &case["ending"]),
        (Some(0), &"caught".into()),
        "{case}"
    );
    assert_eq!(case["repaired"]["status"], "exact");
    let evidence = case["seen"]["evidence"].to_string();
    assert!(evidence.contains("is lost"), "{evidence}");
}

#[test]
fn a_twin_that_loses_something_is_accused_and_can_be_run_again() {
    let suite = suite(RIGHT, LOSSY, "free");
    let (code, case) = judged(&suite);
    assert_eq!(
        (code, &case["ending"]),
        (Some(10), &"accused".into()),
        "{case}"
    );
    let again = case["repaired"]["again"].as_str().unwrap();
    assert!(
        again.starts_with("cd ") && again.contains(" && stress --procs 3"),
        "{again}"
    );
    assert!(!again.contains("--dir"), "{again}");
    let human = run(suite.path(), &["--duration=500ms", "--twin-duration=100ms"]);
    let text = String::from_utf8(human.stdout).unwrap();
    assert!(text.contains("ACCUSED  3 lossy"), "{text}");
    assert!(text.contains("repaired again: cd "), "{text}");
    assert!(
        text.contains("0 of 1 caught, 1 repaired twin accused"),
        "{text}"
    );
}

#[test]
fn a_program_that_is_not_caught_is_missed_unless_it_takes_an_explorer() {
    let (code, case) = judged(&suite(RIGHT, RIGHT, "free"));
    assert_eq!(
        (code, &case["ending"]),
        (Some(11), &"missed".into()),
        "{case}"
    );
    let (code, case) = judged(&suite(RIGHT, RIGHT, "explorer"));
    assert_eq!((code, &case["ending"]), (Some(0), &"left".into()), "{case}");
}

#[test]
fn a_program_that_never_succeeds_says_nothing() {
    let (code, case) = judged(&suite("exit 3", RIGHT, "free"));
    assert_eq!(
        (code, &case["ending"]),
        (Some(11), &"inconclusive".into()),
        "{case}"
    );
    assert!(
        case["seen"]["evidence"][0]
            .as_str()
            .unwrap()
            .contains("no command was acknowledged")
    );
}

#[test]
fn what_makes_no_sense_is_named() {
    let suite = suite(LOSSY, RIGHT, "often");
    let output = run(suite.path(), &[]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains("one/case.toml: ") && text.contains("often"),
        "{text}"
    );
}

#[test]
fn a_case_is_chosen_by_name_or_number_and_an_unknown_one_is_told_what_there_is() {
    let suite = suite(LOSSY, RIGHT, "free");
    for word in ["3", "lossy"] {
        let output = run(suite.path(), &[word, "--twin-duration=1ms"]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    }
    let output = run(suite.path(), &["4"]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text, "error: there is no case '4'; there are lossy\n");
}

/// Each kind of them: in Python, sh and Node; judged by tokens, and by a check of its own.
#[test]
fn programs_of_the_project_are_caught() {
    let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/programs");
    let words = [
        "no-lock",
        "create-race",
        "timeout-ignored",
        "counted-then-added",
        "single-slot",
    ];
    let output = run(&programs, &[&words[..], &["--twin-duration=1ms"]].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(
        text.contains("5 of 5 caught, no repaired twin accused"),
        "{text}"
    );
}
