//! What loom leaves out, on trial: small programs that do at random what can depend on each other, and whose
//! steps depend on what they have read. Whatever can come of them the search finds too, which leaves out
//! nothing of the kind.

use hookstate::kernel::{Access, FlockOperation, Kernel, OpenHow};
use hookstate_model::explore::{Bounds, explore};
use hookstate_model::process::{Ending, Program};
use hookstate_model::search::{Budget, Search};
use hookstate_model::sim::{AnyDoor, FaultModel, Fd, Kill, Sequential, Sim, SimProcess};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

const NAMES: [&str; 2] = ["/a", "/b"];
const NEW: &str = "/new";
const USER: u32 = 1000;

/// Something that is done to one of the files.
#[derive(Clone, Copy, Debug)]
enum Act {
    Write,
    Append,
    Read,
    /// Ends the program if the file is empty.
    Needs,
    Try,
    Share,
    Unlock,
    Stat,
    Unlink,
    /// Gives the name to a new file.
    Replace,
    /// Lets others go first, and has something to say when it goes on.
    Pause,
    /// Has something to say after a call that nobody can notice.
    Clock,
}

/// Each with the number of a file.
type Acts = Vec<(Act, usize)>;

fn acts(most: usize) -> impl Strategy<Value = Acts> {
    use Act::*;
    let all = vec![
        Write, Append, Read, Needs, Try, Share, Unlock, Stat, Unlink, Replace, Pause, Clock,
    ];
    let act = (prop::sample::select(all), 0..NAMES.len());
    prop::collection::vec(act, 1..=most)
}

type Process = SimProcess<AnyDoor>;

fn open(process: &Process, name: &str) -> Fd {
    let how = OpenHow::or_create(Access::ReadWrite);
    process.open(Path::new(name), how).unwrap()
}

/// One act of one or two calls, since all orders of three processes are many.
fn short_act() -> impl Strategy<Value = Acts> {
    use Act::*;
    let short = vec![Write, Read, Try, Share, Stat, Unlink];
    let act = (prop::sample::select(short), 0..NAMES.len());
    act.prop_map(|act| vec![act])
}

/// Two empty files.
fn start() -> Sim {
    let process = Sequential::boot(&Sim::new(FaultModel::default()), USER);
    for name in NAMES {
        let how = OpenHow::or_create(Access::ReadWrite);
        process.close(process.open(Path::new(name), how).unwrap());
    }
    process.snapshot(FaultModel::default())
}

/// A process that writes its own number and gives account of what it sees.
fn program(seat: u8, acts: &Acts) -> Program<Vec<u8>> {
    let acts = acts.clone();
    Arc::new(move |process, account: &mut Vec<u8>| {
        let mut opened: [Option<Fd>; 2] = [None, None];
        for &(act, file) in &acts {
            if let Some(seen) = done_without_a_file(&process, act) {
                account.push(seen);
                continue;
            }
            let fd = &*opened[file].get_or_insert_with(|| open(&process, NAMES[file]));
            match done(&process, act, file, fd, seat) {
                Some(seen) => account.extend(seen),
                None => break,
            }
        }
        for fd in opened.into_iter().flatten() {
            process.close(fd);
        }
    })
}

fn done_without_a_file(process: &Process, act: Act) -> Option<u8> {
    match act {
        Act::Pause => {
            process.sched_yield();
            Some(b'p')
        }
        Act::Clock => {
            process.clock_realtime();
            Some(b'c')
        }
        _ => None,
    }
}

/// What it sees; nothing if it goes no further.
fn done(process: &Process, act: Act, file: usize, fd: &Fd, seat: u8) -> Option<Vec<u8>> {
    let path = Path::new(NAMES[file]);
    let locked = |operation| vec![u8::from(process.flock(fd, operation).is_ok())];
    Some(match act {
        Act::Write => {
            process.pwrite(fd, &[seat], 0).unwrap();
            Vec::new()
        }
        Act::Append => {
            let how = OpenHow::or_create(Access::Append);
            let end = process.open(path, how).unwrap();
            process.append(&end, &[seat]).unwrap();
            process.close(end);
            Vec::new()
        }
        Act::Read => content(process, fd),
        Act::Needs => Some(content(process, fd)).filter(|bytes| !bytes.is_empty())?,
        Act::Try => locked(FlockOperation::TryExclusive),
        Act::Share => locked(FlockOperation::TryShared),
        Act::Unlock => locked(FlockOperation::Unlock),
        Act::Stat => {
            let size = process.stat(path).map(|stat| stat.size);
            vec![u8::try_from(size.unwrap_or(99)).unwrap()]
        }
        Act::Unlink => vec![u8::from(process.unlink(path).is_ok())],
        Act::Replace => {
            let new = open(process, NEW);
            process.pwrite(&new, &[10 + seat], 0).unwrap();
            process.close(new);
            vec![u8::from(process.rename(Path::new(NEW), path).is_ok())]
        }
        Act::Pause | Act::Clock => unreachable!("they take no file"),
    })
}

fn content<K: Kernel>(process: &K, fd: &K::Fd) -> Vec<u8> {
    let mut bytes = [0; 8];
    let count = process.pread(fd, &mut bytes, 0).unwrap();
    bytes[..count].to_vec()
}

/// Everything of it that somebody can see, but for the numbers of files.
fn text(ending: &Ending<Vec<u8>>) -> String {
    let process = Sequential::boot(&ending.sim, USER);
    let names = NAMES.into_iter().chain([NEW]);
    let contents = names.map(|name| {
        let fd = process.open(Path::new(name), OpenHow::existing(Access::Read));
        Some(content(&process, &fd.ok()?))
    });
    let contents: Vec<_> = contents.collect();
    format!("{:?} {:?} {contents:?}", ending.exits, ending.accounts)
}

/// A judge that objects to nothing and keeps what it sees.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<BTreeSet<String>>>);

impl Seen {
    fn judge(&self) -> impl Fn(&Ending<Vec<u8>>) -> Result<(), String> + Send + Sync + use<> {
        let seen = Arc::clone(&self.0);
        move |ending| {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.insert(text(ending));
            Ok(())
        }
    }

    fn all(&self) -> BTreeSet<String> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.clone()
    }
}

fn programs(all: &[Acts]) -> Vec<Program<Vec<u8>>> {
    let seats = all.iter().zip(1..);
    seats.map(|(acts, seat)| program(seat, acts)).collect()
}

fn searched(all: &[Acts], budget: Budget) -> BTreeSet<String> {
    let seen = Seen::default();
    let search = Search::new(start(), USER, programs(all), seen.judge());
    let report = search.budget(budget).run();
    assert!(report.bounded_by.is_none() && report.counterexamples.is_empty());
    seen.all()
}

/// Says whether the process was killed where it was to be.
fn explored(all: &[Acts], kill: Option<Kill>, seen: &Seen) -> bool {
    let programs = programs(all);
    let report = explore(&start(), USER, programs, kill, Bounds::ALL, seen.judge());
    assert!(report.is_complete(), "{report}");
    report.killed > 0
}

fn explored_killing_each_anywhere(all: &[Acts]) -> BTreeSet<String> {
    let seen = Seen::default();
    explored(all, None, &seen);
    for process in 0..all.len() {
        let kills = (0..).map(|call| Kill {
            process,
            call,
            pages: 0,
        });
        let _ = kills
            .take_while(|kill| explored(all, Some(*kill), &seen))
            .count();
    }
    seen.all()
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(60))]

    #[test]
    fn of_two_processes_no_ending_is_left_out(one in acts(4), other in acts(3)) {
        let both = [one, other];
        let seen = Seen::default();
        explored(&both, None, &seen);
        prop_assert_eq!(seen.all(), searched(&both, Budget::NOTHING));
    }
}

proptest! {
    #![proptest_config(config(20))]

    #[test]
    fn of_two_processes_one_of_which_is_killed_no_ending_is_left_out(one in acts(3), other in acts(3)) {
        let both = [one, other];
        let explored = explored_killing_each_anywhere(&both);
        prop_assert_eq!(explored, searched(&both, Budget::kills(1)));
    }
}

proptest! {
    #![proptest_config(config(8))]

    #[test]
    fn of_three_processes_no_ending_is_left_out(
        one in short_act(), other in short_act(), third in short_act(),
    ) {
        let all = [one, other, third];
        let seen = Seen::default();
        explored(&all, None, &seen);
        prop_assert_eq!(seen.all(), searched(&all, Budget::NOTHING));
    }
}

/// The second has a lock, and makes a call that nobody can notice, since the file has no name any more. It is
/// killed before that, and after the first was refused the lock.
#[test]
fn a_process_can_be_killed_late_before_a_call_that_nobody_notices() {
    use Act::{Try, Unlink};
    let both = [vec![(Try, 0)], vec![(Unlink, 1), (Try, 0), (Try, 1)]];
    let searched = searched(&both, Budget::kills(1));
    let late = "[Finished, Killed] [[0], [1, 1]] [Some([]), None, None]";
    assert!(searched.contains(late));
    assert_eq!(searched, explored_killing_each_anywhere(&both));
}

/// The first has a lock and pauses, and is killed before it goes on, when the second was refused the lock.
#[test]
fn a_process_can_be_killed_late_in_a_pause() {
    use Act::{Pause, Try};
    let both = [vec![(Try, 0), (Pause, 0)], vec![(Try, 0)]];
    let searched = searched(&both, Budget::kills(1));
    let late = "[Killed, Finished] [[1], [0]] [Some([]), Some([]), None]";
    assert!(searched.contains(late), "{searched:#?}");
    assert_eq!(searched, explored_killing_each_anywhere(&both));
}

#[test]
fn a_process_can_be_killed_before_it_has_done_anything() {
    use Act::{Clock, Read, Write};
    let both = [vec![(Clock, 0), (Write, 0)], vec![(Read, 0)]];
    let searched = searched(&both, Budget::kills(1));
    let never = "[Killed, Finished] [[], []] [Some([]), Some([]), None]";
    assert!(searched.contains(never), "{searched:#?}");
    assert_eq!(searched, explored_killing_each_anywhere(&both));
}

/// Where a process has ended, loom can choose one of the other two whose next step repeats another execution,
/// though that of the third does not. So none is cut off.
#[test]
fn executions_of_three_processes_are_not_cut_off() {
    use Act::{Needs, Write};
    let all = [
        vec![(Write, 1)],
        vec![(Needs, 1), (Write, 1)],
        vec![(Needs, 1)],
    ];
    let seen = Seen::default();
    let programs = programs(&all);
    let report = explore(&start(), USER, programs, None, Bounds::ALL, seen.judge());
    assert!(report.is_complete() && report.repetitions == 0, "{report}");
    assert_eq!(seen.all(), searched(&all, Budget::NOTHING));
}
