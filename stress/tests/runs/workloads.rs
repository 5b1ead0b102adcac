//! The workloads other than the usual one: their strategies are exact, and each of their controls is
//! caught.

use crate::program::{lines_of, stdout, stress, stress_in};
use serde_json::Value;

fn assert_exact(words: &str, lines: usize, outcome: &str) {
    let output = stress(&format!("{words} --no-control"));
    let exact = lines_of(&output, "EXACT");
    assert_eq!(exact.len(), lines, "{output:?}");
    assert!(
        exact.iter().all(|line| line.ends_with(outcome)),
        "{exact:?}"
    );
    assert_eq!(output.status.code(), Some(0));
}

/// The line under that of the control, which has the first piece of evidence.
fn evidence_against(words: &str) -> String {
    let output = stress(&format!("{words} --shape loop"));
    assert_eq!(lines_of(&output, "CAUGHT").len(), 1, "{output:?}");
    assert_eq!(output.status.code(), Some(0));
    let text = stdout(&output);
    let mut lines = text.lines().skip_while(|line| !line.contains("CAUGHT"));
    lines.nth(1).expect("a piece of evidence").trim().to_owned()
}

#[test]
fn every_call_is_in_one_result_of_a_finalizing_loop_or_left_in_the_file() {
    assert_exact("--workload stats --iters 30", 2, "expected 240 got 240");
}

#[test]
fn every_task_is_removed_or_left_and_announced_once_in_every_strategy() {
    assert_exact(
        "--workload tasks --procs 4 --iters 8",
        6,
        "expected 32 got 32",
    );
}

#[test]
fn they_are_exact_when_they_sync() {
    let power = "--durability power --procs 3 --iters 5 --shape loop";
    assert_exact(
        &format!("--workload stats {power}"),
        1,
        "expected 15 got 15",
    );
    assert_exact(
        &format!("--workload tasks {power}"),
        3,
        "expected 15 got 15",
    );
}

#[test]
fn a_finalize_that_reads_in_one_window_and_takes_in_another_is_caught() {
    let evidence = evidence_against("--workload stats --strategy finalize-in-steps");
    assert!(
        evidence.starts_with("total: expected 800 got "),
        "{evidence}"
    );
}

#[test]
fn statistics_without_a_lock_are_caught() {
    evidence_against("--workload stats --strategy no-lock");
}

#[test]
fn a_check_that_writes_back_its_snapshot_is_caught() {
    let evidence = evidence_against("--workload tasks --strategy snapshot-held --iters 10");
    assert!(evidence.contains("the task p"), "{evidence}");
}

#[test]
fn every_store_that_loses_updates_loses_tasks() {
    for control in ["unlocked", "create-race", "rename-stale-lock"] {
        let words = format!("--workload tasks --strategy {control} --iters 10");
        evidence_against(&words);
    }
}

/// The canary of each workload: a change that was acknowledged and never made.
#[test]
fn a_change_that_is_acknowledged_and_not_made_is_a_violation() {
    for (workload, evidence) in [
        ("stats", "p2: expected 4 got 3"),
        (
            "tasks",
            "reader: the task p2 #03 is gone, which nobody removed",
        ),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let words = format!(
            "--workload {workload} --strategy flock --no-control --procs 3 --iters 4 --shape loop \
             --inject 2:3:lie"
        );
        let output = stress_in(directory.path(), &words);
        let violated = lines_of(&output, "VIOLATED");
        assert!(
            violated[0].ends_with("expected 12 got 11, 1 lost"),
            "{output:?}"
        );
        let text = stdout(&output);
        assert!(text.contains(evidence), "{text}");
        assert!(text.contains(&format!(" --workload {workload} ")), "{text}");
        assert_eq!(output.status.code(), Some(10));
    }
}

#[test]
fn a_lane_that_dies_makes_it_inconclusive_and_no_violation() {
    for workload in ["stats", "tasks"] {
        for shape in ["loop", "fresh"] {
            let output = stress(&format!(
                "--workload {workload} --strategy flock --no-control --procs 3 --iters 8 \
                 --shape {shape} --inject 2:6:die"
            ));
            assert_eq!(lines_of(&output, "INCONCLUSIVE").len(), 1, "{output:?}");
            assert!(
                stdout(&output).contains("p2 was killed by signal 9"),
                "{output:?}"
            );
            assert_eq!(output.status.code(), Some(11));
        }
    }
}

#[test]
fn the_report_for_programs_names_the_workload() {
    let output = stress("--workload tasks --strategy rename --no-control --iters 3 --format json");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["settings"]["workload"], "tasks");
    assert_eq!(report["conclusion"], "exact");
    assert!(report["runs"][0]["reads"].as_u64().unwrap() > 0, "{report}");
}
