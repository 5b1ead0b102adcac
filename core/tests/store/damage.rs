//! Damage from outside: any bytes in any file. Nothing panics, nothing is lost in silence, and what
//! is given up is kept as it was found.

use crate::directory::{Scratch, Snapshot, corpses};
use crate::ledger::{Change, Ledger};
use crate::log_format::Log;
use crate::machine::Machine;
use crate::watchers::DiesWriting;
use hookstate::kernel::{
    Access, Ceased, DieAtNth, Ending, Errno, FailNth, Fault, Host, Kernel, OpenHow, Watched,
    Watcher,
};
use hookstate::strategy::{ALL, AnyStrategy, Strategy};
use hookstate::{ErrorKind, Outcome, Recovery, STATE_BYTES_MAX, Store};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::Strategy as Generator;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The most damaged versions that are kept of one file.
const CORPSES_MAX: usize = 8;

fn store<S: Strategy>(scratch: &Scratch, strategy: S) -> Store<Ledger, S> {
    Store::with(scratch.store(), "state", strategy, Host)
}

fn prepared<S: Strategy + Copy>(strategy: S, history: &[Change]) -> Scratch {
    let scratch = Scratch::new();
    for change in history {
        let _clean = change
            .made_in(&store(&scratch, strategy))
            .expect("nothing is wrong");
    }
    scratch
}

/// Which states there are to damage: of less than a page, of more, of either after the other.
pub fn histories() -> [Vec<Change>; 4] {
    use Change::{Add, Put, Remove};
    let small = Put { key: 1, bytes: 20 };
    let large = Put {
        key: 2,
        bytes: 9_000,
    };
    let add = Add {
        key: 3,
        key_bytes: 0,
    };
    [
        vec![small, add],
        vec![small, large],
        vec![large, add, add],
        vec![small, large, Remove { key: 2 }, add],
    ]
}

/// The next change: of each size, by `locked_modify` and by `apply`.
pub fn next_changes() -> [Change; 3] {
    [
        Change::Put { key: 4, bytes: 50 },
        Change::Put {
            key: 4,
            bytes: 9_000,
        },
        Change::Add {
            key: 4,
            key_bytes: 0,
        },
    ]
}

/// What the bytes of a data file mean, by the documentation.
enum Meaning {
    /// A whole state.
    State(Ledger),
    /// Damage, and what is left of the state.
    Damage(Ledger),
}

fn meaning<S: Strategy>(strategy: S, bytes: &[u8], history: &[Change]) -> Meaning {
    let plain = serde_json::from_slice(bytes);
    match (strategy.name(), plain) {
        ("append-log", _) => {
            let log = Log::of(bytes);
            match log.damaged {
                0 => Meaning::State(log.sum),
                _ => Meaning::Damage(log.sum),
            }
        }
        (_, Ok(state)) => Meaning::State(state),
        // A file that was created and never written, or only lengthened with spaces. That a peer has
        // truncated it cannot be told from that, which is a gap: see
        // `an_emptied_file_of_flock_is_taken_for_a_new_one`.
        ("flock", _) if bytes.iter().all(|byte| b" \n".contains(byte)) => {
            Meaning::State(Ledger::default())
        }
        ("flock", _) => Meaning::Damage(Ledger::default()),
        // The spare is the version before.
        ("rename", _) => Meaning::Damage(Ledger::of(&history[..history.len() - 1])),
        (other, _) => unreachable!("{other} is new here"),
    }
}

/// Puts `damaged` into the data file, reads, makes a change, reads again, and compares all with
/// what the bytes mean.
pub fn nothing_is_lost_in_silence<S: Strategy + Copy>(
    strategy: S,
    history: &[Change],
    damaged: &[u8],
    change: &Change,
) -> Result<(), TestCaseError> {
    let scratch = prepared(strategy, history);
    let data = store(&scratch, strategy).path();
    fs::write(&data, damaged)?;
    let before = Snapshot::of(scratch.root());
    let read = store(&scratch, strategy).read();
    prop_assert_eq!(
        Snapshot::of(scratch.root()),
        before,
        "reading changed a file"
    );
    let outcome = change.made_in(&store(&scratch, strategy))?;
    match meaning(strategy, damaged, history) {
        Meaning::State(state) => {
            let read = read?;
            prop_assert_eq!((&read.value, read.recovery), (&state, None));
            let after = store(&scratch, strategy).read()?;
            prop_assert_eq!((outcome.recovery, after.recovery), (None, None));
            prop_assert_eq!(after.value, state.after(change));
            prop_assert_eq!(corpses(&scratch.store()), Vec::<PathBuf>::new());
        }
        Meaning::Damage(rest) => {
            says_so(strategy, read, damaged)?;
            is_repaired(
                &scratch,
                strategy,
                damaged,
                rest.after(change),
                outcome.recovery,
            )?;
        }
    }
    Ok(())
}

/// A read of damage is an error or says what it left out. The unfinished end of a log is the
/// exception: a reader takes no lock, so to it that is a record which is just being appended.
fn says_so<S: Strategy>(
    strategy: S,
    read: hookstate::Result<Outcome<Ledger>>,
    damaged: &[u8],
) -> Result<(), TestCaseError> {
    let log = Log::of(damaged);
    match read {
        Err(error) => prop_assert_eq!(error.kind(), ErrorKind::Corrupt),
        Ok(read) => {
            prop_assert_eq!(strategy.name(), "append-log");
            prop_assert!(!log.base_lost, "it passed off a log without its base");
            let skipped = matches!(read.recovery, Some(Recovery::Skipped { .. }));
            prop_assert!(skipped || log.only_unfinished, "{:?}", read);
            prop_assert_eq!(&read.value, &log.sum);
        }
    }
    Ok(())
}

/// The state is what was left of it and the change, the damage was reported, and its bytes are in
/// a file of their own. An append to a log does not look at what is before it; a reader then
/// reports the damage, and the next change that replaces the log keeps it.
fn is_repaired<S: Strategy + Copy>(
    scratch: &Scratch,
    strategy: S,
    damaged: &[u8],
    mut expected: Ledger,
    mut reported: Option<Recovery>,
) -> Result<(), TestCaseError> {
    if moved_to(reported.as_ref()).is_none() {
        prop_assert_eq!(strategy.name(), "append-log");
        says_what_is_left(store(scratch, strategy).read(), &expected)?;
        let replacing = Change::Put { key: 5, bytes: 5 };
        reported = replacing.made_in(&store(scratch, strategy))?.recovery;
        expected = expected.after(&replacing);
    }
    let after = store(scratch, strategy).read()?;
    prop_assert_eq!((&after.value, after.recovery), (&expected, None));
    let all_lost = strategy.name() != "append-log" || Log::of(damaged).base_lost;
    let skipped = matches!(reported, Some(Recovery::Skipped { .. }));
    prop_assert_eq!(skipped, !all_lost, "{:?}", reported);
    let moved_to = moved_to(reported.as_ref())
        .ok_or_else(|| TestCaseError::fail("it does not say where the damage is kept"))?;
    let kept = fs::read(&moved_to)?;
    // An append to a log may have come before it was replaced.
    prop_assert!(
        kept.starts_with(damaged),
        "what was kept is not what was found"
    );
    prop_assert!(kept.len() == damaged.len() || strategy.name() == "append-log");
    prop_assert_eq!(corpses(&scratch.store()), vec![moved_to]);
    Ok(())
}

/// A read of a log that has grown behind the damage.
fn says_what_is_left(
    read: hookstate::Result<Outcome<Ledger>>,
    expected: &Ledger,
) -> Result<(), TestCaseError> {
    match read {
        // Without its base it is no state.
        Err(error) => prop_assert_eq!(error.kind(), ErrorKind::Corrupt),
        Ok(read) => {
            let skipped = matches!(read.recovery, Some(Recovery::Skipped { .. }));
            prop_assert!(skipped, "the damage was not reported");
            prop_assert_eq!(&read.value, expected);
        }
    }
    Ok(())
}

fn moved_to(recovery: Option<&Recovery>) -> Option<PathBuf> {
    match recovery? {
        Recovery::Restored { moved_to } | Recovery::MovedAside { moved_to } => {
            Some(moved_to.clone())
        }
        Recovery::Skipped { moved_to, .. } => moved_to.clone(),
        _ => None,
    }
}

/// What happens to a file.
#[derive(Clone, Debug)]
enum Damage {
    Replaced(Vec<u8>),
    Text(String),
    Truncated {
        to: prop::sample::Index,
    },
    Flipped {
        bit: prop::sample::Index,
    },
    Zeroed {
        from: prop::sample::Index,
        bytes: usize,
    },
    Overwritten {
        at: prop::sample::Index,
        with: Vec<u8>,
    },
    Appended(Vec<u8>),
    /// A page of an older version, as a disk that lost a write has it.
    OldPage,
}

impl Damage {
    fn of(&self, good: &[u8], older: &[u8]) -> Vec<u8> {
        let mut bytes = good.to_vec();
        let end = bytes.len();
        match self {
            Self::Replaced(other) => bytes.clone_from(other),
            Self::Text(other) => bytes = other.clone().into_bytes(),
            Self::Truncated { to } => bytes.truncate(to.index(end + 1)),
            Self::Flipped { bit } => {
                let bit = bit.index(end * 8);
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
            Self::Zeroed { from, bytes: count } => {
                let from = from.index(end);
                bytes[from..end.min(from + count)].fill(0);
            }
            Self::Overwritten { at, with } => {
                let at = at.index(end);
                bytes.splice(at..end.min(at + with.len()), with.iter().copied());
            }
            Self::Appended(more) => bytes.extend_from_slice(more),
            Self::OldPage => {
                let page = 4096.min(older.len()).min(end);
                bytes[..page].copy_from_slice(&older[..page]);
            }
        }
        bytes
    }
}

fn any_damage() -> impl Generator<Value = Damage> {
    let index = any::<prop::sample::Index>;
    let some = || vec(any::<u8>(), 0..300);
    prop_oneof![
        2 => vec(any::<u8>(), 0..9_000).prop_map(Damage::Replaced),
        1 => any::<String>().prop_map(Damage::Text),
        1 => "[\\[\\]{}:,\"0-9 \n]{0,40}".prop_map(Damage::Text),
        4 => index().prop_map(|to| Damage::Truncated { to }),
        4 => index().prop_map(|bit| Damage::Flipped { bit }),
        2 => (index(), 1_usize..5_000).prop_map(|(from, bytes)| Damage::Zeroed { from, bytes }),
        2 => (index(), some()).prop_map(|(at, with)| Damage::Overwritten { at, with }),
        2 => some().prop_map(Damage::Appended),
        1 => Just(Damage::Appended(vec![0; 100])),
        1 => Just(Damage::OldPage),
    ]
}

fn any_strategy() -> impl Generator<Value = AnyStrategy> {
    prop::sample::select(ALL.to_vec())
}

/// The data file as the history leaves it, and as it was one change before.
fn good(strategy: AnyStrategy, history: &[Change]) -> (Vec<u8>, Vec<u8>) {
    let [newest, older] = [history, &history[..history.len() - 1]].map(|history| {
        let scratch = prepared(strategy, history);
        fs::read(store(&scratch, strategy).path()).expect("a data file")
    });
    (newest, older)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_damage_to_a_data_file_is_noticed_and_kept(
        strategy in any_strategy(),
        history in prop::sample::select(histories().to_vec()),
        damage in any_damage(),
        change in prop::sample::select(next_changes().to_vec()),
    ) {
        let (newest, older) = good(strategy, &history);
        let damaged = damage.of(&newest, &older);
        nothing_is_lost_in_silence(strategy, &history, &damaged, &change)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 100,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_bytes_in_an_auxiliary_file_change_nothing(
        history in prop::sample::select(histories().to_vec()),
        damage in any_damage(),
        change in prop::sample::select(next_changes().to_vec()),
    ) {
        for (strategy, file) in auxiliary_files() {
            let scratch = prepared(strategy, &history);
            let path = scratch.store().join(file);
            let found = fs::read(&path).unwrap_or_else(|_| vec![0; 5_000]);
            // So that there is something to damage in the lock file, too.
            let found = if found.is_empty() { vec![0; 10] } else { found };
            fs::write(&path, damage.of(&found, &found))?;
            let read = store(&scratch, strategy).read()?;
            let mut expected = Ledger::of(&history);
            prop_assert_eq!((&read.value, read.recovery), (&expected, None));
            for change in [&change, &next_changes()[1], &next_changes()[0]] {
                expected = expected.after(change);
                let outcome = change.made_in(&store(&scratch, strategy))?;
                let read = store(&scratch, strategy).read()?;
                prop_assert_eq!((&read.value, read.recovery), (&expected, None));
                prop_assert_eq!(outcome.recovery, None);
            }
            prop_assert_eq!(corpses(&scratch.store()), Vec::<PathBuf>::new());
        }
    }
}

fn auxiliary_files() -> [(AnyStrategy, &'static str); 4] {
    let [flock, log, rename] = ALL;
    [
        (flock, "state.json.journal"),
        (log, "state.log.spare"),
        (rename, "state.rename.json.spare"),
        (rename, "state.rename.json.lock"),
    ]
}

#[test]
fn every_flipped_bit_of_a_short_file_is_noticed_unless_the_file_is_still_a_state() {
    let history = [
        Change::Put { key: 1, bytes: 3 },
        Change::Add {
            key: 3,
            key_bytes: 0,
        },
    ];
    for strategy in ALL {
        let (newest, _) = good(strategy, &history);
        let written = newest.trim_ascii_end().len() + 1;
        for bit in 0..written * 8 {
            let mut damaged = newest.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let change = &next_changes()[bit % 3];
            nothing_is_lost_in_silence(strategy, &history, &damaged, change)
                .unwrap_or_else(|error| panic!("{strategy:?}, bit {bit}: {error}"));
        }
    }
}

#[test]
fn a_file_of_another_shape_is_noticed_and_kept() {
    let deep = "[".repeat(100_000);
    let deep_and_closed = format!("{deep}{}", "]".repeat(100_000));
    let deep_inside = format!(r#"{{"texts":{deep_and_closed},"totals":{{}}}}"#);
    let shapes: [&[u8]; 18] = [
        b"{}",
        b"[]",
        b"null",
        b"0",
        b"\"text\"",
        b" ",
        b"\n\n\n",
        b"\0",
        &[0; 4096],
        &[0; 10_000],
        &[0xff; 10_000],
        b"\xef\xbb\xbf{\"texts\":{},\"totals\":{}}",
        br#"{"texts":[],"totals":{}}"#,
        br#"{"texts":{},"totals":{"a":-1}}"#,
        br#"{"texts":{},"totals":{}} {"texts":{},"totals":{}}"#,
        deep.as_bytes(),
        deep_and_closed.as_bytes(),
        deep_inside.as_bytes(),
    ];
    for strategy in ALL {
        for shape in shapes {
            for history in histories() {
                nothing_is_lost_in_silence(strategy, &history, shape, &next_changes()[0])
                    .unwrap_or_else(|error| {
                        let shown = shape[..shape.len().min(50)].escape_ascii();
                        panic!("{strategy:?}: {shown}: {error}")
                    });
            }
        }
    }
}

#[test]
fn white_space_around_a_state_is_no_damage() {
    for strategy in ALL {
        let history = &histories()[1];
        let (newest, _) = good(strategy, history);
        for space in ["\n", " \n", "    ", "\n\n\n\n"] {
            let padded = [&newest[..], space.as_bytes()].concat();
            let is_state = matches!(meaning(strategy, &padded, history), Meaning::State(_));
            // A line of spaces is no record of a log; newlines are.
            assert!(is_state || strategy.name() == "append-log" && space.contains(' '));
            for change in next_changes() {
                nothing_is_lost_in_silence(strategy, history, &padded, &change).unwrap();
            }
        }
    }
}

#[test]
fn an_emptied_file_of_flock_is_taken_for_a_new_one() {
    let [flock, log, rename] = ALL;
    let history = &histories()[0];
    let change = &next_changes()[0];
    for strategy in [flock, log, rename] {
        nothing_is_lost_in_silence(strategy, history, b"", change).unwrap();
        // Only the data file of `rename` is never empty, so that only there it is damage. A
        // creation that is killed before the first write leaves an empty file in the others.
        let is_damage = matches!(meaning(strategy, b"", history), Meaning::Damage(_));
        assert_eq!(is_damage, strategy == rename);
    }
}

#[test]
fn a_file_too_large_to_be_a_state_is_refused_and_left_alone() {
    for (strategy, most) in ALL.into_iter().zip([1, 3, 1]) {
        let history = &histories()[0];
        let scratch = prepared(strategy, history);
        let path = store(&scratch, strategy).path();
        let size = most * STATE_BYTES_MAX + 1;
        // Sparse: it takes no room.
        let how = OpenHow::existing(Access::ReadWrite);
        let file = Host.open(&path, how).expect("open");
        Host.ftruncate(&file, size).expect("truncate");
        let names = crate::directory::names(&scratch.store());
        let store = store(&scratch, strategy);
        for error in [
            store.read().map(|_| ()).expect_err("too large"),
            next_changes()[0]
                .made_in(&store)
                .map(|_| ())
                .expect_err("too large"),
            next_changes()[2]
                .made_in(&store)
                .map(|_| ())
                .expect_err("too large"),
        ] {
            assert_eq!(error.kind(), ErrorKind::TooLarge, "{strategy:?}");
            assert_eq!(error.path(), path);
        }
        assert_eq!(fs::metadata(&path).expect("stat").len(), size);
        assert_eq!(crate::directory::names(&scratch.store()), names);
    }
}

#[test]
fn at_most_eight_damaged_versions_are_kept_and_the_newest_always_is() {
    for strategy in ALL {
        let scratch = prepared(strategy, &histories()[0]);
        let store = store(&scratch, strategy);
        for round in 0..2 * CORPSES_MAX {
            let damage = format!("damage {round}");
            fs::write(store.path(), &damage).expect("write");
            let outcome = next_changes()[0].made_in(&store).expect("a change");
            let kept = moved_to(outcome.recovery.as_ref()).expect("it says where");
            assert_eq!(fs::read_to_string(kept).expect("read"), damage);
            let corpses = corpses(&scratch.store());
            assert_eq!(corpses.len(), CORPSES_MAX.min(round + 1), "{strategy:?}");
        }
        let mut kept: Vec<String> = corpses(&scratch.store())
            .iter()
            .map(|path| fs::read_to_string(path).expect("read"))
            .collect();
        kept.sort_by_key(|damage| {
            damage["damage ".len()..]
                .parse::<usize>()
                .expect("a number")
        });
        // Those from the middle have gone: the first tell where it began.
        let half = CORPSES_MAX / 2;
        let ends = (0..half).chain(2 * CORPSES_MAX - half..2 * CORPSES_MAX);
        let expected = ends.map(|round| format!("damage {round}"));
        assert_eq!(kept, expected.collect::<Vec<_>>());
    }
}

/// The names say when, by a clock that somebody can set back.
#[test]
fn what_was_just_kept_stays_even_if_the_clock_was_set_back() {
    for strategy in ALL {
        let scratch = prepared(strategy, &histories()[0]);
        for round in 0..CORPSES_MAX + 4 {
            let hours = (2 * CORPSES_MAX - round) as u64;
            let machine = Machine {
                time: Some(Duration::from_secs(3_600 * hours)),
                ..Machine::default()
            };
            let store = Store::<Ledger, _, _>::with(scratch.store(), "state", strategy, machine);
            let damage = format!("damage {round}");
            fs::write(store.path(), &damage).expect("write");
            let outcome = next_changes()[0].made_in(&store).expect("a change");
            let kept = moved_to(outcome.recovery.as_ref()).expect("it says where");
            assert_eq!(fs::read_to_string(kept).expect("it is there"), damage);
            assert!(corpses(&scratch.store()).len() <= CORPSES_MAX);
        }
    }
}

/// A clock that stands still, or is as coarse as the machine is fast, gives two names the same
/// time.
#[test]
fn two_damaged_versions_of_the_same_time_are_both_kept() {
    for strategy in ALL {
        let scratch = prepared(strategy, &histories()[0]);
        let machine = Machine {
            time: Some(Duration::from_secs(1)),
            ..Machine::default()
        };
        let store = Store::<Ledger, _, _>::with(scratch.store(), "state", strategy, machine);
        for round in 0..3 {
            fs::write(store.path(), format!("damage {round}")).expect("write");
            let _kept = next_changes()[0].made_in(&store).expect("a change");
        }
        let mut kept: Vec<String> = corpses(&scratch.store())
            .iter()
            .map(|path| fs::read_to_string(path).expect("read"))
            .collect();
        kept.sort();
        assert_eq!(kept, ["damage 0", "damage 1", "damage 2"], "{strategy:?}");
    }
}

/// Whether some file in the directory holds just these bytes.
fn somewhere(directory: &Path, bytes: &[u8]) -> bool {
    let holds = |name| fs::read(directory.join(name)).is_ok_and(|content| content == bytes);
    crate::directory::names(directory).into_iter().any(holds)
}

/// The change on a damaged store by a process with this watcher; `false` if nothing went wrong.
fn change_watched<W: Watcher>(scratch: &Scratch, strategy: AnyStrategy, watcher: W) -> bool {
    let kernel = Watched::new(Host, watcher);
    let store = Store::<Ledger, _, _>::with(scratch.store(), "state", strategy, kernel);
    match catch_unwind(AssertUnwindSafe(|| next_changes()[0].made_in(&store))) {
        Ok(result) => result.is_err(),
        Err(payload) => payload.is::<Ceased>(),
    }
}

#[test]
fn damaged_bytes_survive_a_death_or_an_error_at_any_call_of_moving_them_aside() {
    for strategy in ALL {
        let damage = b"damage of more than a page ".repeat(400);
        let before = prepared(strategy, &histories()[0]);
        fs::write(store(&before, strategy).path(), &damage).expect("write");
        let look = |scratch: &Scratch, nth: usize| {
            let next = store(scratch, strategy);
            assert!(
                somewhere(&scratch.store(), &damage),
                "{strategy:?}, call {nth}"
            );
            let _reported = next_changes()[1]
                .made_in(&next)
                .expect("the next change works");
            assert!(
                somewhere(&scratch.store(), &damage),
                "{strategy:?}, call {nth}"
            );
            assert_eq!(next.read().expect("a state").recovery, None);
        };
        let mut runs = 0;
        let mut nth = 0;
        loop {
            let died = before.copy();
            let died_there = change_watched(&died, strategy, DieAtNth::new(nth, Ending::Unwind));
            look(&died, nth);
            for errno in [Errno::NOSPC, Errno::IO] {
                let failed = before.copy();
                change_watched(&failed, strategy, FailNth::new(nth, Fault::Errno(errno)));
                look(&failed, nth);
            }
            if !died_there {
                break;
            }
            runs += 1;
            nth += 1;
        }
        assert!(runs > 10, "{strategy:?}: {runs} runs");
    }
}

/// What a program does that takes flock on the file and knows nothing else of us: Python's
/// `json.dump` into the truncated file, say.
fn written_by_a_peer(path: &Path, ledger: &Ledger, indented: bool) {
    let text = match indented {
        true => serde_json::to_string_pretty(ledger),
        false => serde_json::to_string(ledger),
    };
    fs::write(path, text.expect("a ledger can be written")).expect("write");
}

#[test]
fn a_peer_that_rewrites_the_file_of_flock_is_heard() {
    let flock = ALL[0];
    for history in histories() {
        let scratch = prepared(flock, &history);
        let mut expected = Ledger::of(&history);
        for (round, change) in next_changes().iter().enumerate() {
            for by_peer in [
                Change::Put {
                    key: 8,
                    bytes: 9_999,
                },
                Change::Remove { key: 8 },
            ] {
                expected = expected.after(&by_peer);
                let path = store(&scratch, flock).path();
                written_by_a_peer(&path, &expected, round == 1);
                let read = store(&scratch, flock).read().expect("a state");
                assert_eq!((&read.value, read.recovery), (&expected, None));
                expected = expected.after(change);
                let outcome = change.made_in(&store(&scratch, flock)).expect("a change");
                assert_eq!(outcome.recovery, None);
                let text = fs::read_to_string(&path).expect("read");
                assert!(text.ends_with('\n'));
                let seen: Ledger = serde_json::from_str(&text).expect("plain JSON for the peer");
                assert_eq!(seen, expected);
            }
        }
    }
}

/// Our writer is killed at any call, and a peer writes the whole file before we come again: the
/// journal must not undo what the peer wrote.
#[test]
fn a_peer_that_writes_after_our_writer_was_killed_is_heard() {
    let flock = ALL[0];
    let ours = Change::Put {
        key: 6,
        bytes: 12_000,
    };
    let theirs = Ledger::of(&[Change::Put {
        key: 8,
        bytes: 10_000,
    }]);
    let mut heard = 0;
    for history in histories() {
        for nth in 0.. {
            let scratch = prepared(flock, &history);
            let dying = Watched::new(Host, DieAtNth::new(nth, Ending::Unwind));
            let killed = Store::<Ledger, _, _>::with(scratch.store(), "state", flock, dying);
            if catch_unwind(AssertUnwindSafe(|| ours.made_in(&killed))).is_ok() {
                break;
            }
            written_by_a_peer(&killed.path(), &theirs, false);
            let read = store(&scratch, flock).read().expect("a state");
            assert_eq!((&read.value, read.recovery), (&theirs, None), "call {nth}");
            let change = &next_changes()[nth % 3];
            let outcome = change.made_in(&store(&scratch, flock)).expect("a change");
            assert_eq!(outcome.recovery, None);
            let read = store(&scratch, flock).read().expect("a state");
            assert_eq!(read.value, theirs.after(change), "call {nth}");
            heard += 1;
        }
    }
    assert!(heard > 40, "{heard} runs");
}

/// The journal holds a write that was interrupted, and the file is damaged on top: the journal has
/// the whole new state.
#[test]
fn damage_while_a_write_is_pending_is_repaired_from_the_journal() {
    let flock = ALL[0];
    let history = &histories()[1];
    let ours = Change::Put {
        key: 6,
        bytes: 12_000,
    };
    let new = Ledger::of(history).after(&ours);
    let mut repaired = 0;
    for nth in 0.. {
        let scratch = prepared(flock, history);
        let dying = Watched::new(Host, DieAtNth::new(nth, Ending::Unwind));
        let killed = Store::<Ledger, _, _>::with(scratch.store(), "state", flock, dying);
        if catch_unwind(AssertUnwindSafe(|| ours.made_in(&killed))).is_ok() {
            break;
        }
        fs::write(killed.path(), [0; 7_000]).expect("write");
        let change = &next_changes()[0];
        let outcome = change.made_in(&store(&scratch, flock)).expect("a change");
        let read = store(&scratch, flock).read().expect("a state");
        assert_eq!(read.recovery, None);
        match outcome.recovery {
            Some(Recovery::Restored { moved_to }) => {
                assert_eq!(fs::read(moved_to).expect("read"), [0; 7_000]);
                assert_eq!(read.value, new.after(change));
                repaired += 1;
            }
            Some(Recovery::MovedAside { .. }) => {
                assert_eq!(read.value, Ledger::default().after(change));
            }
            other => panic!("call {nth}: {other:?}"),
        }
    }
    assert!(repaired >= 2, "{repaired} runs");
}

/// The part of a record that its dead writer left is no part of any state, hides no other record,
/// and is reported until the log is replaced.
#[test]
fn a_record_cut_off_by_a_kill_is_left_out_and_reported() {
    let log = ALL[1];
    let history = &histories()[0];
    let killed = Change::Add {
        key: 7,
        key_bytes: 50,
    };
    let next = Change::Add {
        key: 8,
        key_bytes: 0,
    };
    for bytes in [2, 10, 20, 40, 80] {
        let scratch = prepared(log, history);
        let dying = Watched::new(Host, DiesWriting::new(0, bytes));
        let writer = Store::<Ledger, _, _>::with(scratch.store(), "state", log, dying);
        let death = catch_unwind(AssertUnwindSafe(|| killed.made_in(&writer)));
        assert!(death.is_err_and(|payload| payload.is::<Ceased>()));
        let store = store(&scratch, log);
        let mut expected = Ledger::of(history);
        // To a reader it could be a record that is just being appended.
        let read = store.read().expect("a state");
        assert_eq!((&read.value, read.recovery), (&expected, None));
        for _ in 0..2 {
            expected = expected.after(&next);
            let outcome = next.made_in(&store).expect("a change");
            assert_eq!(outcome.recovery, None);
            let read = store.read().expect("a state");
            assert_eq!(read.value, expected);
            let skipped = Recovery::Skipped {
                records: 1,
                moved_to: None,
            };
            assert_eq!(read.recovery, Some(skipped));
        }
        let replacing = next_changes()[0];
        let outcome = replacing.made_in(&store).expect("a change");
        let Some(Recovery::Skipped {
            records: 1,
            moved_to: Some(_),
        }) = outcome.recovery
        else {
            panic!("{outcome:?}");
        };
        let read = store.read().expect("a state");
        assert_eq!(read.value, expected.after(&replacing));
        assert_eq!(read.recovery, None);
    }
}
