//! What a store refuses to touch, and how it makes its files. A refusal changes nothing.

use crate::directory::{Scratch, Snapshot, mode, names};
use crate::ledger::{Change, Ledger};
use crate::machine::Machine;
use hookstate::kernel::{FileSystem, Host, Kernel};
use hookstate::strategy::{ALL, AnyStrategy, Strategy};
use hookstate::{Durability, Error, ErrorKind, Store};
use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

const SMALL: Change = Change::Put { key: 1, bytes: 100 };
const LARGE: Change = Change::Put {
    key: 2,
    bytes: 9_000,
};
const ADD: Change = Change::Add {
    key: 3,
    key_bytes: 0,
};

/// No call on a store takes this long, unless it blocks.
const FOR_EVER: Duration = Duration::from_secs(10);

fn store<K: Kernel>(
    directory: &Path,
    strategy: AnyStrategy,
    kernel: K,
) -> Store<Ledger, AnyStrategy, K> {
    Store::with(directory, "state", strategy, kernel)
}

/// A store with a small state in it, whose next larger change uses every file that it has.
fn used(strategy: AnyStrategy) -> Scratch {
    let scratch = Scratch::new();
    let store = store(&scratch.store(), strategy, Host);
    for change in [SMALL, LARGE] {
        let _clean = change.made_in(&store).expect("nothing is wrong");
    }
    scratch
}

/// The names that a strategy opens, the data file first.
fn own_names(strategy: AnyStrategy) -> &'static [&'static str] {
    match strategy.name() {
        "flock" => &["state.json", "state.json.journal"],
        "append-log" => &["state.log"],
        "rename" => &["state.rename.json", "state.rename.json.lock"],
        other => unreachable!("{other} is new here"),
    }
}

#[test]
fn the_names_are_those_that_the_strategies_use() {
    for strategy in ALL {
        let files = names(&used(strategy).store());
        for name in own_names(strategy) {
            assert!(files.iter().any(|file| file == name), "{name} in {files:?}");
        }
    }
}

/// What stands where a file of the store should be.
#[derive(Clone, Copy, Debug)]
enum Obstacle {
    LinkToAFile,
    LinkToNothing,
    LinkToADirectory,
    Directory,
    Socket,
    #[cfg(target_os = "linux")]
    Fifo,
}

impl Obstacle {
    const ALL: &[Self] = &[
        Self::LinkToAFile,
        Self::LinkToNothing,
        Self::LinkToADirectory,
        Self::Directory,
        Self::Socket,
        #[cfg(target_os = "linux")]
        Self::Fifo,
    ];

    /// Puts it there. What a link leads to is beside the store.
    fn put(self, path: &Path, beside: &Path) {
        if path.exists() {
            fs::rename(path, beside.join("moved")).expect("rename");
        }
        match self {
            Self::LinkToAFile => {
                let target = beside.join("target");
                fs::write(&target, "{}").expect("write");
                symlink(target, path).expect("symlink");
            }
            Self::LinkToNothing => symlink(beside.join("nothing"), path).expect("symlink"),
            Self::LinkToADirectory => symlink(beside, path).expect("symlink"),
            Self::Directory => fs::create_dir(path).expect("mkdir"),
            Self::Socket => drop(UnixListener::bind(path).expect("bind")),
            #[cfg(target_os = "linux")]
            Self::Fifo => {
                let mode = rustix::fs::Mode::RWXU;
                rustix::fs::mkfifoat(rustix::fs::CWD, path, mode).expect("mkfifo");
            }
        }
    }
}

/// Does it in a thread, so that a call that blocks fails the test instead of hanging it.
fn within_bounds<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> R {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(work()));
    receiver.recv_timeout(FOR_EVER).expect("it does not block")
}

fn refused(result: Result<(), Error>, path: &Path, shown: &str) {
    let error = match result {
        Ok(()) => panic!("{shown}: not refused"),
        Err(error) => error,
    };
    let text = error.to_string();
    assert_eq!(error.kind(), ErrorKind::NotAStateFile, "{shown}: {text}");
    assert_eq!(error.path(), path, "{shown}");
    assert!(text.contains(&*path.to_string_lossy()), "{text}");
    assert!(text.contains("move it away, or choose another"), "{text}");
}

/// Changes and reads on a store in which this name is taken.
fn attempts(directory: PathBuf, strategy: AnyStrategy) -> [Result<(), Error>; 3] {
    let store = store(&directory, strategy, Host);
    [
        SMALL.made_in(&store).map(|_| ()),
        ADD.made_in(&store).map(|_| ()),
        store.read().map(|_| ()),
    ]
}

/// A removal of the state in which this name is taken.
fn removal(directory: PathBuf, strategy: AnyStrategy) -> Result<(), Error> {
    let store = store(&directory, strategy, Host);
    within_bounds(move || store.remove(drop).map(|_| ()))
}

#[test]
fn what_is_no_regular_file_is_refused_under_every_name_and_left_alone() {
    for strategy in ALL {
        for obstacle in Obstacle::ALL {
            for (nth, name) in own_names(strategy).iter().enumerate() {
                let scratch = used(strategy);
                let path = scratch.store().join(name);
                obstacle.put(&path, scratch.root());
                let before = Snapshot::of(scratch.root());
                let directory = scratch.store();
                let [small, add, read] = within_bounds(move || attempts(directory, strategy));
                let shown = format!("{strategy:?}: {obstacle:?} at {name}");
                refused(small, &path, &shown);
                refused(add, &path, &shown);
                refused(removal(scratch.store(), strategy), &path, &shown);
                match (nth, strategy.name()) {
                    (0, _) | (_, "flock") => refused(read, &path, &shown),
                    // Readers of the others open no second file.
                    _ => read.expect("a state"),
                }
                assert_eq!(Snapshot::of(scratch.root()), before, "{shown}");
            }
        }
    }
}

/// A new file takes the place of whatever has the name of a spare, without following it.
#[test]
fn what_has_the_name_of_a_spare_is_replaced_or_refused_but_not_followed() {
    let log = ("append-log", "state.log.spare", &["state.log"][..]);
    let all_of_rename = [
        "state.rename.json",
        "state.rename.json.lock",
        "state.rename.json.spare",
    ];
    let rename = ("rename", "state.rename.json.spare", &all_of_rename[..]);
    for (strategy, spare, files) in [log, rename] {
        let strategy = AnyStrategy::named(strategy).expect("a strategy");
        what_has_this_name_is_replaced(strategy, spare, files);
    }
}

fn what_has_this_name_is_replaced(strategy: AnyStrategy, name: &str, files: &[&str]) {
    for obstacle in Obstacle::ALL {
        let scratch = used(strategy);
        let spare = scratch.store().join(name);
        obstacle.put(&spare, scratch.root());
        let directory = scratch.store();
        let [small, add, read] = within_bounds(move || attempts(directory, strategy));
        read.expect("a state");
        match obstacle {
            Obstacle::Directory => {
                let error = small.expect_err("a directory is in the way");
                assert_eq!(error.path(), spare, "{error}");
            }
            _ => {
                small.and(add).expect("two changes");
                assert_eq!(names(&scratch.store()), files, "{obstacle:?}");
            }
        }
        what_has_this_name_is_removed(strategy, name, *obstacle);
        assert!(!scratch.root().join("nothing").exists());
        let target = fs::read_to_string(scratch.root().join("target"));
        assert!(target.is_err() || target.is_ok_and(|text| text == "{}"));
    }
}

/// A directory is not removed, and then nothing else is either.
fn what_has_this_name_is_removed(strategy: AnyStrategy, spare: &str, obstacle: Obstacle) {
    let scratch = used(strategy);
    let spare = scratch.store().join(spare);
    obstacle.put(&spare, scratch.root());
    let before = Snapshot::of(scratch.root());
    match (obstacle, removal(scratch.store(), strategy)) {
        (Obstacle::Directory, removed) => {
            let error = removed.expect_err("a directory is in the way");
            assert_eq!(error.path(), spare, "{error}");
            assert!(!error.is_indeterminate());
            assert_eq!(Snapshot::of(scratch.root()), before);
        }
        (_, removed) => {
            removed.expect("a removal");
            assert!(names(&scratch.store()).is_empty(), "{obstacle:?}");
        }
    }
}

#[test]
fn a_file_of_another_user_is_refused_and_left_alone() {
    for strategy in ALL {
        let scratch = used(strategy);
        let before = Snapshot::of(scratch.root());
        let store = store(&scratch.store(), strategy, Machine::of_another_user());
        let own = format!("owned by user {}", Host.geteuid());
        let data = store.read().map(|_| ()).expect_err("not ours");
        for error in [
            SMALL.made_in(&store).map(|_| ()).expect_err("not ours"),
            ADD.made_in(&store).map(|_| ()).expect_err("not ours"),
            Change::Finalize
                .made_in(&store)
                .map(|_| ())
                .expect_err("not ours"),
            data,
        ] {
            assert_eq!(error.kind(), ErrorKind::NotAStateFile);
            assert!(error.to_string().contains(&own), "{error}");
        }
        assert_eq!(Snapshot::of(scratch.root()), before, "{strategy:?}");
    }
}

/// As root we can really give each of the files away, which the test above only pretends.
#[test]
fn a_file_that_was_given_to_another_user_is_refused_under_every_name() {
    let somebody = Host.geteuid() + 1;
    for strategy in ALL {
        for name in own_names(strategy) {
            let scratch = used(strategy);
            let path = scratch.store().join(name);
            match std::os::unix::fs::chown(&path, Some(somebody), None) {
                Ok(()) => refused(
                    SMALL
                        .made_in(&store(&scratch.store(), strategy, Host))
                        .map(|_| ()),
                    &path,
                    name,
                ),
                // An ordinary user cannot give files away, so that nobody else can plant them.
                Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied),
            }
        }
    }
}

#[test]
fn a_file_system_where_flock_does_not_exclude_is_refused_unless_it_is_trusted() {
    let kinds = [
        (FileSystem::Nfs, "NFS"),
        (FileSystem::Smb, "SMB"),
        (FileSystem::Plan9, "9p"),
        (FileSystem::Fuse, "FUSE"),
        (FileSystem::OtherNetwork, "a network file system"),
    ];
    for strategy in ALL {
        for (file_system, shown) in kinds {
            let scratch = used(strategy);
            let machine = Machine::with_file_system(file_system);
            let store = store(&scratch.store(), strategy, machine);
            let before = Snapshot::of(scratch.root());
            for change in [SMALL, ADD] {
                let error = change.made_in(&store).expect_err("not safe here");
                let text = error.to_string();
                assert_eq!(error.kind(), ErrorKind::UnsupportedFileSystem, "{text}");
                assert!(text.contains(shown), "{text}");
                assert!(
                    text.contains("put the directory on a local file system"),
                    "{text}"
                );
                assert!(text.contains("trust_any_file_system"), "{text}");
            }
            assert_eq!(Snapshot::of(scratch.root()), before);
            let trusting = store.trust_any_file_system();
            let _clean = ADD.made_in(&trusting).expect("its user knows");
            assert!(
                trusting
                    .read()
                    .expect("a state")
                    .value
                    .totals
                    .contains_key("3")
            );
        }
        let scratch = used(strategy);
        let local = Machine::with_file_system(FileSystem::Local(0xef53));
        let _clean = ADD
            .made_in(&store(&scratch.store(), strategy, local))
            .expect("local");
    }
}

#[test]
fn files_are_for_their_owner_only_and_missing_directories_are_made() {
    for strategy in ALL {
        let scratch = Scratch::new();
        let deep = scratch.root().join("a").join("b").join("store");
        let store = store(&deep, strategy, Host);
        for change in [SMALL, LARGE, ADD, Change::Remove { key: 2 }] {
            let _clean = change.made_in(&store).expect("a change");
        }
        fs::write(store.path(), "damage").expect("write");
        let outcome = SMALL.made_in(&store).expect("a change");
        assert!(outcome.recovery.is_some());
        for directory in ["a", "a/b", "a/b/store"] {
            assert_eq!(mode(&scratch.root().join(directory)), 0o700, "{directory}");
        }
        let files = names(&deep);
        assert!(
            files
                .iter()
                .any(|name| name.to_string_lossy().contains(".corrupt-"))
        );
        for file in files {
            assert_eq!(mode(&deep.join(&file)), 0o600, "{strategy:?}: {file:?}");
        }
    }
}

#[test]
fn a_directory_that_cannot_be_made_is_an_error_that_says_why() {
    for strategy in ALL {
        let scratch = Scratch::new();
        let file = scratch.root().join("file");
        fs::write(&file, "").expect("write");
        let error = SMALL
            .made_in(&store(&file.join("store"), strategy, Host))
            .expect_err("no way");
        assert_eq!(error.kind(), ErrorKind::Io);
        assert!(error.to_string().contains("not a directory"), "{error}");
        // Below a link that leads nowhere mkdir(2) answers ENOENT however often it is asked.
        let link = scratch.root().join("link");
        symlink("nowhere", &link).expect("symlink");
        let directory = link.join("store");
        let error = within_bounds(move || SMALL.made_in(&store(&directory, strategy, Host)))
            .expect_err("no way");
        assert!(error.to_string().contains("leads nowhere"), "{error}");
    }
}

#[test]
fn an_empty_directory_name_is_the_current_directory() {
    for strategy in ALL {
        let path = store(Path::new(""), strategy, Host).path();
        assert_eq!(path.parent(), Some(Path::new(".")));
    }
}

/// Where the state is kept is the user's choice, and dotfiles are often kept elsewhere.
#[test]
fn a_link_to_the_directory_of_a_store_is_followed() {
    for strategy in ALL {
        for durability in [Durability::Process, Durability::Power] {
            let scratch = used(strategy);
            let link = scratch.root().join("link");
            symlink(scratch.store(), &link).expect("symlink");
            let store = store(&link, strategy, Host).durability(durability);
            fs::write(store.path(), "damage").expect("write");
            let outcome = SMALL.made_in(&store).expect("a change");
            assert!(outcome.recovery.is_some(), "{strategy:?}");
            assert_eq!(SMALL.made_in(&store).expect("another").recovery, None);
        }
    }
}
