//! Directories to work in: made, copied, and compared as a whole.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// A temporary directory with a place for a store in it, which does not exist yet.
pub struct Scratch {
    root: tempfile::TempDir,
}

impl Scratch {
    pub fn new() -> Self {
        let root = tempfile::tempdir().expect("a temporary directory");
        Self { root }
    }

    /// One in memory, where the system has such a file system. For sweeps, which make thousands of
    /// files and look at none of them after a moment; a busy disk would have to write them all.
    pub fn in_memory() -> Self {
        match tempfile::tempdir_in("/dev/shm") {
            Ok(root) => Self { root },
            Err(_) => Self::new(),
        }
    }

    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// The directory of the store.
    pub fn store(&self) -> PathBuf {
        self.root.path().join("store")
    }

    /// What the files are called and hold, without times and inode numbers.
    pub fn contents(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let Snapshot(entries) = Snapshot::of(self.root());
        let root = self.root();
        let below = |path: PathBuf| path.strip_prefix(root).expect("below").to_owned();
        entries
            .into_iter()
            .map(|(path, entry)| (below(path), entry.content))
            .collect()
    }

    /// Another scratch directory beside it with the same files, contents and modes.
    pub fn copy(&self) -> Self {
        let beside = self
            .root()
            .parent()
            .expect("a temporary directory is in another one");
        let root = tempfile::tempdir_in(beside).expect("a temporary directory");
        let copy = Self { root };
        copy_files(self.root(), copy.root());
        copy
    }
}

fn copy_files(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("list") {
        let entry = entry.expect("entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("type").is_dir() {
            fs::create_dir(&target).expect("mkdir");
            let mode = entry.metadata().expect("stat").permissions();
            fs::set_permissions(&target, mode).expect("chmod");
            copy_files(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copy");
        }
    }
}

/// The names in a directory, sorted; none if it does not exist.
pub fn names(directory: &Path) -> Vec<OsString> {
    let mut names: Vec<OsString> = fs::read_dir(directory)
        .map(|entries| {
            entries
                .map(|entry| entry.expect("entry").file_name())
                .collect()
        })
        .unwrap_or_default();
    names.sort();
    names
}

/// The files to which damaged content was moved.
pub fn corpses(directory: &Path) -> Vec<PathBuf> {
    names(directory)
        .into_iter()
        .filter(|name| name.to_string_lossy().contains(".corrupt-"))
        .map(|name| directory.join(name))
        .collect()
}

/// Everything below a directory that a call could have changed.
#[derive(Debug, PartialEq)]
pub struct Snapshot(BTreeMap<PathBuf, Entry>);

#[derive(Debug, PartialEq)]
struct Entry {
    inode: u64,
    mode: u32,
    uid: u32,
    size: u64,
    changed: (i64, i64),
    content: Vec<u8>,
}

impl Snapshot {
    pub fn of(directory: &Path) -> Self {
        let mut entries = BTreeMap::new();
        gather(directory, &mut entries);
        Self(entries)
    }
}

fn gather(directory: &Path, into: &mut BTreeMap<PathBuf, Entry>) {
    for name in names(directory) {
        let path = directory.join(name);
        let stat = fs::symlink_metadata(&path).expect("stat");
        let content = match stat.file_type() {
            kind if kind.is_file() => fs::read(&path).expect("read"),
            kind if kind.is_symlink() => {
                let target = fs::read_link(&path).expect("readlink");
                target.into_os_string().into_encoded_bytes()
            }
            _ => Vec::new(),
        };
        if stat.is_dir() {
            gather(&path, into);
        }
        let entry = Entry {
            inode: stat.ino(),
            mode: stat.mode(),
            uid: stat.uid(),
            size: stat.len(),
            changed: (stat.ctime(), stat.ctime_nsec()),
            content,
        };
        into.insert(path, entry);
    }
}

/// The permission bits of a file.
pub fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path)
        .expect("stat")
        .permissions()
        .mode()
        & 0o7777
}

#[test]
fn a_snapshot_notices_every_change() {
    let scratch = Scratch::new();
    let file = scratch.root().join("file");
    fs::write(&file, "old").expect("write");
    let mut before = Snapshot::of(scratch.root());
    assert_eq!(Snapshot::of(scratch.root()), before);
    let changes: [&dyn Fn(); 5] = [
        &|| fs::write(&file, "new").expect("write"),
        &|| fs::set_permissions(&file, fs::Permissions::from_mode(0o400)).expect("chmod"),
        &|| fs::write(scratch.root().join("other"), "").expect("write"),
        &|| fs::rename(&file, scratch.root().join("other")).expect("rename"),
        &|| fs::create_dir(scratch.store()).expect("mkdir"),
    ];
    for change in changes {
        change();
        let after = Snapshot::of(scratch.root());
        assert_ne!(after, before);
        before = after;
    }
}
