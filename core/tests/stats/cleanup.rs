//! Removing what was left behind, and nothing else.

use crate::scratch::{Scratch, record};
use hookstate::kernel::{Call, Errno, Host, Watched, Watcher, Way};
use hookstate::stats::{STALE_AFTER_DEFAULT, cleanup_stale, cleanup_stale_on};
use std::fs::{self, File, FileTimes};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3_600);

/// Lets the file look as if it was last changed so long ago.
fn age(path: &Path, by: Duration) {
    let file = File::options().write(true).open(path).expect("open");
    let modified = file
        .metadata()
        .and_then(|stat| stat.modified())
        .expect("stat");
    let times = FileTimes::new().set_modified(modified - by);
    file.set_times(times).expect("utimes");
}

fn removed(scratch: &Scratch, age: Duration) -> Vec<String> {
    let cleaned = cleanup_stale(scratch.data(), age).expect("a directory");
    assert!(cleaned.errors.is_empty(), "{:?}", cleaned.errors);
    let names = cleaned
        .removed
        .iter()
        .map(|path| path.file_name().expect("a name"));
    names
        .map(|name| name.to_string_lossy().into_owned())
        .collect()
}

const OURS: &str = r#"{"session_id": "old", "started_at": 1.5, "tool_count": 3, "error_count": 0, "tool_names": {"Bash": 3}}"#;

fn plant(scratch: &Scratch, name: &str, text: &str) {
    let path = scratch.path(name);
    fs::write(&path, text).expect("write");
    age(&path, 25 * HOUR);
}

#[test]
fn stale_files_of_both_programs_go_with_their_journals() {
    let scratch = Scratch::new();
    let mut stats = scratch.stats();
    for number in 0..300 {
        let _ = stats
            .record_tool_call(&format!("some-tool-{number}"), true)
            .expect("a record");
    }
    let _ = stats.flush().expect("a flush");
    plant(&scratch, "session.with.dots.json", OURS);
    plant(&scratch, "blank.json", OURS);
    age(&scratch.file(), 23 * HOUR);
    assert_eq!(
        removed(&scratch, STALE_AFTER_DEFAULT),
        ["blank.json", "session.with.dots.json"]
    );
    assert_eq!(scratch.names(), ["m.json", "m.json.journal"]);
    assert_eq!(removed(&scratch, 22 * HOUR), ["m.json"]);
    assert!(scratch.names().is_empty());
    record(&mut stats, &[("Bash", true)]);
    assert_eq!(
        stats.read().expect("a file").value.tool_count(),
        1,
        "and it begins anew"
    );
}

#[test]
fn what_finalize_leaves_goes_too() {
    let scratch = Scratch::new();
    record(&mut scratch.stats(), &[("Bash", true)]);
    let _ = scratch.stats().finalize().expect("a result");
    age(&scratch.file(), 25 * HOUR);
    assert_eq!(removed(&scratch, STALE_AFTER_DEFAULT), ["m.json"]);
}

#[test]
fn a_change_makes_a_stale_file_fresh() {
    let scratch = Scratch::new();
    record(&mut scratch.stats(), &[("Bash", true)]);
    age(&scratch.file(), 25 * HOUR);
    record(&mut scratch.stats(), &[("Bash", true)]);
    assert!(removed(&scratch, STALE_AFTER_DEFAULT).is_empty());
}

#[test]
fn nothing_of_others_is_touched() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.data()).expect("mkdir");
    let others = [
        ("settings.json", r#"{"session_id": "m", "theme": "dark"}"#),
        ("list.json", "[1, 2, 3]"),
        ("broken.json", "{\"session_id\": "),
        ("empty.json", ""),
        (
            "numbers.json",
            r#"{"session_id": 1, "started_at": 1, "tool_count": 1, "error_count": 1, "tool_names": {}}"#,
        ),
        (
            "words.json",
            r#"{"session_id": "m", "started_at": "x", "tool_count": 1, "error_count": 1, "tool_names": {}}"#,
        ),
        ("ours.txt", OURS),
        ("ours.json.bak", OURS),
    ];
    for (name, text) in others {
        plant(&scratch, name, text);
    }
    fs::create_dir(scratch.path("directory.json")).expect("mkdir");
    let target = scratch.data().join("target");
    fs::write(&target, OURS).expect("write");
    age(&target, 25 * HOUR);
    symlink(&target, scratch.path("link.json")).expect("symlink");
    let before = scratch.names();
    assert!(removed(&scratch, STALE_AFTER_DEFAULT).is_empty());
    assert_eq!(scratch.names(), before);
    for (name, text) in others {
        assert_eq!(fs::read_to_string(scratch.path(name)).expect("read"), text);
    }
}

/// Control: the rule of the old program, everything that ends in `.json`, would take those.
#[test]
fn the_same_content_under_a_name_of_ours_is_removed() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.data()).expect("mkdir");
    plant(&scratch, "ours.json", OURS);
    assert_eq!(removed(&scratch, STALE_AFTER_DEFAULT), ["ours.json"]);
}

#[test]
fn a_file_whose_lock_somebody_has_is_in_use() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.data()).expect("mkdir");
    plant(&scratch, "m.json", OURS);
    let held = File::open(scratch.file()).expect("open");
    rustix::fs::flock(&held, rustix::fs::FlockOperation::LockShared).expect("the lock");
    assert!(removed(&scratch, STALE_AFTER_DEFAULT).is_empty());
    drop(held);
    assert_eq!(removed(&scratch, STALE_AFTER_DEFAULT), ["m.json"]);
}

/// As those of other users are.
#[test]
fn a_file_that_may_not_be_opened_is_left_alone_without_a_word() {
    struct Refuses;
    impl Watcher for Refuses {
        fn before(&self, call: &Call<'_>) -> Way {
            match call {
                Call::Open { .. } => Way::Fail(Errno::ACCESS),
                _ => Way::Through,
            }
        }
    }
    let scratch = Scratch::new();
    fs::create_dir(scratch.data()).expect("mkdir");
    plant(&scratch, "m.json", OURS);
    let kernel = Watched::new(Host, Refuses);
    let cleaned = cleanup_stale_on(&kernel, scratch.data(), HOUR).expect("a directory");
    assert!(
        cleaned.removed.is_empty() && cleaned.errors.is_empty(),
        "{cleaned:?}"
    );
    assert_eq!(removed(&scratch, HOUR), ["m.json"]);
}

#[test]
fn a_directory_that_is_not_there_has_nothing_in_it() {
    let scratch = Scratch::new();
    assert!(removed(&scratch, STALE_AFTER_DEFAULT).is_empty());
    assert!(!scratch.data().exists());
    fs::write(scratch.data(), "").expect("write");
    cleanup_stale(scratch.data(), HOUR).expect_err("it is a file");
}
