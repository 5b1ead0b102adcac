//! Random calls of three processes get the same answers from both kernels, and leave the same files
//! and the same locks.
//!
//! Of `modified` it is compared that there is an answer, and not which. Time passes on the host whatever
//! is called, and a file system stamps with a clock that stands still for some milliseconds, so that two
//! changes can have the same time there or not, as it happens. What can be said of that time is a fact:
//! `contents::a_file_was_modified_when_its_content_was_last_changed`.
//!
//! How many calls are compared on each file system is [`CALLS`], or what the environment variable
//! `HOOKSTATE_CONFORMANCE_CALLS` says:
//!
//! ```text
//! HOOKSTATE_CONFORMANCE_CALLS=1000000 cargo test --release -p hookstate-model --test conformance \
//!     random:: -- --nocapture
//! ```
//!
//! Run so on Linux 6.18, x86-64, as root, it compared 1,000,008 calls in 51,245 sequences on tmpfs
//! and 1,000,015 calls in 51,396 sequences on ext4, and found no difference. Both together took
//! 86 seconds of processor time.

use crate::act::{Turn, turns};
use crate::answer::Answer;
#[cfg(target_os = "linux")]
use crate::host::Tmpfs;
use crate::host::{Disk, Place, Real};
use crate::player::Player;
use crate::world::{Simulated, World, faults_as_on};
use hookstate::kernel::Errno;
use proptest::strategy::Strategy;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestCaseError, TestError, TestRng, TestRunner};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt::{self, Debug};

/// Enough for an ordinary run, which is to take a few seconds without optimisation.
const CALLS: u64 = 10_000;

#[cfg(target_os = "linux")]
#[test]
fn the_simulated_kernel_answers_as_the_host_does_on_tmpfs() {
    compare_many::<Tmpfs>();
}

#[test]
fn the_simulated_kernel_answers_as_the_host_does_on_the_disk() {
    compare_many::<Disk>();
}

fn compare_many<P: Place>() {
    let wanted = calls_wanted();
    let faults = faults_as_on(&Real::<P>::new());
    let (calls, sequences) = (Cell::new(0), Cell::new(0));
    let mut runner = TestRunner::new(config());
    while calls.get() < wanted {
        let compared = run_one(&mut runner, |turns| {
            let compared = compare(turns, Simulated::under(faults), Real::<P>::new())?;
            calls.set(calls.get() + compared);
            Ok(())
        });
        compared.unwrap_or_else(|difference| panic!("{difference}"));
        sequences.set(sequences.get() + 1);
    }
    let (calls, sequences) = (calls.get(), sequences.get());
    println!(
        "{calls} calls in {sequences} sequences compared on {}, in {}",
        P::NAME,
        P::directory().display()
    );
}

/// A comparison of calls that all fail in the same way would say little.
#[test]
fn the_random_turns_reach_every_sort_of_answer() {
    let (mut failed, mut succeeded) = (BTreeSet::new(), BTreeSet::new());
    let mut runner = reproducible_runner();
    for _ in 0..1_000 {
        let sequence = turns().new_tree(&mut runner).expect("nothing is rejected");
        let mut player = Player::new(Simulated::new());
        for turn in sequence.current() {
            match player.play(&turn) {
                Answer::Nothing => {}
                Answer::Failed(errno) => drop(failed.insert(errno.raw_os_error())),
                Answer::Waits => drop(succeeded.insert("Waits".to_owned())),
                _ => drop(succeeded.insert(turn.act.sort())),
            }
        }
    }
    for errno in ERRORS {
        assert!(failed.contains(&errno.raw_os_error()), "{errno}");
    }
    for sort in SORTS {
        assert!(succeeded.contains(*sort), "{sort} not in {succeeded:?}");
    }
}

/// What a call can be answered on a kernel with nothing broken.
const ERRORS: &[Errno] = &[
    Errno::BADF,
    Errno::EXIST,
    Errno::INVAL,
    Errno::ISDIR,
    Errno::LOOP,
    Errno::NOENT,
    Errno::NOTDIR,
    Errno::NOTEMPTY,
    #[cfg(target_os = "linux")]
    Errno::SPIPE,
    Errno::WOULDBLOCK,
];

const SORTS: &[&str] = &[
    "Append",
    "Close",
    "Dup",
    "Exchange",
    "Fallocate",
    "Fdatasync",
    "Flock",
    "Fork",
    "Fstat",
    "Fstatfs",
    "Fsync",
    "Ftruncate",
    "Kill",
    "KillWriting",
    "List",
    "Mkdir",
    "Modified",
    "Open",
    "Plant",
    "Pread",
    "Pwrite",
    "Rename",
    "Stat",
    "Unlink",
    "Waits",
];

fn calls_wanted() -> u64 {
    match std::env::var("HOOKSTATE_CONFORMANCE_CALLS") {
        Ok(number) => number
            .parse()
            .expect("HOOKSTATE_CONFORMANCE_CALLS is a number of calls"),
        Err(_) => CALLS,
    }
}

/// Plays the turns on a kernel and on one that it should be like, and gives the number of calls.
pub(crate) fn compare(
    turns: &[Turn],
    claimed: impl World,
    real: impl World,
) -> Result<u64, Difference> {
    let (mut claimed, mut real) = (Player::new(claimed), Player::new(real));
    let mut calls = 0;
    for (step, turn) in turns.iter().enumerate() {
        let at = || format!("step {step}, {turn:?}");
        let answer = same(&at, claimed.play(turn), real.play(turn))?;
        let at = || format!("which files are the same after step {step}, {turn:?}");
        same(&at, claimed.sameness(), real.sameness())?;
        calls += u64::from(answer != Answer::Nothing);
    }
    same(&|| "the end".to_owned(), claimed.end(), real.end())?;
    Ok(calls)
}

/// Where two kernels differ.
#[derive(Debug)]
pub(crate) struct Difference(String);

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Difference> for TestCaseError {
    fn from(difference: Difference) -> Self {
        Self::fail(difference.0)
    }
}

fn same<T: PartialEq + Debug>(
    at: &dyn Fn() -> String,
    claimed: T,
    real: T,
) -> Result<T, Difference> {
    if claimed == real {
        return Ok(claimed);
    }
    let at = at();
    Err(Difference(format!(
        "at {at}\n  claimed: {claimed:?}\n  in fact: {real:?}\n"
    )))
}

/// One random sequence, shrunk if it shows a difference.
pub(crate) fn run_one(
    runner: &mut TestRunner,
    test: impl Fn(&[Turn]) -> Result<(), Difference>,
) -> Result<(), TestError<Vec<Turn>>> {
    let sequence = turns().new_tree(runner).expect("nothing is rejected");
    let outcome = runner.run_one(sequence, |turns| test(&turns).map_err(TestCaseError::from));
    match outcome {
        Err(TestError::Fail(reason, turns)) => {
            Err(TestError::Fail(reason, without_the_needless(turns, test)))
        }
        other => other.map(|_| ()),
    }
}

/// proptest takes turns away before it makes the others simpler. Some can only be spared after that.
fn without_the_needless(
    mut turns: Vec<Turn>,
    test: impl Fn(&[Turn]) -> Result<(), Difference>,
) -> Vec<Turn> {
    while let Some(shorter) = (0..turns.len())
        .map(|left_out| without(&turns, left_out))
        .find(|shorter| test(shorter).is_err())
    {
        turns = shorter;
    }
    turns
}

fn without(turns: &[Turn], left_out: usize) -> Vec<Turn> {
    let (before, after) = turns.split_at(left_out);
    before.iter().chain(&after[1..]).cloned().collect()
}

/// The same sequences each time, for those that must find something.
pub(crate) fn reproducible_runner() -> TestRunner {
    let config = config();
    let rng = TestRng::deterministic_rng(config.rng_algorithm);
    TestRunner::new_with_rng(config, rng)
}

fn config() -> Config {
    Config {
        max_shrink_iters: 20_000,
        failure_persistence: None,
        ..Config::default()
    }
}
