//! The tasks of the program before come here once.

use crate::child::{self, Child, Part};
use crate::clock::{Clocked, HOUR, Seen, minutes};
use crate::operation::{LEGACY, legacy};
use crate::place::{Place, Tasks, claims, clean, ids, listed, tasks_in};
use hookstate::kernel::{Ceased, DieAtNth, Ending, Kernel, Watched};
use hookstate::strategy::Flock;
use hookstate::tasks::{AnnouncementState, Import, TaskId, TaskStore};
use hookstate::{ErrorKind, Outcome};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

const PROCESSES: usize = 8;

fn with_legacy() -> (Place, Clocked, Tasks) {
    let place = Place::new();
    let clock = Clocked::start();
    let tasks = place.tasks(&clock);
    fs::write(legacy(&place), LEGACY).expect("write");
    (place, clock, tasks)
}

fn both() -> [TaskId; 2] {
    ["/old/a", "/old/b"].map(TaskId::of_imported)
}

fn done(imported: usize, left_out: usize) -> Import {
    Import::Done {
        imported,
        left_out,
        evicted: Vec::new(),
    }
}

#[test]
fn the_tasks_of_the_file_go_on_and_the_file_stays_as_it_is() {
    let (place, clock, tasks) = with_legacy();
    assert_eq!(clean(tasks.import(legacy(&place), 0)), done(2, 0));
    let found = listed(&tasks);
    assert_eq!(
        found.iter().map(|task| task.id.clone()).collect::<Vec<_>>(),
        both()
    );
    assert_eq!(found[0].cwd, Path::new("/old/a"));
    assert_eq!([found[0].age, found[1].age], [minutes(1); 2]);
    let waited = |index: usize| found[index].started.duration_since(found[index].added);
    assert_eq!(waited(0).ok(), Some(minutes(4)));
    let said: Vec<_> = found[1]
        .announcements
        .iter()
        .map(|(age, said)| (*age, said.clone()))
        .collect();
    let sent = [6, 10].map(|age| (minutes(age), AnnouncementState::Sent));
    assert_eq!(said, sent);
    clock.advance(minutes(10));
    let claimed: Vec<_> = claims(&tasks)
        .iter()
        .map(|claim| (claim.id().clone(), claim.after()))
        .collect();
    assert_eq!(
        claimed,
        [(both()[0].clone(), minutes(10))],
        "of the other it was announced"
    );
    assert_eq!(fs::read_to_string(legacy(&place)).expect("read"), LEGACY);
}

#[test]
fn a_task_that_was_removed_does_not_come_back_with_another_import() {
    let (place, _clock, tasks) = with_legacy();
    assert_eq!(clean(tasks.import(legacy(&place), 0)), done(2, 0));
    assert!(clean(tasks.remove(&both()[0])));
    for _ in 0..3 {
        assert_eq!(clean(tasks.import(legacy(&place), 0)), Import::Before);
    }
    assert_eq!(ids(&tasks), both()[1..]);
    // The file is not looked at any more.
    fs::remove_file(legacy(&place)).expect("unlink");
    assert_eq!(clean(tasks.import(legacy(&place), 0)), Import::Before);
}

#[test]
fn the_offset_tells_when_the_tasks_were_started() {
    let (place, clock, tasks) = with_legacy();
    clock.set_back(2 * HOUR);
    assert_eq!(clean(tasks.import(legacy(&place), 2 * 3600)), done(2, 0));
    assert_eq!(listed(&tasks)[0].age, minutes(1));
}

#[test]
fn a_task_of_the_other_side_of_a_clock_change_is_not_in_the_future() {
    let (place, clock, tasks) = with_legacy();
    assert_eq!(clean(tasks.import(legacy(&place), -3600)), done(2, 0));
    assert_eq!(listed(&tasks)[0].age, minutes(0));
    clock.advance(8 * HOUR);
    assert_eq!(ids(&tasks), []);
}

#[test]
fn a_task_that_is_too_old_or_that_a_session_has_is_left_out() {
    let (place, clock, tasks) = with_legacy();
    let own = TaskId::of_session("s");
    clean(tasks.add_or_reset(&own, "/old/a"));
    assert_eq!(clean(tasks.import(legacy(&place), 0)), done(1, 1));
    assert_eq!(ids(&tasks), [own, both()[1].clone()]);
    let (place, clock_of_other, tasks) = with_legacy();
    drop(clock);
    clock_of_other.advance(8 * HOUR);
    assert_eq!(clean(tasks.import(legacy(&place), 0)), done(0, 2));
    assert_eq!(clean(tasks.import(legacy(&place), 0)), Import::Before);
}

#[test]
fn the_task_of_a_session_takes_the_place_of_the_imported_one_and_that_of_an_agent_does_not() {
    let (place, _clock, tasks) = with_legacy();
    assert_eq!(clean(tasks.import(legacy(&place), 0)), done(2, 0));
    let agent = TaskId::of_agent("s", "a");
    clean(tasks.add_or_reset(&agent, "/old/a"));
    assert_eq!(ids(&tasks).len(), 3);
    let own = TaskId::of_session("s");
    clean(tasks.add_or_reset(&own, "/old/a"));
    assert_eq!(ids(&tasks), [own, agent, both()[1].clone()]);
}

#[test]
fn what_is_not_understood_changes_nothing_and_is_looked_at_again() {
    let place = Place::new();
    let tasks = place.tasks(&Clocked::start());
    let file = legacy(&place);
    assert_eq!(clean(tasks.import(&file, 0)), Import::NoFile);
    let half = &LEGACY[..LEGACY.len() / 2];
    let wrong_time = LEGACY.replace("2026-08-22 13:44:09", "NaN-NaN-NaN NaN:NaN:NaN");
    let wrong_index = LEGACY.replace("[6, 10]", "[6, -10]");
    for content in [
        "",
        "{}",
        "[]",
        "null",
        "\0\0\0\0",
        r#"{"tasks": []}"#,
        r#"{"tasks": {"/old/a": 1}}"#,
        r#"{"tasks": {"/old/a": {}}}"#,
        half,
        &wrong_time,
        &wrong_index,
    ] {
        fs::write(&file, content).expect("write");
        let import = clean(tasks.import(&file, 0));
        assert!(
            matches!(import, Import::NotUnderstood { .. }),
            "{content}: {import:?}"
        );
        assert_eq!(fs::read_to_string(&file).expect("read"), content);
        assert!(!place.data().exists(), "{content}");
    }
    fs::write(&file, LEGACY).expect("write");
    assert_eq!(clean(tasks.import(&file, 0)), done(2, 0));
}

#[test]
fn what_is_no_plain_file_of_reasonable_size_is_refused() {
    let place = Place::new();
    let tasks = place.tasks(&Clocked::start());
    let file = legacy(&place);
    let kind = || {
        tasks
            .import(&file, 0)
            .map(|_| ())
            .expect_err("refused")
            .kind()
    };
    fs::create_dir(&file).expect("mkdir");
    assert_eq!(kind(), ErrorKind::NotAStateFile);
    fs::remove_dir(&file).expect("rmdir");
    std::os::unix::fs::symlink("/dev/zero", &file).expect("symlink");
    assert_eq!(kind(), ErrorKind::NotAStateFile);
    fs::remove_file(&file).expect("unlink");
    fs::write(&file, vec![b' '; 2 << 20]).expect("write");
    assert_eq!(kind(), ErrorKind::TooLarge);
    assert!(!place.data().exists());
}

/// The import whose marker is a file of its own: the control.
fn import_with_a_marker_beside<K: Kernel>(
    tasks: &TaskStore<Flock, K>,
    directory: &Path,
    between: impl FnOnce(),
) -> Import {
    let marker = directory.join("imported");
    if marker.exists() {
        return Import::Before;
    }
    between();
    for id in both() {
        clean(tasks.add_or_reset(&id, "/old"));
    }
    fs::write(marker, "").expect("write");
    done(2, 0)
}

/// How many of eight processes that start at once make the import.
fn imported_by_eight(test: &str, part: &str) -> usize {
    let (place, clock, tasks) = with_legacy();
    let start = |_| Child::of(test, part, place.root(), clock.now_ms());
    let mut children: Vec<Child> = (0..PROCESSES).map(start).collect();
    for child in &mut children {
        child.says("ready");
    }
    for child in &mut children {
        child.go_on();
    }
    let made = |mut child: Child| {
        let word = child.word();
        child.ends();
        usize::from(word == "made")
    };
    let count = children.into_iter().map(made).sum();
    assert_eq!(ids(&tasks), both());
    count
}

fn import_in_a_child(part: &Part) {
    let root = &part.directory;
    let tasks = tasks_in(&root.join("data"), Flock, Clocked::at(part.now_ms));
    let ready = || {
        child::say("ready");
        child::wait();
    };
    let import = if part.name == "marker beside" {
        import_with_a_marker_beside(&tasks, root, ready)
    } else {
        ready();
        clean(tasks.import(root.join(".claude-notifier-timer.json"), 0))
    };
    let words = [(done(2, 0), "made"), (Import::Before, "before")];
    let word = words.iter().find(|(known, _)| *known == import);
    child::say(word.map_or("something else", |(_, word)| word));
}

#[test]
fn of_many_processes_that_start_at_once_one_makes_the_import() {
    if let Some(part) = child::part() {
        return import_in_a_child(&part);
    }
    let test = "import::of_many_processes_that_start_at_once_one_makes_the_import";
    for _ in 0..5 {
        assert_eq!(imported_by_eight(test, "marker inside"), 1);
    }
    let caught = imported_by_eight(test, "marker beside");
    assert_eq!(caught, PROCESSES, "the control was not caught");
}

/// Kills the import at each of its calls in turn. What had come by then is removed; what another
/// import brings must not be that.
fn nothing_comes_twice(
    import: impl Fn(&TaskStore<Flock, Seen<DieAtNth>>, &Place) -> Import,
) -> Result<usize, String> {
    for nth in 0.. {
        let (place, clock, _) = with_legacy();
        let tasks = |nth| {
            let dies = DieAtNth::new(nth, Ending::Unwind);
            place.tasks_with(Flock, Watched::new(clock.clone(), dies))
        };
        let first = tasks(nth);
        let ended = catch_unwind(AssertUnwindSafe(|| import(&first, &place)));
        if let Err(payload) = &ended {
            assert!(payload.is::<Ceased>(), "nothing else is wrong");
        }
        let next = tasks(usize::MAX);
        let came = ids(&next);
        for id in &came {
            assert!(clean(next.remove(id)));
        }
        import(&next, &place);
        let again = ids(&next);
        if came.len() + again.len() != 2 || again.iter().any(|id| came.contains(id)) {
            return Err(format!(
                "killed at call {nth}: first {came:?}, then {again:?}"
            ));
        }
        if ended.is_ok() {
            return Ok(nth);
        }
    }
    unreachable!("an import makes a finite number of calls")
}

#[test]
fn an_import_that_is_killed_at_any_call_is_made_once_all_the_same() {
    let kills = nothing_comes_twice(|tasks, place| clean(tasks.import(legacy(place), 0)));
    assert!(kills.expect("nothing comes twice") >= 10);
    let caught =
        nothing_comes_twice(|tasks, place| import_with_a_marker_beside(tasks, place.root(), || ()));
    assert!(caught.is_err(), "the control was not caught");
}

#[test]
fn a_damaged_state_is_reported_by_the_import_that_begins_anew() {
    let (place, _clock, tasks) = with_legacy();
    fs::create_dir(place.data()).expect("mkdir");
    fs::write(tasks.path(), "damaged").expect("write");
    let outcome: Outcome<Import> = tasks.import(legacy(&place), 0).expect("it begins anew");
    assert_eq!(outcome.value, done(2, 0));
    assert!(outcome.recovery.is_some());
    assert_eq!(place.given_up().len(), 1);
}
