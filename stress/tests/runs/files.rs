//! The reports that go to files.

use crate::program::{command, names_in, stderr, stdout, stress_in};
use crate::{endless_with, interrupt};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

/// `stress` in a directory, with both files in another.
fn with_files(words: &str) -> (tempfile::TempDir, String, String) {
    let (scratch, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let words = format!("{words} {}", both_in(files.path()));
    let output = stress_in(scratch.path(), &words);
    assert!(stdout(&output).contains("Summary"), "{output:?}");
    let (junit, html) = read_both(files.path());
    (files, junit, html)
}

fn both_in(directory: &Path) -> String {
    let directory = directory.display();
    format!("--junit {directory}/stress.xml --html {directory}/stress.html")
}

/// What is in the files, which are all that there is.
fn read_both(directory: &Path) -> (String, String) {
    let mut names = names_in(directory);
    names.sort();
    assert_eq!(names, ["stress.html", "stress.xml"]);
    let read = |name| std::fs::read_to_string(directory.join(name)).unwrap();
    (read("stress.xml"), read("stress.html"))
}

#[test]
fn a_lost_update_is_drawn_with_both_of_its_sides() {
    let (_files, junit, html) = with_files("--strategy unlocked --procs 8 --iters 40 --shape loop");
    assert!(
        junit.contains(r#"<testcase name="unlocked loop""#),
        "{junit}"
    );
    assert!(junit.contains(r#"failures="0" errors="0""#), "{junit}");
    assert_eq!(html.matches(r#"<g class="side">"#).count(), 2, "{html}");
}

#[test]
fn a_violation_is_a_failure_for_a_ci_system() {
    let words = "--strategy flock,rename --no-control --procs 3 --iters 4 --shape loop";
    let (_files, junit, html) = with_files(&format!("{words} --inject 2:3:lie"));
    assert!(
        junit.contains(r#"tests="2" skipped="0" failures="2" errors="0""#),
        "{junit}"
    );
    assert!(junit.contains("expected 12 got 11, 1 lost"), "{junit}");
    assert!(
        html.contains("<h2>VIOLATED flock, loop: expected 12 got 11, 1 lost</h2>"),
        "{html}"
    );
    assert_eq!(html.matches(r#"<svg class="latency""#).count(), 2);
}

#[test]
fn the_files_are_written_after_an_interruption_too() {
    let (scratch, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (child, _errors) = endless_with(scratch.path(), &both_in(files.path()));
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let (junit, html) = read_both(files.path());
    assert!(
        junit.contains(r#"tests="1" skipped="0" failures="0" errors="1""#),
        "{junit}"
    );
    assert!(html.contains("<strong>interrupted</strong>"), "{html}");
}

/// It has the name that was given, and not that of the file which becomes it.
fn cannot_write(path: &Path) -> String {
    let why = "No such file or directory (os error 2)";
    format!("error: cannot write {}: {why}\n", path.display())
}

#[test]
fn a_file_that_cannot_be_written_is_told_before_anything_runs() {
    let (scratch, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let nowhere = files.path().join("nowhere/stress.xml");
    let words = format!("--no-control --junit {}", nowhere.display());
    let output = stress_in(scratch.path(), &words);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout(&output), "");
    assert_eq!(stderr(&output), cannot_write(&nowhere));
}

#[test]
fn a_run_that_fails_leaves_the_files_as_they_were() {
    let (scratch, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let old = files.path().join("stress.xml");
    std::fs::write(&old, "old").unwrap();
    let words = format!(
        "--strategy flock --no-control --procs 2 --iters 2 --junit {}",
        old.display()
    );
    let mut command = command(scratch.path(), &words);
    let output = command.stdout(crate::full()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(std::fs::read_to_string(&old).unwrap(), "old");
    assert_eq!(names_in(files.path()), ["stress.xml"]);
}

/// `stress` of this command, with both files in a directory.
fn with_files_of(files: &Path, words: &str, line: &str) -> (Command, tempfile::TempDir) {
    let scratch = tempfile::tempdir().unwrap();
    let words = format!("--procs 3 --iters 4 {words} {}", both_in(files));
    let mut command = command(scratch.path(), &words);
    command.args(["--expect-tokens={dir}/log:lines", "--", "sh", "-c", line]);
    (command, scratch)
}

#[test]
fn a_command_that_loses_an_update_is_drawn_with_both_at_fault() {
    // Each first waits for two to be there, so these two run at the same time; one leaves nothing.
    let fork = "echo stress: read 41 wrote 42; : >{dir}/{proc}; \
                until [ -e {dir}/1 ] && [ -e {dir}/2 ]; do :; done; \
                [ {token} = r1-p1-1 ] || echo {token} >>{dir}/log";
    for (line, label) in [(fork, "41→42"), (fork.split_once("; ").unwrap().1, "#01")] {
        let files = tempfile::tempdir().unwrap();
        let (mut command, _scratch) = with_files_of(files.path(), "", line);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(10), "{output:?}");
        let (junit, html) = read_both(files.path());
        assert!(
            junit.contains(r#"tests="1" skipped="0" failures="1" errors="0""#),
            "{junit}"
        );
        assert!(junit.contains("expected 12 got 11, 1 lost"), "{junit}");
        assert_eq!(html.matches(r#"<g class="side">"#).count(), 2, "{html}");
        assert!(html.contains(&format!(">{label}</text>")), "{html}");
        assert_eq!(html.matches(r#"<svg class="latency""#).count(), 1);
    }
}

#[test]
fn the_files_of_a_command_are_written_after_an_interruption_too() {
    let files = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    let fifo = outside.path().join("fifo");
    assert!(
        Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    let line = format!("echo x >{}; sleep 600", fifo.display());
    let (mut command, _scratch) = with_files_of(files.path(), "--timeout 1000", &line);
    let child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut told = String::new();
    let mut fifo = BufReader::new(File::open(fifo).unwrap());
    fifo.read_line(&mut told).unwrap();
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    let (junit, html) = read_both(files.path());
    assert!(junit.contains(r#"failures="0" errors="1""#), "{junit}");
    assert!(html.contains("<strong>interrupted</strong>"), "{html}");
}

/// The command would leave something, if it ran.
#[test]
fn a_file_of_a_command_that_cannot_be_written_is_told_before_it_runs() {
    let files = tempfile::tempdir().unwrap();
    let nowhere = files.path().join("nowhere");
    let line = format!(": >{}/ran", files.path().display());
    let (mut command, scratch) = with_files_of(&nowhere, "", &line);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stderr(&output), cannot_write(&nowhere.join("stress.xml")));
    assert!(names_in(files.path()).is_empty() && names_in(scratch.path()).is_empty());
}

/// As other programs make them, so that others may read them.
#[test]
fn a_file_has_the_mode_of_any_other() {
    use std::os::unix::fs::PermissionsExt;
    let (files, ..) = with_files("--strategy flock --no-control --procs 2 --iters 2 --shape loop");
    let like = files.path().join("like");
    std::fs::write(&like, "").unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&files.path().join("stress.xml")), mode(&like));
}

/// A file that takes the place of a device would be the end of the device.
#[test]
fn a_pipe_and_a_link_stay_what_they_are_and_are_written_to() {
    use std::os::unix::fs::FileTypeExt;
    let (scratch, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let [pipe, link, behind] = ["pipe", "link", "behind"].map(|name| files.path().join(name));
    std::os::unix::fs::symlink("behind", &link).unwrap();
    std::fs::write(&behind, "old").unwrap();
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let mut reader = Command::new("cat");
    let reader = reader.arg(&pipe).stdout(Stdio::piped()).spawn().unwrap();
    let words = format!(
        "--strategy flock --no-control --procs 2 --iters 2 --shape loop --junit {} --html {}",
        pipe.display(),
        link.display()
    );
    let output = stress_in(scratch.path(), &words);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(std::fs::metadata(&pipe).unwrap().file_type().is_fifo());
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    let junit = stdout(&reader.wait_with_output().unwrap());
    assert!(junit.contains("<testsuite"), "{junit}");
    assert!(std::fs::read_to_string(&behind).unwrap().contains("<html"));
}

#[test]
fn a_directory_in_the_place_of_a_file_is_told_before_anything_runs() {
    let (scratch, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let words = format!("--no-control --html {}", files.path().display());
    let output = stress_in(scratch.path(), &words);
    assert_eq!(
        (output.status.code(), stdout(&output)),
        (Some(1), String::new()),
        "{output:?}"
    );
}

#[test]
fn what_was_found_is_told_though_there_is_no_room_for_the_file() {
    let scratch = tempfile::tempdir().unwrap();
    let words = "--strategy flock --no-control --procs 2 --iters 2 --junit /dev/full";
    let output = stress_in(scratch.path(), words);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("Summary"), "{output:?}");
    let told = stderr(&output);
    assert!(
        told.starts_with("error: cannot write /dev/full: "),
        "{told}"
    );
}
