//! The calls on names.

use super::call::Fd;
use super::content::Content;
use super::inode::{Entries, InodeNumber, Node};
use super::machine::{ProcessId, Sim};
use super::power::{Change, Entry};
use hookstate::kernel::{Access, Create, Errno, FileType, OpenHow, Result, Stat};
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path};
use std::sync::Arc;

/// A name in a directory that exists; whether the name does is another matter.
#[derive(Clone, Copy)]
struct Place<'a> {
    directory: InodeNumber,
    name: &'a OsStr,
}

impl From<&(Place<'_>, Option<InodeNumber>)> for Entry {
    fn from((place, file): &(Place<'_>, Option<InodeNumber>)) -> Self {
        Self {
            directory: place.directory,
            name: place.name.into(),
            file: *file,
        }
    }
}

impl Sim {
    pub(super) fn open(&mut self, process: ProcessId, path: &Path, how: OpenHow) -> Result<Fd> {
        if how.access == Access::Directory && how.create != Create::Never {
            return Err(Errno::INVAL);
        }
        if path == Path::new("/") {
            return self.open_existing(process, InodeNumber::ROOT, how);
        }
        let place = self.place(path)?;
        match (self.lookup(place), how.create) {
            (Some(_), Create::New) => Err(Errno::EXIST),
            (Some(inode), _) => self.open_existing(process, inode, how),
            (None, Create::Never) => Err(Errno::NOENT),
            (None, Create::IfMissing | Create::New) => {
                let inode = self.make(process, place, Node::Regular(Content::default()));
                Ok(self.open_description(process, inode, how.access))
            }
        }
    }

    pub(super) fn stat(&self, path: &Path) -> Result<Stat> {
        self.existing(path).map(|inode| self.stat_of(inode))
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> Result<()> {
        let (from, to) = (self.place(from)?, self.place(to)?);
        let moved = self.lookup(from).ok_or(Errno::NOENT)?;
        let replaced = self.lookup(to);
        if self.contains(moved, to.directory) {
            return Err(Errno::INVAL);
        }
        if replaced.is_some_and(|replaced| self.contains(replaced, from.directory)) {
            return Err(Errno::NOTEMPTY);
        }
        if replaced == Some(moved) {
            return Ok(());
        }
        if let Some(replaced) = replaced {
            self.check_replaceable(moved, replaced)?;
        }
        if replaced.is_some() {
            self.record(|| Change::Allocate { file: moved });
        }
        self.set_names(&[(from, None), (to, Some(moved))], false);
        if let Some(replaced) = replaced {
            self.unlinked(replaced);
        }
        Ok(())
    }

    pub(super) fn exchange(&mut self, one: &Path, other: &Path) -> Result<()> {
        if let Some(errno) = self.faults.exchange_error {
            return Err(errno);
        }
        let (one, other) = (self.place(one)?, self.place(other)?);
        let first = self.lookup(one).ok_or(Errno::NOENT)?;
        let second = self.lookup(other).ok_or(Errno::NOENT)?;
        if self.contains(first, other.directory) || self.contains(second, one.directory) {
            return Err(Errno::INVAL);
        }
        self.set_names(&[(one, Some(second)), (other, Some(first))], false);
        Ok(())
    }

    pub(super) fn unlink(&mut self, path: &Path) -> Result<()> {
        let place = self.place(path)?;
        let inode = self.lookup(place).ok_or(Errno::NOENT)?;
        if self.is_directory(inode) {
            return Err(Errno::ISDIR);
        }
        self.set_names(&[(place, None)], false);
        self.unlinked(inode);
        Ok(())
    }

    pub(super) fn mkdir(&mut self, process: ProcessId, path: &Path) -> Result<()> {
        if path == Path::new("/") {
            return Err(Errno::EXIST);
        }
        let place = self.place(path)?;
        if self.lookup(place).is_some() {
            return Err(Errno::EXIST);
        }
        self.make(process, place, Node::Directory(Entries::default()));
        Ok(())
    }

    pub(super) fn list(&self, path: &Path) -> Result<Vec<OsString>> {
        match &self.inodes[&self.existing(path)?].node {
            Node::Directory(entries) => {
                Ok(entries.keys().map(|name| (**name).to_owned()).collect())
            }
            Node::Regular(_) | Node::Fifo => Err(Errno::NOTDIR),
            // It leads nowhere.
            Node::Symlink => Err(Errno::NOENT),
        }
    }

    /// Puts a symbolic link that leads nowhere at `path`, for tests of what happens then. No call
    /// of the seam makes one.
    ///
    /// # Errors
    ///
    /// As symlink(2).
    pub fn plant_symlink(&mut self, process: ProcessId, path: &Path) -> Result<()> {
        self.plant(process, path, Node::Symlink)
    }

    /// Puts a FIFO at `path`, for tests of what happens then. No call of the seam makes one.
    ///
    /// # Errors
    ///
    /// As mkfifo(3).
    pub fn plant_fifo(&mut self, process: ProcessId, path: &Path) -> Result<()> {
        self.plant(process, path, Node::Fifo)
    }

    fn plant(&mut self, process: ProcessId, path: &Path, node: Node) -> Result<()> {
        let place = self.place(path)?;
        if self.lookup(place).is_some() {
            return Err(Errno::EXIST);
        }
        self.make(process, place, node);
        Ok(())
    }

    fn open_existing(
        &mut self,
        process: ProcessId,
        inode: InodeNumber,
        how: OpenHow,
    ) -> Result<Fd> {
        self.check_open(inode, how)?;
        if how.truncate && matches!(self.inodes[&inode].node, Node::Regular(_)) {
            self.touch(process, inode);
            self.resize(inode, 0);
        }
        Ok(self.open_description(process, inode, how.access))
    }

    /// In the order in which Linux finds fault.
    fn check_open(&self, inode: InodeNumber, how: OpenHow) -> Result<()> {
        let writes = how.truncate || matches!(how.access, Access::ReadWrite | Access::Append);
        let creates = how.create != Create::Never;
        match self.inodes[&inode].node.file_type() {
            FileType::Directory if creates || writes => Err(Errno::ISDIR),
            FileType::Directory => Ok(()),
            // Only to a directory is a link followed, and it leads nowhere.
            FileType::Symlink if how.access == Access::Directory => Err(Errno::NOENT),
            FileType::Symlink => Err(Errno::LOOP),
            _ if how.access == Access::Directory => Err(Errno::NOTDIR),
            FileType::Regular | FileType::Other => Ok(()),
        }
    }

    /// A directory replaces only an empty directory, anything else anything but a directory.
    fn check_replaceable(&self, moved: InodeNumber, replaced: InodeNumber) -> Result<()> {
        match (self.is_directory(moved), &self.inodes[&replaced].node) {
            (true, Node::Directory(entries)) if entries.is_empty() => Ok(()),
            (true, Node::Directory(_)) => Err(Errno::NOTEMPTY),
            (true, _) => Err(Errno::NOTDIR),
            (false, Node::Directory(_)) => Err(Errno::ISDIR),
            (false, _) => Ok(()),
        }
    }

    fn make(&mut self, process: ProcessId, place: Place<'_>, node: Node) -> InodeNumber {
        let inode = self.new_inode(process, node);
        self.set_names(&[(place, Some(inode))], true);
        inode
    }

    /// In one step, the names lead to these files or to none.
    fn set_names(&mut self, names: &[(Place<'_>, Option<InodeNumber>)], creates: bool) {
        let entries: Vec<Entry> = names.iter().map(Entry::from).collect();
        for Entry {
            directory,
            name,
            file,
        } in &entries
        {
            let names = self.entries_mut(*directory);
            match file {
                Some(file) => names.insert(Arc::clone(name), *file),
                None => names.remove(&**name),
            }
        }
        self.record(|| Change::Names { entries, creates });
    }

    fn unlinked(&mut self, inode: InodeNumber) {
        self.inode_mut(inode).links -= 1;
        self.forget_if_unused(inode);
    }

    /// Whether `directory` is `ancestor` or lies under it.
    fn contains(&self, ancestor: InodeNumber, directory: InodeNumber) -> bool {
        ancestor == directory
            || match &self.inodes[&ancestor].node {
                Node::Directory(entries) => entries
                    .values()
                    .any(|&inode| self.contains(inode, directory)),
                Node::Regular(_) | Node::Symlink | Node::Fifo => false,
            }
    }

    pub(super) fn existing(&self, path: &Path) -> Result<InodeNumber> {
        if path == Path::new("/") {
            return Ok(InodeNumber::ROOT);
        }
        self.lookup(self.place(path)?).ok_or(Errno::NOENT)
    }

    /// Walks to the directory of the last component.
    fn place<'a>(&self, path: &'a Path) -> Result<Place<'a>> {
        let mut components = path.components();
        assert_eq!(
            components.next(),
            Some(Component::RootDir),
            "the simulated kernel has no working directory"
        );
        let mut directory = InodeNumber::ROOT;
        let mut rest = components.peekable();
        while let Some(component) = rest.next() {
            let Component::Normal(name) = component else {
                panic!(
                    "the simulated kernel has no dots in paths: {}",
                    path.display()
                );
            };
            let place = Place { directory, name };
            if rest.peek().is_none() {
                return Ok(place);
            }
            directory = self.descend(place)?;
        }
        unreachable!("the root directory has no name to work on")
    }

    fn descend(&self, place: Place<'_>) -> Result<InodeNumber> {
        let inode = self.lookup(place).ok_or(Errno::NOENT)?;
        match self.inodes[&inode].node {
            Node::Directory(_) => Ok(inode),
            Node::Regular(_) | Node::Fifo => Err(Errno::NOTDIR),
            // It leads nowhere.
            Node::Symlink => Err(Errno::NOENT),
        }
    }

    fn lookup(&self, place: Place<'_>) -> Option<InodeNumber> {
        match &self.inodes[&place.directory].node {
            Node::Directory(entries) => entries.get(place.name).copied(),
            Node::Regular(_) | Node::Symlink | Node::Fifo => {
                unreachable!("a place is in a directory")
            }
        }
    }

    fn is_directory(&self, inode: InodeNumber) -> bool {
        matches!(self.inodes[&inode].node, Node::Directory(_))
    }

    fn entries_mut(&mut self, directory: InodeNumber) -> &mut Entries {
        match &mut self.inode_mut(directory).node {
            Node::Directory(entries) => entries,
            Node::Regular(_) | Node::Symlink | Node::Fifo => {
                unreachable!("a place is in a directory")
            }
        }
    }
}
