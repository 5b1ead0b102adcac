//! Hunting for what shows only now and then: when rounds end, what is told of them, and whether what
//! was found can be shown again.
#![expect(
    clippy::disallowed_methods,
    reason = "the tests of a tool that works on real files"
)]

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// Leaves its token, always.
const KEEPS: &str = "echo {token} >>{dir}/log";

/// Loses one in the third round and in no other.
const LOSES_IN_ROUND_3: &str = "[ {token} = r3-p1-1 ] || echo {token} >>{dir}/log";

/// Loses one in every round.
const LOSES: &str = "[ {proc}{iter} = 12 ] || echo {token} >>{dir}/log";

fn stress(place: &Path, words: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stress"));
    command
        .args(words.split_whitespace())
        .arg("--dir")
        .arg(place)
        .env_remove("NO_COLOR")
        .env_remove("COLUMNS")
        .stdin(Stdio::null());
    command
}

fn of_shell(place: &Path, words: &str, line: &str) -> Command {
    let mut command = stress(place, words);
    command.args(["--procs=2", "--iters=2", "--expect-tokens={dir}/log:lines"]);
    command.args(["--", "sh", "-c", line]);
    command
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Runs it, and asserts that it came to this.
fn came_to(mut command: Command, code: i32) -> Output {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    output
}

fn kept(output: &Output) -> PathBuf {
    let text = text(output);
    let kept = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("kept in "));
    kept.unwrap_or_else(|| panic!("nothing is kept: {text}"))
        .into()
}

fn repro(round: &Path, words: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stress"));
    command.arg("--repro").arg(round);
    command.args(words.split_whitespace()).stdin(Stdio::null());
    command
}

fn place() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn rounds_go_on_until_one_of_a_command_fails_and_it_is_shown_again() {
    let place = place();
    let output = came_to(of_shell(place.path(), "--until-failure", LOSES), 10);
    let round = kept(&output);
    assert!(text(&output).contains("in round 1\n"), "{output:?}");
    assert!(round.join("files/log").is_file());
    let story = std::fs::read(round.join("run.json")).unwrap();
    let story: Value = serde_json::from_slice(&story).unwrap();
    assert_eq!(story["schema"], "hookstate-stress-round/1");
    assert_eq!(story["status"], "violated");
    assert_eq!(story["evidence"]["lost"], 1);
    let told = format!("stress --repro {}\n", round.display());
    assert!(text(&output).ends_with(&told), "{output:?}");
    let again = came_to(repro(&round, ""), 10);
    let says = "as in round 1 of seed ";
    assert!(text(&again).contains(says), "{again:?}");
    assert!(text(&again).contains("not the scheduler"), "{again:?}");
}

#[test]
fn rounds_go_on_until_one_of_a_strategy_fails_and_it_is_shown_again() {
    let place = place();
    let words = "--strategy flock,rename --no-control --procs 3 --iters 4 --shape loop \
                 --seed 7 --until-failure --inject 2:3:lie";
    let output = came_to(stress(place.path(), words), 10);
    // The first turn has ended it, and who had none is not called exact.
    assert!(text(&output).contains("VIOLATED ["), "{output:?}");
    assert!(!text(&output).contains("EXACT ["), "{output:?}");
    let round = kept(&output);
    assert!(round.join("files/stress.json").is_file());
    let again = came_to(repro(&round, "--format json"), 10);
    let report = json(&again);
    assert_eq!(report["settings"]["repro"], round.to_str().unwrap());
    assert_eq!(report["runs"][0]["rounds"], Value::Null);
    assert_eq!(report["runs"][0]["rounds_violated"], 1);
    // Without the lie nothing fails.
    let file = round.join("run.json");
    let story = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, story.replace("2:3:lie", "9:3:lie")).unwrap();
    let unseen = came_to(repro(&round, "--duration 1ms"), 11);
    assert!(
        text(&unseen).contains("what had failed was not seen again"),
        "{unseen:?}"
    );
}

/// Tokens count rounds anew, so it is the third round again that loses one; and a command that loses
/// none is what has to be told apart.
#[test]
fn what_fails_in_one_round_only_is_counted_and_is_not_seen_again() {
    let place = place();
    let words = "--rounds 5 --no-fail-fast --format json --seed 7";
    let output = came_to(of_shell(place.path(), words, LOSES_IN_ROUND_3), 10);
    let run = &json(&output)["run"];
    let counts = ["rounds_done", "rounds_violated", "rounds_inconclusive"];
    assert_eq!(counts.map(|field| run[field].as_u64().unwrap()), [5, 1, 0]);
    assert_eq!(run["evidence"]["round"], 3);
    let round = Path::new(run["kept"].as_str().unwrap());
    assert!(round.ends_with("command-0003"), "{run}");
    let rounds = round.parent().unwrap().read_dir().unwrap().count();
    assert_eq!(rounds, 1);
    // That round is the first of another seed.
    let again = run["again"].as_str().unwrap();
    assert!(!again.contains("--seed 7 "), "{again}");
    let again = came_to(repro(round, ""), 10);
    assert!(text(&again).contains("in round 3\n"), "{again:?}");
    let story = std::fs::read_to_string(round.join("run.json")).unwrap();
    let story = story.replace("r3-p1-1", "r0-p1-1");
    std::fs::write(round.join("run.json"), story).unwrap();
    let unseen = came_to(repro(round, "--duration 1ms"), 11);
    assert!(
        text(&unseen).contains("what had failed was not seen again"),
        "{unseen:?}"
    );
    assert!(
        text(&unseen).contains("command exact, not seen again\n"),
        "{unseen:?}"
    );
}

#[test]
fn the_first_failure_ends_all_rounds_unless_told_otherwise() {
    let place = place();
    let output = came_to(of_shell(place.path(), "--rounds 9", LOSES_IN_ROUND_3), 10);
    assert!(text(&output).contains("in round 3 of 9\n"), "{output:?}");
    let words = "--rounds 9 --no-fail-fast";
    let output = came_to(of_shell(place.path(), words, LOSES_IN_ROUND_3), 10);
    let line = "9 rounds, 1 violated (11.1 %), the first of them round 3\n";
    assert!(text(&output).contains(line), "{output:?}");
}

#[test]
fn what_is_exact_for_the_time_that_was_given_is_exact() {
    let place = place();
    for words in ["--duration 1ms", "--duration 1ms --until-failure"] {
        let output = came_to(of_shell(place.path(), words, KEEPS), 0);
        assert!(text(&output).contains(" 1 round\n"), "{output:?}");
    }
    let words = "--no-control --procs 2 --iters 2 --shape loop --duration 1ms --format json";
    let output = came_to(stress(place.path(), words), 0);
    let report = json(&output);
    // Nobody is exact without a round.
    for run in report["runs"].as_array().unwrap() {
        assert_eq!(run["rounds_done"], 1, "{report}");
    }
    assert_eq!(place.path().read_dir().unwrap().count(), 0);
}

#[test]
fn the_controls_of_a_hunt_come_first() {
    let place = place();
    let words = "--strategy rename --procs 4 --iters 10 --shape loop --duration 1ms";
    let output = came_to(stress(place.path(), words), 0);
    let text = text(&output);
    let at = |word: &str| text.find(word).unwrap();
    assert!(at("CAUGHT [") < at("EXACT ["), "{text}");
}

/// An endless hunt tells how far it is, and ends when it is told to.
#[test]
fn a_hunt_tells_how_far_it_is_and_ends_when_it_is_interrupted() {
    for words in [
        ["--strategy=flock", "--no-control", "--shape=loop"],
        ["--check=true", "--", "true"],
    ] {
        let place = place();
        let mut command = stress(
            place.path(),
            "--until-failure --procs 2 --iters 2 --pulse-ms 1",
        );
        let command = command.args(words);
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let told = lines.find_map(|line| {
            let line = line.unwrap();
            assert!(line.contains("s: ") && line.ends_with(" running"), "{line}");
            line.contains(" rounds, 0 violated (0 %), 2 running")
                .then_some(line)
        });
        assert!(told.is_some());
        kill_process(Pid::from_child(&child), Signal::INT).unwrap();
        // Whoever does not read it any more must not hold it up.
        drop(lines);
        let mut out = String::new();
        child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut out)
            .unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130), "{out}");
        assert!(out.contains("interrupted"), "{out}");
        assert_eq!(place.path().read_dir().unwrap().count(), 0);
    }
}

#[test]
fn a_round_of_a_command_is_run_where_it_was() {
    let (place, work) = (place(), place());
    let hook = "[ $STRESS_PROC$STRESS_ITER = 12 ] || echo $STRESS_TOKEN >>$STRESS_DIR/log";
    std::fs::write(work.path().join("hook.sh"), hook).unwrap();
    let mut command = stress(place.path(), "--procs=2 --iters=2");
    command.args(["--expect-tokens={dir}/log:lines", "--", "sh", "hook.sh"]);
    command.current_dir(work.path());
    let round = kept(&came_to(command, 10));
    came_to(repro(&round, ""), 10);
}

#[test]
fn a_directory_that_is_no_round_is_told_what_is_wrong_with_it() {
    let place = place();
    let refused = |round: &Path| {
        let output = came_to(repro(round, ""), 2);
        String::from_utf8(output.stderr).unwrap()
    };
    let said = refused(place.path());
    let file = place.path().join("run.json");
    let says = format!("error: --repro: cannot read {}: ", file.display());
    assert!(
        said.starts_with(&says) && said.contains("'kept in'"),
        "{said}"
    );
    std::fs::write(&file, "[]").unwrap();
    let said = refused(place.path());
    assert!(said.contains("is not as stress has written it"), "{said}");
}
