//! Many processes, and systems that permit few.

use crate::program::{lines_of, stderr, stdout};
use std::process::{Command, Output};

/// `stress` in a shell that has set its limits before.
fn limited(limits: &str, words: &str) -> Output {
    let scratch = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_stress");
    let line = format!(
        "{limits} && exec {program} --dir {} {words}",
        scratch.path().display()
    );
    Command::new("sh").args(["-c", &line]).output().unwrap()
}

#[test]
fn a_soft_limit_is_raised_to_what_the_processes_need() {
    let output = limited(
        "ulimit -Sn 40",
        "--strategy flock --no-control --procs 24 --iters 2 --shape loop",
    );
    assert_eq!(lines_of(&output, "EXACT").len(), 1, "{output:?}");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_hard_limit_that_is_too_low_is_named_before_anything_runs() {
    let output = limited("ulimit -n 200", "--strategy flock --no-control --procs 512");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout(&output), "");
    let text = "error: --procs 512 needs 2600 open files, and RLIMIT_NOFILE is 200: ";
    assert!(stderr(&output).starts_with(text), "{output:?}");
}

#[test]
fn five_hundred_processes_lose_nothing() {
    let output = limited(
        "true",
        "--strategy append-log --no-control --procs 512 --iters 1 --shape loop --lock-timeout 60000 --timeout 600",
    );
    assert!(
        stdout(&output).contains("expected 512 got 512"),
        "{output:?}"
    );
    assert_eq!(output.status.code(), Some(0));
}

/// The lists for --check are the first that it writes here. For a command the limit is what it was.
#[test]
fn a_limit_on_the_size_of_files_is_an_error_and_ends_only_the_command() {
    let words = "--procs 1 --iters 1 --check true -- true";
    let output = limited("ulimit -f 0", words);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text = "error: cannot write the files for --check: File too large";
    assert!(stderr(&output).starts_with(text), "{output:?}");

    let words = "--procs 1 --iters 1 --max-fail 1 --expect-tokens {dir}/y:lines \
                 -- sh -c 'echo x >$STRESS_DIR/x'";
    let output = limited("ulimit -f 0", words);
    assert_eq!(output.status.code(), Some(11), "{output:?}");
    assert!(stdout(&output).contains("signal 25 (once)"), "{output:?}");
}
