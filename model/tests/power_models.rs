//! What each power model lets a loss of power leave, worked out by hand for small examples, and what
//! holds for all of them.

use hookstate::kernel::{Access, FileType, Kernel, OpenHow};
use hookstate_model::sim::{
    CUTS_MAX, FaultModel, PowerModel, Sequential, Sim, SimProcess, TooManyCuts,
};
use proptest::prelude::*;
use proptest::test_runner::{TestError, TestRunner};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use Act::{
    Append, Create, Exchange, Fdatasync, Fsync, Mkdir, Rename, SyncDirectory, Truncate, Unlink,
    Write,
};
use PowerModel::{Ext4Ordered, Kill, Posix, Prefix};

/// Something that a process does with names alone: the files are closed in between.
#[derive(Clone, Debug)]
enum Act {
    Create(&'static str),
    Write(&'static str, u64, Bytes),
    Append(&'static str, Bytes),
    Truncate(&'static str, u64),
    Rename(&'static str, &'static str),
    Exchange(&'static str, &'static str),
    Unlink(&'static str),
    Mkdir(&'static str),
    Fsync(&'static str),
    Fdatasync(&'static str),
    SyncDirectory(&'static str),
}

/// What a write writes, shown by its length and its beginning.
#[derive(Clone)]
struct Bytes(Vec<u8>);

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let beginning = self.0[..self.0.len().min(8)].escape_ascii();
        write!(f, "{} bytes {beginning}", self.0.len())
    }
}

/// Contents by path; a directory has a slash at its end and no content.
type Tree = BTreeMap<String, Vec<u8>>;

/// Does what can be done: a file that is not there is passed over.
fn play(process: &SimProcess<Sequential>, act: &Act) {
    let on = |path: &str, access, call: &dyn Fn(&_)| {
        if let Ok(fd) = process.open(Path::new(path), OpenHow::existing(access)) {
            call(&fd);
            process.close(fd);
        }
    };
    match act {
        Create(path) => {
            let how = OpenHow::or_create(Access::ReadWrite);
            if let Ok(fd) = process.open(Path::new(path), how) {
                process.close(fd);
            }
        }
        Write(path, offset, bytes) => on(path, Access::ReadWrite, &|fd| {
            let _ = process.pwrite(fd, &bytes.0, *offset);
        }),
        Append(path, bytes) => on(path, Access::Append, &|fd| {
            let _ = process.append(fd, &bytes.0);
        }),
        Truncate(path, size) => on(path, Access::ReadWrite, &|fd| {
            let _ = process.ftruncate(fd, *size);
        }),
        Fsync(path) => on(path, Access::ReadWrite, &|fd| {
            let _ = process.fsync(fd);
        }),
        Fdatasync(path) => on(path, Access::ReadWrite, &|fd| {
            let _ = process.fdatasync(fd);
        }),
        SyncDirectory(path) => on(path, Access::Directory, &|fd| {
            let _ = process.fsync(fd);
        }),
        Rename(from, to) => drop(process.rename(Path::new(from), Path::new(to))),
        Exchange(one, other) => drop(process.exchange(Path::new(one), Path::new(other))),
        Unlink(path) => drop(process.unlink(Path::new(path))),
        Mkdir(path) => drop(process.mkdir(Path::new(path), 0o700)),
    }
}

/// Plays `before`, which is on the disk then, and `acts`, which is not.
fn after(model: PowerModel, before: &[Act], acts: &[Act]) -> SimProcess<Sequential> {
    let first = Sequential::boot(&Sim::new(FaultModel::default()), 1000);
    before.iter().for_each(|act| play(&first, act));
    let power = Some(model);
    let faults = FaultModel {
        power,
        ..FaultModel::default()
    };
    let process = Sequential::boot(&first.snapshot(faults), 1000);
    acts.iter().for_each(|act| play(&process, act));
    process
}

fn outcomes(model: PowerModel, before: &[Act], acts: &[Act]) -> BTreeSet<Tree> {
    let cuts = after(model, before, acts)
        .power_cuts()
        .expect("few outcomes");
    let trees: BTreeSet<Tree> = cuts.iter().map(tree).collect();
    assert_eq!(trees.len(), cuts.len(), "no outcome comes twice");
    trees
}

fn tree(sim: &Sim) -> Tree {
    let mut tree = Tree::new();
    grow(&mut tree, &Sequential::boot(sim, 1000), Path::new("/"));
    tree
}

fn grow(tree: &mut Tree, process: &SimProcess<Sequential>, directory: &Path) {
    for name in process.list(directory).expect("it is a directory") {
        let path = directory.join(name);
        let stat = process.stat(&path).expect("it was listed");
        if stat.file_type == FileType::Directory {
            tree.insert(format!("{}/", path.display()), Vec::new());
            grow(tree, process, &path);
        } else {
            tree.insert(path.display().to_string(), content(process, &path));
        }
    }
}

fn content(process: &SimProcess<Sequential>, path: &Path) -> Vec<u8> {
    let fd = process
        .open(path, OpenHow::existing(Access::Read))
        .expect("it exists");
    let mut bytes = vec![0; 100_000];
    let count = process.pread(&fd, &mut bytes, 0).expect("it can be read");
    bytes.truncate(count);
    process.close(fd);
    bytes
}

fn trees<const N: usize>(trees: [&[(&str, &str)]; N]) -> BTreeSet<Tree> {
    let tree = |files: &[(&str, &str)]| {
        let files = files.iter();
        files
            .map(|(path, content)| ((*path).to_owned(), content.as_bytes().to_vec()))
            .collect()
    };
    trees.into_iter().map(tree).collect()
}

/// One file with one of these contents.
fn contents<const N: usize>(contents: [&str; N]) -> BTreeSet<Tree> {
    let of = |content: &str| Tree::from([("/a".to_owned(), content.as_bytes().to_vec())]);
    contents.into_iter().map(of).collect()
}

fn write(path: &'static str, content: &str) -> Act {
    Write(path, 0, Bytes(content.as_bytes().to_vec()))
}

fn append(path: &'static str, content: &str) -> Act {
    Append(path, Bytes(content.as_bytes().to_vec()))
}

fn file(path: &'static str, content: &str) -> [Act; 2] {
    [Create(path), write(path, content)]
}

const LOSING: [PowerModel; 3] = [Prefix, Ext4Ordered, Posix];

#[test]
fn a_kill_of_all_loses_nothing_whatever_was_synced() {
    let acts = [
        file("/a", "new").to_vec(),
        vec![Mkdir("/d"), Create("/d/b")],
    ]
    .concat();
    let all = trees([&[("/a", "new"), ("/d/", ""), ("/d/b", "")]]);
    assert_eq!(outcomes(Kill, &[], &acts), all);
}

#[test]
fn a_new_file_needs_a_sync_of_its_own_and_of_its_directory() {
    let acts = file("/a", "new");
    let in_order = trees([&[], &[("/a", "")], &[("/a", "new")]]);
    assert_eq!(outcomes(Prefix, &[], &acts), in_order);
    assert_eq!(outcomes(Ext4Ordered, &[], &acts), in_order);
    let apart = trees([&[], &[("/a", "")], &[("/a", "\0\0\0")], &[("/a", "new")]]);
    assert_eq!(outcomes(Posix, &[], &acts), apart);
}

#[test]
fn a_synced_file_has_its_name_for_sure_only_after_a_sync_of_the_directory() {
    for sync in [Fsync("/a"), Fdatasync("/a")] {
        let synced = [file("/a", "new").to_vec(), vec![sync]].concat();
        let whole = contents(["new"]);
        assert_eq!(outcomes(Prefix, &[], &synced), whole);
        assert_eq!(outcomes(Ext4Ordered, &[], &synced), whole);
        let nameless = trees([&[], &[("/a", "new")]]);
        assert_eq!(outcomes(Posix, &[], &synced), nameless);
        let named = [synced, vec![SyncDirectory("/")]].concat();
        assert_eq!(outcomes(Posix, &[], &named), whole);
    }
}

#[test]
fn a_synced_name_does_not_bring_the_content() {
    let acts = [file("/a", "new").to_vec(), vec![SyncDirectory("/")]].concat();
    let ordered = contents(["", "new"]);
    assert_eq!(outcomes(Ext4Ordered, &[], &acts), ordered);
    assert_eq!(outcomes(Posix, &[], &acts), contents(["", "\0\0\0", "new"]));
    // The creation is the last call that changed the directory.
    assert_eq!(outcomes(Prefix, &[], &acts), ordered);
}

#[test]
fn an_overwrite_of_two_sectors_is_torn_between_them() {
    let [old, new] = ["o", "n"].map(|letter| letter.repeat(512));
    let before = file("/a", &old.repeat(2));
    let acts = [write("/a", &new.repeat(2))];
    let mixtures = contents([
        &(old.clone() + &old),
        &(old.clone() + &new),
        &(new.clone() + &old),
        &(new.clone() + &new),
    ]);
    for model in LOSING {
        assert_eq!(outcomes(model, &before, &acts), mixtures, "{model:?}");
    }
}

#[test]
fn an_overwrite_of_three_sectors_is_torn_between_all_of_them() {
    let before = file("/a", &"o".repeat(3 * 512));
    let acts = [write("/a", &"n".repeat(3 * 512))];
    for model in LOSING {
        assert_eq!(outcomes(model, &before, &acts).len(), 8, "{model:?}");
    }
}

#[test]
fn an_overwrite_of_many_sectors_is_torn_around_the_first_and_the_last() {
    let before = file("/a", &"o".repeat(7 * 512));
    let acts = [write("/a", &"n".repeat(7 * 512))];
    for model in LOSING {
        let outcomes = outcomes(model, &before, &acts);
        let middles = outcomes.iter().map(|tree| &tree["/a"][512..6 * 512]);
        assert!(
            middles
                .clone()
                .all(|middle| middle.iter().all(|byte| *byte == middle[0]))
        );
        assert_eq!(outcomes.len(), 8, "{model:?}");
    }
}

#[test]
fn a_rename_over_a_file_brings_the_content_on_ext4_and_nowhere_by_posix() {
    let before = file("/a", "old");
    let acts = [file("/t", "new").to_vec(), vec![Rename("/t", "/a")]].concat();
    let in_order = trees([
        &[("/a", "old")],
        &[("/a", "old"), ("/t", "")],
        &[("/a", "old"), ("/t", "new")],
        &[("/a", "new")],
    ]);
    assert_eq!(outcomes(Prefix, &before, &acts), in_order);
    assert_eq!(outcomes(Ext4Ordered, &before, &acts), in_order);
    let apart = outcomes(Posix, &before, &acts);
    // Neither name, /t, /a, or both lead to the new file, which has three contents.
    assert_eq!(apart.len(), 1 + 3 * 3);
    assert!(apart.is_superset(&trees([
        &[("/a", "")],
        &[("/a", "\0\0\0"), ("/t", "\0\0\0")]
    ])));
}

#[test]
fn a_rename_to_a_free_name_does_not_bring_the_content() {
    let acts = [file("/t", "new").to_vec(), vec![Rename("/t", "/a")]].concat();
    assert!(outcomes(Ext4Ordered, &[], &acts).contains(&Tree::from([("/a".into(), vec![])])));
}

#[test]
fn an_exchange_is_one_step_on_ext4_and_does_not_bring_the_content() {
    let before = [file("/a", "old"), file("/s", "new")].concat();
    let acts = [Exchange("/a", "/s")];
    let both = [
        [("/a", "old"), ("/s", "new")],
        [("/a", "new"), ("/s", "old")],
    ];
    let whole = trees([&both[0], &both[1]]);
    assert_eq!(outcomes(Prefix, &before, &acts), whole);
    assert_eq!(outcomes(Ext4Ordered, &before, &acts), whole);
    let halves = trees([
        &[("/a", "old"), ("/s", "old")],
        &[("/a", "new"), ("/s", "new")],
    ]);
    assert_eq!(
        outcomes(Posix, &before, &acts),
        whole.union(&halves).cloned().collect()
    );

    let unsynced = [file("/s", "new").to_vec(), acts.to_vec()].concat();
    let empty = trees([&[("/a", ""), ("/s", "old")]]);
    let before = file("/a", "old");
    assert!(outcomes(Ext4Ordered, &before, &unsynced).is_superset(&empty));
    assert!(!outcomes(Prefix, &before, &unsynced).is_superset(&empty));
}

#[test]
fn an_append_within_a_block_can_leave_zeros() {
    let before = file("/a", "one");
    for model in LOSING {
        let outcomes = outcomes(model, &before, &[append("/a", "two")]);
        assert_eq!(
            outcomes,
            contents(["one", "one\0\0\0", "onetwo"]),
            "{model:?}"
        );
    }
}

#[test]
fn an_append_to_a_new_block_is_there_or_not_on_ext4() {
    let before = [Create("/a")];
    let acts = [append("/a", "two")];
    assert_eq!(outcomes(Prefix, &before, &acts), contents(["", "two"]));
    assert_eq!(outcomes(Ext4Ordered, &before, &acts), contents(["", "two"]));
    assert_eq!(
        outcomes(Posix, &before, &acts),
        contents(["", "\0\0\0", "two"])
    );
}

#[test]
fn of_two_appends_to_one_sector_the_second_is_not_there_without_the_first() {
    let before = [Create("/a")];
    let acts = [append("/a", "one"), append("/a", "two")];
    assert_eq!(
        outcomes(Prefix, &before, &acts),
        contents(["", "one", "one\0\0\0", "onetwo"])
    );
    // The block can be allocated between the two.
    assert_eq!(
        outcomes(Ext4Ordered, &before, &acts),
        contents(["", "one", "one\0\0\0", "onetwo"])
    );
    assert_eq!(
        outcomes(Posix, &before, &acts),
        contents(["", "\0\0\0", "one", "\0\0\0\0\0\0", "one\0\0\0", "onetwo"])
    );
}

#[test]
fn a_truncation_and_a_write_can_leave_an_empty_file_and_on_posix_a_mixture() {
    let before = file("/a", "old");
    let acts = [Truncate("/a", 0), write("/a", "new!")];
    let ordered = contents(["old", "", "new!"]);
    assert_eq!(outcomes(Prefix, &before, &acts), ordered);
    assert_eq!(outcomes(Ext4Ordered, &before, &acts), ordered);
    let mixtures = ["old", "\0\0\0", "new", "", "old\0", "\0\0\0\0", "new!"];
    assert_eq!(outcomes(Posix, &before, &acts), contents(mixtures));
}

#[test]
fn an_unlinked_file_comes_back_unless_its_directory_is_synced() {
    let before = file("/a", "old");
    for model in LOSING {
        let unsynced = outcomes(model, &before, &[Unlink("/a")]);
        assert_eq!(unsynced, trees([&[], &[("/a", "old")]]), "{model:?}");
        let synced = outcomes(model, &before, &[Unlink("/a"), SyncDirectory("/")]);
        assert_eq!(synced, trees([&[]]), "{model:?}");
    }
}

#[test]
fn the_journal_of_ext4_has_earlier_names_if_it_has_later_ones() {
    let acts = [Create("/a"), Create("/b")];
    let ordered = trees([&[], &[("/a", "")], &[("/a", ""), ("/b", "")]]);
    assert_eq!(outcomes(Prefix, &[], &acts), ordered);
    assert_eq!(outcomes(Ext4Ordered, &[], &acts), ordered);
    let apart = ordered.union(&trees([&[("/b", "")]])).cloned().collect();
    assert_eq!(outcomes(Posix, &[], &acts), apart);
}

#[test]
fn a_file_that_has_a_new_block_on_ext4_has_earlier_names_beside_it() {
    let before = [Create("/b")];
    let acts = [Create("/a"), append("/b", "x")];
    let ordered = trees([
        &[("/b", "")],
        &[("/a", ""), ("/b", "")],
        &[("/a", ""), ("/b", "x")],
    ]);
    assert_eq!(outcomes(Ext4Ordered, &before, &acts), ordered);
    let alone = trees([&[("/b", "x")]]);
    assert!(outcomes(Posix, &before, &acts).is_superset(&alone));
}

#[test]
fn a_sync_of_one_file_commits_earlier_names_on_ext4_but_no_content_of_others() {
    let before = [file("/o", "o"), file("/a", "a")].concat();
    let acts = [
        write("/o", "x"),
        Create("/b"),
        append("/a", "a"),
        Fsync("/a"),
    ];
    let overwritten = |o| [("/a", "aa"), ("/b", ""), ("/o", o)];
    let ext4 = trees([&overwritten("o"), &overwritten("x")]);
    assert_eq!(outcomes(Ext4Ordered, &before, &acts), ext4);
    assert_eq!(outcomes(Prefix, &before, &acts), trees([&overwritten("x")]));
    assert_eq!(outcomes(Posix, &before, &acts).len(), 4);
}

#[test]
fn a_data_sync_of_a_file_does_not_wait_for_its_rename() {
    let before = file("/a", "a");
    let acts = |sync| [Rename("/a", "/b"), sync];
    for model in [Prefix, Ext4Ordered] {
        let data = outcomes(model, &before, &acts(Fdatasync("/b")));
        assert_eq!(data, trees([&[("/a", "a")], &[("/b", "a")]]), "{model:?}");
        let all = outcomes(model, &before, &acts(Fsync("/b")));
        assert_eq!(all, trees([&[("/b", "a")]]), "{model:?}");
    }
    // Both, either or none.
    assert_eq!(outcomes(Posix, &before, &acts(Fsync("/b"))).len(), 4);
}

#[test]
fn what_is_in_a_directory_without_a_name_is_not_there() {
    let mut acts = vec![
        Mkdir("/d"),
        Create("/d/a"),
        Fsync("/d/a"),
        SyncDirectory("/d"),
    ];
    let with = trees([&[("/d/", ""), ("/d/a", "")]]);
    let without = trees([&[]]);
    assert_eq!(
        outcomes(Posix, &[], &acts),
        with.union(&without).cloned().collect()
    );
    acts.push(SyncDirectory("/"));
    assert_eq!(outcomes(Posix, &[], &acts), with);
}

#[test]
fn what_was_lost_once_can_be_written_and_lost_again() {
    let faults = FaultModel {
        power: Some(Posix),
        ..FaultModel::default()
    };
    let process = Sequential::boot(&Sim::new(faults), 1000);
    play(&process, &Create("/a"));
    let cuts = process.power_cuts().expect("few outcomes");
    let empty = cuts.iter().find(|sim| tree(sim).is_empty()).expect("lost");
    let again = Sequential::boot(empty, 1000);
    play(&again, &Create("/b"));
    let trees: BTreeSet<Tree> = again.power_cuts().unwrap().iter().map(tree).collect();
    assert_eq!(trees, self::trees([&[], &[("/b", "")]]));
}

#[test]
fn more_outcomes_than_can_be_looked_at_are_refused_and_not_left_out() {
    let before = file("/a", &"o".repeat(512 * 20));
    let scattered = |count: u64| -> Vec<Act> {
        (0..count)
            .map(|sector| Write("/a", sector * 512, Bytes(vec![b'n'; 512])))
            .collect()
    };
    let few = after(Posix, &before, &scattered(12)).power_cuts();
    assert_eq!(few.map(|cuts| cuts.len()), Ok(1 << 12));
    let many = after(Posix, &before, &scattered(20)).power_cuts();
    assert_eq!(many, Err(TooManyCuts));
    assert!(TooManyCuts.to_string().contains(&CUTS_MAX.to_string()));
}

const NAMES: [&str; 4] = ["/a", "/b", "/d/a", "/d/b"];

fn name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(NAMES.to_vec())
}

fn bytes() -> impl Strategy<Value = Bytes> {
    let length = prop_oneof![4 => 1..200_usize, 2 => 500..1_600_usize, 1 => 4_000..13_000_usize];
    (1..250_u8, length).prop_map(|(byte, length)| Bytes(vec![byte; length]))
}

fn offset() -> impl Strategy<Value = u64> {
    prop_oneof![3 => Just(0), 2 => 0..1_500_u64, 1 => 4_000..9_000_u64]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => name().prop_map(Create),
        3 => (name(), offset(), bytes()).prop_map(|(name, at, bytes)| Write(name, at, bytes)),
        2 => (name(), bytes()).prop_map(|(name, bytes)| Append(name, bytes)),
        2 => (name(), offset()).prop_map(|(name, size)| Truncate(name, size)),
        3 => (name(), name()).prop_map(|(from, to)| Rename(from, to)),
        1 => Just(Rename("/d", "/e")),
        1 => (name(), name()).prop_map(|(one, other)| Exchange(one, other)),
        1 => name().prop_map(Unlink),
        2 => name().prop_map(Fsync),
        1 => name().prop_map(Fdatasync),
        1 => prop::sample::select(vec!["/", "/d"]).prop_map(SyncDirectory),
    ]
}

fn some(acts: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Act>> {
    prop::collection::vec(act(), acts)
}

fn begun(mut acts: Vec<Act>) -> Vec<Act> {
    acts.splice(0..0, [Mkdir("/d"), Create("/a"), Create("/d/a")]);
    acts
}

/// The outcomes as kernels that know nothing of power.
fn plain(model: PowerModel, before: &[Act], acts: &[Act]) -> Result<BTreeSet<u128>, TooManyCuts> {
    let cuts = after(model, before, acts).power_cuts()?;
    let plain = cuts.into_iter().map(|sim| sim.under(FaultModel::default()));
    Ok(plain.map(|sim| sim.fingerprint()).collect())
}

fn runner() -> TestRunner {
    TestRunner::new(ProptestConfig {
        cases: 1_000,
        max_global_rejects: 10_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })
}

type Found = Result<(), TestError<(Vec<Act>, Vec<Act>)>>;

/// Looks for something that a loss under `strict` leaves and one under `lax` does not.
fn look_for_an_outcome_of(strict: PowerModel, but_not_of: PowerModel) -> Found {
    runner().run(&(some(0..6), some(1..7)), |(before, acts)| {
        let before = begun(before);
        let (strict, lax) = (
            plain(strict, &before, &acts),
            plain(but_not_of, &before, &acts),
        );
        let (Ok(strict), Ok(lax)) = (strict, lax) else {
            return Err(TestCaseError::reject("too many outcomes"));
        };
        prop_assert!(strict.is_subset(&lax));
        Ok(())
    })
}

#[test]
fn each_model_allows_all_that_the_one_before_it_allows() {
    for pair in PowerModel::ALL.windows(2) {
        let found = look_for_an_outcome_of(pair[0], pair[1]);
        found.unwrap_or_else(|outcome| panic!("{pair:?}: {outcome}"));
    }
}

/// The blocks behind the end of the file were taken for ones that it has, since the write began in one
/// that it has. So `prefix` let the file end in a new block without its data, against rule E2.
#[test]
fn a_block_behind_the_end_is_new_also_if_the_write_began_before_the_end() {
    let before = begun(Vec::new());
    let acts = [
        Truncate("/a", 4_097),
        Write("/a", 521, Bytes(vec![1; 11_768])),
    ];
    let of = |model| plain(model, &before, &acts).expect("few outcomes");
    assert!(of(Prefix).is_subset(&of(Ext4Ordered)));
    assert!(of(Ext4Ordered).is_subset(&of(Posix)));
}

/// The comparison is on trial too: no two models are the same.
#[test]
fn each_model_allows_something_that_the_one_before_it_does_not() {
    for pair in PowerModel::ALL.windows(2) {
        let found = look_for_an_outcome_of(pair[1], pair[0]);
        assert!(matches!(found, Err(TestError::Fail(..))), "{pair:?}");
    }
}

/// Syncs what there is; `directories` says whether the names too.
fn sync_all(process: &SimProcess<Sequential>, directories: bool) {
    NAMES.iter().for_each(|name| play(process, &Fsync(name)));
    for directory in ["/", "/d", "/e"] {
        if directories {
            play(process, &SyncDirectory(directory));
        }
    }
    for name in ["/e/a", "/e/b"] {
        play(process, &Fsync(name));
    }
}

fn look_for_a_loss_after_syncs(model: PowerModel, directories: bool) -> Found {
    runner().run(&(some(0..6), some(1..12)), |(before, acts)| {
        let process = after(model, &begun(before), &acts);
        sync_all(&process, directories);
        let live = tree(&process.snapshot(FaultModel::default()));
        let cuts = process.power_cuts().expect("nothing is pending");
        prop_assert_eq!(cuts.iter().map(tree).collect::<Vec<_>>(), vec![live]);
        Ok(())
    })
}

#[test]
fn what_is_synced_all_through_is_all_there() {
    for model in PowerModel::ALL {
        let found = look_for_a_loss_after_syncs(model, true);
        found.unwrap_or_else(|loss| panic!("{model:?}: {loss}"));
    }
}

/// The control of the test before it.
#[test]
fn what_is_synced_without_its_directory_can_be_lost() {
    for model in LOSING {
        let found = look_for_a_loss_after_syncs(model, false);
        assert!(matches!(found, Err(TestError::Fail(..))), "{model:?}");
    }
}

/// A file that the random acts do not touch is written and `sync`ed between them.
fn look_for_a_loss_of_synced_content(model: PowerModel, sync: &[Act]) -> Found {
    let whole = "token ".repeat(150);
    runner().run(&(some(0..4), some(0..4)), |(earlier, later)| {
        let written = file("/synced", &whole);
        let acts = [earlier, written.to_vec(), sync.to_vec(), later].concat();
        let Ok(cuts) = after(model, &begun(vec![]), &acts).power_cuts() else {
            return Err(TestCaseError::reject("too many outcomes"));
        };
        for sim in &cuts {
            let tree = tree(sim);
            prop_assert_eq!(
                tree.get("/synced").map(Vec::as_slice),
                Some(whole.as_bytes())
            );
        }
        Ok(())
    })
}

#[test]
fn synced_content_under_a_synced_name_is_there_whatever_else_is_not() {
    for model in PowerModel::ALL {
        let sync = [Fdatasync("/synced"), SyncDirectory("/")];
        let found = look_for_a_loss_of_synced_content(model, &sync);
        found.unwrap_or_else(|loss| panic!("{model:?}: {loss}"));
    }
}

/// The controls of the test before it, one for each sync.
#[test]
fn without_either_sync_the_content_can_be_lost() {
    for sync in [Fdatasync("/synced"), SyncDirectory("/")] {
        let found = look_for_a_loss_of_synced_content(Posix, std::slice::from_ref(&sync));
        assert!(matches!(found, Err(TestError::Fail(..))), "{sync:?}");
    }
}
