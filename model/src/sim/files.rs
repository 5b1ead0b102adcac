//! The calls on an open file.

use super::FailedSync;
use super::call::{Fd, Request};
use super::content::Content;
use super::inode::{InodeNumber, Node};
use super::machine::{ProcessId, Sim, check_offset};
use super::power::Change;
use hookstate::kernel::{Access, Errno, Identity, Result, Stat};

/// `st_dev` of the one file system.
const DEVICE: u64 = 1;

impl Sim {
    pub(super) fn fstat(&self, process: ProcessId, fd: Fd) -> Stat {
        self.stat_of(self.description(process, fd).inode)
    }

    pub(super) fn stat_of(&self, number: InodeNumber) -> Stat {
        let inode = &self.inodes[&number];
        Stat {
            identity: Identity {
                device: DEVICE,
                inode: number.0,
            },
            file_type: inode.node.file_type(),
            uid: inode.owner,
            size: inode.node.size(),
        }
    }

    pub(super) fn pread(
        &self,
        process: ProcessId,
        fd: Fd,
        length: usize,
        offset: u64,
    ) -> Result<Vec<u8>> {
        check_offset(offset)?;
        match &self.inodes[&self.description(process, fd).inode].node {
            Node::Regular(content) => {
                Ok(content.read(offset, length.min(self.faults.transfer_bytes_max)))
            }
            Node::Directory(_) => Err(Errno::ISDIR),
            Node::Fifo => Err(Errno::SPIPE),
            Node::Symlink => unreachable!("a symbolic link cannot be opened"),
        }
    }

    pub(super) fn pwrite(
        &mut self,
        process: ProcessId,
        fd: Fd,
        bytes: &[u8],
        offset: u64,
    ) -> Result<usize> {
        check_offset(offset)?;
        self.check_no_fifo(process, fd, Errno::SPIPE)?;
        self.writable(process, fd)?;
        let count = bytes.len().min(self.faults.transfer_bytes_max);
        let at = self.write_offset(process, fd, offset);
        let file = self.regular(process, fd)?;
        self.write_content(process, file, at, &bytes[..count]);
        Ok(count)
    }

    pub(super) fn append(&mut self, process: ProcessId, fd: Fd, bytes: &[u8]) -> Result<usize> {
        self.writable(process, fd)?;
        let access = self.description(process, fd).access;
        assert_eq!(
            access,
            Access::Append,
            "append is for descriptors opened to append"
        );
        assert!(
            self.check_no_fifo(process, fd, Errno::SPIPE).is_ok(),
            "what is in a FIFO is not modelled"
        );
        self.pwrite(process, fd, bytes, 0)
    }

    pub(super) fn ftruncate(&mut self, process: ProcessId, fd: Fd, length: u64) -> Result<()> {
        check_offset(length)?;
        // Unlike the calls that write, ftruncate(2) has EINVAL for this.
        self.writable(process, fd).map_err(|_| Errno::INVAL)?;
        self.check_no_fifo(process, fd, Errno::INVAL)?;
        let file = self.regular(process, fd)?;
        self.touch(process, file);
        self.resize(file, length);
        Ok(())
    }

    pub(super) fn fallocate(
        &mut self,
        process: ProcessId,
        fd: Fd,
        offset: u64,
        length: u64,
    ) -> Result<()> {
        check_offset(offset)?;
        check_offset(length)?;
        if length == 0 {
            return Err(Errno::INVAL);
        }
        self.writable(process, fd)?;
        self.check_no_fifo(process, fd, Errno::SPIPE)?;
        if self.faults.fallocate {
            Ok(())
        } else {
            Err(Errno::OPNOTSUPP)
        }
    }

    /// fsync(2) and fdatasync(2): all that is written survives, but a FIFO has nothing to sync.
    pub(super) fn sync(&mut self, process: ProcessId, fd: Fd, data_only: bool) -> Result<()> {
        self.check_no_fifo(process, fd, Errno::INVAL)?;
        let number = self.description(process, fd).inode;
        if let Some(disk) = &mut self.disk {
            disk.sync(number, &self.inodes[&number], data_only);
        }
        let description = self.description_of(process, fd);
        match self.description(process, fd).untold {
            Some(errno) => {
                self.description_mut(description).untold = None;
                Err(errno)
            }
            None => Ok(()),
        }
    }

    /// The call has failed with this error, which matters if it is a sync.
    pub(crate) fn sync_failed(&mut self, process: ProcessId, request: &Request, errno: Errno) {
        let (Request::Fsync { fd } | Request::Fdatasync { fd }) = request else {
            return;
        };
        let own = self.description_of(process, *fd);
        let number = self.description(process, *fd).inode;
        let drops = self.faults.failed_sync != FailedSync::Retried;
        let regular = matches!(self.inodes[&number].node, Node::Regular(_));
        let dropped = self.disk.as_mut().filter(|_| drops && regular);
        if !dropped.is_some_and(|disk| disk.drop_unsynced(number)) {
            return;
        }
        let is_told = self.faults.failed_sync == FailedSync::Dropped;
        let open = self.descriptions.iter();
        let open = open.filter(|(_, description)| description.inode == number);
        let open: Vec<_> = open.map(|(description, _)| *description).collect();
        for description in open {
            let untold = &mut self.description_mut(description).untold;
            match description == own {
                true => *untold = None,
                false if is_told => *untold = Some(errno),
                false => {}
            }
        }
    }

    /// How many pages the call writes to; 0 if it does not write.
    #[must_use]
    pub fn pages(&self, process: ProcessId, request: &Request) -> u64 {
        match self.write_of(process, request) {
            Some((_, at, bytes)) if !bytes.is_empty() => {
                let page = self.faults.page_bytes;
                (at % page + bytes.len() as u64).div_ceil(page)
            }
            _ => 0,
        }
    }

    /// Where in the file the call transfers its first byte, if it transfers any.
    #[must_use]
    pub fn start_of(&self, process: ProcessId, request: &Request) -> u64 {
        match request {
            Request::Pread { offset, .. } => *offset,
            _ => self.write_of(process, request).map_or(0, |(_, at, _)| at),
        }
    }

    /// Carries out the part of a write that falls into the first `pages` of its pages.
    pub(super) fn write_pages(&mut self, process: ProcessId, request: &Request, pages: u64) {
        let Some((fd, at, bytes)) = self.write_of(process, request) else {
            return;
        };
        let page = self.faults.page_bytes;
        let boundary = (at / page + pages) * page;
        let count = usize::try_from(boundary.saturating_sub(at)).expect("a write fits into memory");
        if let Ok(file) = self.regular(process, fd) {
            self.write_content(process, file, at, &bytes[..count]);
        }
    }

    /// Where and what the call writes, if it does.
    fn write_of<'r>(
        &self,
        process: ProcessId,
        request: &'r Request,
    ) -> Option<(Fd, u64, &'r [u8])> {
        let (fd, offset, bytes) = match request {
            Request::Pwrite { fd, bytes, offset } => (*fd, *offset, bytes),
            Request::Append { fd, bytes } => (*fd, 0, bytes),
            _ => return None,
        };
        check_offset(offset).ok()?;
        self.check_no_fifo(process, fd, Errno::SPIPE).ok()?;
        self.writable(process, fd).ok()?;
        let count = bytes.len().min(self.faults.transfer_bytes_max);
        Some((fd, self.write_offset(process, fd, offset), &bytes[..count]))
    }

    /// On a descriptor opened to append, pwrite(2) too goes to the end of the file (its "BUGS").
    fn write_offset(&self, process: ProcessId, fd: Fd, offset: u64) -> u64 {
        match self.description(process, fd).access {
            Access::Append => self.fstat(process, fd).size,
            _ => offset,
        }
    }

    fn writable(&self, process: ProcessId, fd: Fd) -> Result<()> {
        match self.description(process, fd).access {
            Access::ReadWrite | Access::Append => Ok(()),
            Access::Read | Access::Directory => Err(Errno::BADF),
        }
    }

    fn check_no_fifo(&self, process: ProcessId, fd: Fd, errno: Errno) -> Result<()> {
        match self.inodes[&self.description(process, fd).inode].node {
            Node::Fifo => Err(errno),
            Node::Regular(_) | Node::Directory(_) | Node::Symlink => Ok(()),
        }
    }

    fn regular(&self, process: ProcessId, fd: Fd) -> Result<InodeNumber> {
        let number = self.description(process, fd).inode;
        match self.inodes[&number].node {
            Node::Regular(_) => Ok(number),
            Node::Directory(_) => Err(Errno::ISDIR),
            Node::Fifo => unreachable!("its callers look whether it is one"),
            Node::Symlink => unreachable!("a symbolic link cannot be opened"),
        }
    }

    fn write_content(&mut self, process: ProcessId, file: InodeNumber, offset: u64, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.touch(process, file);
        self.content_mut(file).write(offset, bytes);
        self.record(|| Change::Write {
            file,
            offset,
            bytes: bytes.to_vec(),
        });
    }

    pub(super) fn resize(&mut self, file: InodeNumber, size: u64) {
        if self.inodes[&file].node.size() == size {
            return;
        }
        self.content_mut(file).set_size(size);
        self.record(|| Change::Resize { file, size });
    }

    fn content_mut(&mut self, file: InodeNumber) -> &mut Content {
        match &mut self.inode_mut(file).node {
            Node::Regular(content) => content,
            other => unreachable!("only regular files have content: {other:?}"),
        }
    }
}
