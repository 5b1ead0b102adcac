//! `Pending`: each path is in exactly one batch.

use crate::clock::Clocked;
use crate::meeting::{granted_to_two, scratch};
use crate::mortal::{Mortal, die_at_each_call};
use crate::parts::{PATHS, PATHS_IN_A_ROW, path, patient, told};
use crate::workers::Worker;
use hookstate::guard::{Added, Batch, Pending};
use hookstate::kernel::Kernel;
use hookstate::strategy::Flock;
use hookstate::{STATE_BYTES_MAX, Store};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

const PRODUCERS: usize = 8;
const WITHIN: Duration = Duration::from_secs(60);
const MICROSECOND: Duration = Duration::from_micros(1);

fn queue<K: Kernel>(directory: &Path, kernel: K) -> Pending<Flock, K> {
    let store = Store::with(directory, "queue", Flock, kernel).lock_timeout(Duration::ZERO);
    Pending::over(store).confirm_within(WITHIN)
}

fn add<K: Kernel>(queue: &Pending<Flock, K>, path: &str) -> Added {
    queue.add(path).expect("nothing is wrong").value
}

fn take<K: Kernel>(queue: &Pending<Flock, K>) -> Vec<PathBuf> {
    queue.take(100).expect("nothing is wrong").value
}

fn take_to_confirm<K: Kernel>(queue: &Pending<Flock, K>, most: usize) -> Option<Batch> {
    let outcome = queue.take_to_confirm(most);
    outcome.expect("nothing is wrong").value
}

fn confirm<K: Kernel>(queue: &Pending<Flock, K>, batch: Batch) -> bool {
    queue.confirm(batch).expect("nothing is wrong").value
}

/// Whether each of the paths was handed out exactly once, and nothing else.
fn each_once(handed_out: &[PathBuf], paths: &[PathBuf]) -> Result<(), String> {
    let mut times: BTreeMap<&PathBuf, usize> = paths.iter().map(|path| (path, 0)).collect();
    for path in handed_out {
        *times.entry(path).or_default() += 1;
    }
    times.retain(|path, times| *times != 1 || !paths.contains(path));
    match times.is_empty() {
        true => Ok(()),
        false => Err(format!("not once: {times:?}")),
    }
}

fn all_paths() -> Vec<PathBuf> {
    let all = (0..PRODUCERS).flat_map(|producer| (0..PATHS).map(move |nth| path(producer, nth)));
    all.collect()
}

#[test]
fn two_takers_take_each_path_of_eight_producers_exactly_once() {
    let scratch = scratch();
    let mut takers: Vec<Worker> = (0..2)
        .map(|number| Worker::start("taker", scratch.path(), number))
        .collect();
    let producers: Vec<Worker> = (0..PRODUCERS)
        .map(|number| Worker::start("producer", scratch.path(), number))
        .collect();
    for _ in 0..PATHS / PATHS_IN_A_ROW {
        for producer in &producers {
            producer.expect("more");
            takers.iter_mut().for_each(|taker| taker.say("more"));
        }
    }
    for producer in producers {
        producer.finish();
    }
    let said = takers.into_iter().flat_map(Worker::finish);
    let handed_out: Vec<PathBuf> = said.map(|line| told(&line)).collect();
    each_once(&handed_out, &all_paths()).expect("each path once");
}

/// The control of the test above.
#[test]
fn two_takers_that_look_in_one_window_and_remove_in_another_take_the_same_paths() {
    let scratch = scratch();
    let queue = Pending::over(patient(scratch.path(), "queue"));
    let paths: Vec<PathBuf> = (0..5).map(|nth| path(0, nth)).collect();
    for path in &paths {
        assert_eq!(queue.add(path).expect("an answer").value, Added::New);
    }
    let mut takers: Vec<Worker> = (0..2)
        .map(|number| Worker::start("looking-taker", scratch.path(), number))
        .collect();
    takers.iter().for_each(|taker| taker.expect("ready"));
    takers.iter_mut().for_each(|taker| taker.say("go"));
    let said = takers.into_iter().flat_map(Worker::finish);
    let handed_out: Vec<PathBuf> = said.map(|line| told(&line)).collect();
    assert_eq!(handed_out.len(), 2 * paths.len());
    each_once(&handed_out, &paths).expect_err("each was taken twice");
}

#[test]
fn one_of_two_takes_a_path_wherever_they_meet() {
    let one_path = |directory: &Path, clock: &Clocked| {
        assert_eq!(add(&queue(directory, clock.clone()), "a"), Added::New);
    };
    let sums = granted_to_two(one_path, |directory, kernel| {
        Ok(queue(directory, kernel).take(1)?.value.len())
    });
    assert_eq!(sums.keys().copied().collect::<Vec<_>>(), [1]);
    let sums = granted_to_two(one_path, |directory, kernel| {
        let batch = queue(directory, kernel).take_to_confirm(1)?.value;
        Ok(batch.map_or(0, |batch| batch.paths().len()))
    });
    assert_eq!(sums.keys().copied().collect::<Vec<_>>(), [1]);
}

#[test]
fn a_path_of_two_that_add_it_is_queued_once_wherever_they_meet() {
    let sums = granted_to_two(
        |_, _| {},
        |directory, kernel| {
            let added = queue(directory, kernel).add("a")?.value;
            Ok(usize::from(added == Added::New))
        },
    );
    assert_eq!(sums.keys().copied().collect::<Vec<_>>(), [1]);
}

#[test]
fn paths_come_out_in_the_order_of_their_first_arrival() {
    let (scratch, clock) = (scratch(), Clocked::new());
    let queue = queue(scratch.path(), clock);
    for (path, added) in [
        ("c", Added::New),
        ("a", Added::New),
        ("c", Added::Merged),
        ("b", Added::New),
        ("a", Added::Merged),
    ] {
        assert_eq!(add(&queue, path), added);
    }
    let two = queue.take(2).expect("nothing is wrong").value;
    assert_eq!(two, ["c", "a"].map(PathBuf::from));
    assert_eq!(add(&queue, "c"), Added::New);
    assert_eq!(take(&queue), ["b", "c"].map(PathBuf::from));
    assert!(take(&queue).is_empty());
}

#[test]
fn paths_of_any_bytes_come_out_as_they_went_in() {
    let (scratch, clock) = (scratch(), Clocked::new());
    let queue = queue(scratch.path(), clock);
    // The third is no UTF-8.
    let paths: Vec<PathBuf> = [path(0, 1), path(0, 2), path(0, 3), "a\nb".into(), "".into()].into();
    for path in &paths {
        assert_eq!(queue.add(path).expect("an answer").value, Added::New);
    }
    assert_eq!(take(&queue), paths);
}

#[test]
fn a_batch_that_is_not_confirmed_goes_back_to_the_front_when_its_time_is_up() {
    let (scratch, clock) = (scratch(), Clocked::new());
    let queue = queue(scratch.path(), clock.clone());
    for path in ["a", "b", "c", "d"] {
        assert_eq!(add(&queue, path), Added::New);
    }
    let slow = take_to_confirm(&queue, 2).expect("there are four");
    assert_eq!(slow.paths(), [Path::new("a"), Path::new("b")]);
    // A change after the batch was taken: it is to be dealt with again.
    assert_eq!(add(&queue, "b"), Added::New);
    clock.advance(WITHIN - MICROSECOND);
    let quick = take_to_confirm(&queue, 1).expect("there are three");
    assert_eq!(quick.paths(), [Path::new("c")]);
    clock.advance(MICROSECOND);
    assert_eq!(take(&queue), ["a", "b", "d"].map(PathBuf::from));
    assert!(!confirm(&queue, slow), "it went back");
    assert!(confirm(&queue, quick.clone()));
    assert!(!confirm(&queue, quick), "it is gone already");
    clock.advance(WITHIN);
    assert!(take(&queue).is_empty());
}

#[test]
fn a_batch_goes_back_at_most_one_time_limit_later_when_the_clock_is_set_back() {
    let (scratch, clock) = (scratch(), Clocked::new());
    let queue = queue(scratch.path(), clock.clone());
    assert_eq!(add(&queue, "a"), Added::New);
    let _lost = take_to_confirm(&queue, 1).expect("there is one");
    clock.set_back(1_000 * WITHIN);
    assert!(take(&queue).is_empty());
    clock.advance(WITHIN);
    assert_eq!(take(&queue), ["a"].map(PathBuf::from));
}

#[test]
fn a_full_queue_says_so_and_counts_what_is_to_be_confirmed() {
    let (scratch, clock) = (scratch(), Clocked::new());
    let queue = queue(scratch.path(), clock).paths_max(2);
    assert_eq!(add(&queue, "a"), Added::New);
    assert_eq!(add(&queue, "b"), Added::New);
    assert_eq!(add(&queue, "a"), Added::Merged);
    assert_eq!(add(&queue, "c"), Added::Full);
    let batch = take_to_confirm(&queue, 1).expect("there are two");
    assert_eq!(add(&queue, "c"), Added::Full);
    assert!(confirm(&queue, batch));
    assert_eq!(add(&queue, "c"), Added::New);
    assert_eq!(take(&queue), ["b", "c"].map(PathBuf::from));
}

#[test]
fn a_thousand_paths_fit_unless_told_otherwise() {
    let scratch = scratch();
    let queue = Pending::over(patient(scratch.path(), "queue"));
    let file = scratch.path().join("queue.pending.json");
    let there: Vec<String> = (1..1_000).map(|nth| nth.to_string()).collect();
    let state = serde_json::json!({ "queue": there });
    std::fs::write(&file, state.to_string()).expect("write");
    assert_eq!(queue.add("last").expect("room").value, Added::New);
    assert_eq!(queue.add("more").expect("an answer").value, Added::Full);
    // As many of the longest that there are, of the bytes that take the most room in JSON.
    std::fs::write(&file, "").expect("write");
    let longest = OsString::from_vec(vec![b'\xff'; 4095]);
    assert_eq!(queue.add(longest).expect("room").value, Added::New);
    let bytes = std::fs::metadata(&file).expect("the file").len();
    assert!(1_000 * bytes < STATE_BYTES_MAX, "{bytes} bytes");
}

#[test]
fn the_batch_of_a_process_that_was_killed_is_given_to_another() {
    let scratch = scratch();
    let queue = Pending::over(patient(scratch.path(), "queue"));
    assert_eq!(queue.add("a").expect("an answer").value, Added::New);
    let taker = Worker::start("slow-taker", scratch.path(), 0);
    assert_eq!(told(&taker.hear()), Path::new("a"));
    taker.kill();
    assert!(take(&queue).is_empty(), "its time is not up yet");
    let impatient = queue.confirm_within(Duration::ZERO);
    assert_eq!(take(&impatient), ["a"].map(PathBuf::from));
}

/// What a process had done before it was killed, and what was handed out in the end.
#[derive(Default)]
struct Done {
    added: Vec<PathBuf>,
    handed_out: Vec<PathBuf>,
}

/// Lets a process die at each of its calls while it adds two paths and then takes them. Another takes
/// what is left when all times are up.
fn handed_out_in_spite_of_death(
    taking: impl Fn(&Pending<Flock, Mortal>, &mut Vec<PathBuf>),
    judge: impl Fn(&Done) -> Result<(), String>,
) -> Result<(), String> {
    die_at_each_call(
        |_| (scratch(), RefCell::<Done>::default()),
        |(scratch, done): &(TempDir, RefCell<Done>), kernel| {
            let queue = queue(scratch.path(), kernel);
            for path in ["a", "b"] {
                assert_eq!(add(&queue, path), Added::New);
                done.borrow_mut().added.push(path.into());
            }
            taking(&queue, &mut done.borrow_mut().handed_out);
        },
        |(scratch, done), clock| {
            clock.advance(WITHIN);
            let left = take(&queue(scratch.path(), clock.clone()));
            done.borrow_mut().handed_out.extend(left);
            judge(&done.borrow())
        },
    )
}

fn taking_at_once(queue: &Pending<Flock, Mortal>, handed_out: &mut Vec<PathBuf>) {
    handed_out.extend(take(queue));
}

fn taking_to_confirm(queue: &Pending<Flock, Mortal>, handed_out: &mut Vec<PathBuf>) {
    let batch = take_to_confirm(queue, 100).expect("there are two");
    handed_out.extend(batch.paths().into_iter().map(Path::to_owned));
    assert!(confirm(queue, batch));
}

fn at_most_once(done: &Done) -> Result<(), String> {
    let mut paths = done.handed_out.clone();
    paths.sort();
    match paths.windows(2).find(|two| two[0] == two[1]) {
        None => Ok(()),
        Some(twice) => Err(format!("{} twice", twice[0].display())),
    }
}

fn at_least_once(done: &Done) -> Result<(), String> {
    match done
        .added
        .iter()
        .find(|path| !done.handed_out.contains(path))
    {
        None => Ok(()),
        Some(never) => Err(format!("{} never", never.display())),
    }
}

#[test]
fn what_is_taken_at_once_is_handed_out_at_most_once_wherever_the_taker_dies() {
    handed_out_in_spite_of_death(taking_at_once, at_most_once).expect("at most once");
}

#[test]
fn what_is_taken_to_confirm_is_handed_out_at_least_once_wherever_the_taker_dies() {
    handed_out_in_spite_of_death(taking_to_confirm, at_least_once).expect("at least once");
}

/// The controls of the two tests above: each way of taking breaks the promise of the other.
#[test]
fn neither_way_of_taking_keeps_the_promise_of_the_other() {
    let lost = handed_out_in_spite_of_death(taking_at_once, at_least_once);
    assert!(lost.expect_err("a batch is lost").ends_with("a never"));
    let twice = handed_out_in_spite_of_death(taking_to_confirm, at_most_once);
    assert!(twice.expect_err("a batch comes twice").ends_with("a twice"));
}
