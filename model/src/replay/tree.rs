//! The store's directory as a value: to begin on the host as on the simulated kernel, and to compare
//! what is there in the end, byte by byte.

use crate::oracle::DIRECTORY;
use hookstate::kernel::{Access, Errno, Kernel, OpenHow, Result};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// The files of the directory by name; `None` if there is no directory.
#[derive(Clone, PartialEq, Eq)]
pub struct Tree(Option<BTreeMap<String, Vec<u8>>>);

impl Tree {
    /// What is there.
    ///
    /// # Errors
    ///
    /// Those of the calls.
    pub fn of<K: Kernel>(kernel: &K) -> Result<Self> {
        let directory = Path::new(DIRECTORY);
        let names = match kernel.list(directory) {
            Ok(names) => names,
            Err(Errno::NOENT) => return Ok(Self(None)),
            Err(errno) => return Err(errno),
        };
        let files = names.into_iter().map(|name| {
            let content = content_of(kernel, &directory.join(&name))?;
            Ok((name.to_string_lossy().into_owned(), content))
        });
        files.collect::<Result<_>>().map(Some).map(Self)
    }

    /// Makes what is not there yet.
    ///
    /// # Errors
    ///
    /// Those of the calls.
    pub fn plant<K: Kernel>(&self, kernel: &K) -> Result<()> {
        let Some(files) = &self.0 else {
            return Ok(());
        };
        let directory = Path::new(DIRECTORY);
        kernel.mkdir(directory, 0o700)?;
        files
            .iter()
            .try_for_each(|(name, content)| write(kernel, &directory.join(name), content))
    }
}

fn content_of<K: Kernel>(kernel: &K, path: &Path) -> Result<Vec<u8>> {
    let fd = kernel.open(path, OpenHow::existing(Access::Read))?;
    let mut content = Vec::new();
    let mut part = [0; 4096];
    let result = loop {
        match kernel.pread(&fd, &mut part, content.len() as u64) {
            Ok(0) => break Ok(content),
            Ok(count) => content.extend_from_slice(&part[..count]),
            Err(errno) => break Err(errno),
        }
    };
    kernel.close(fd);
    result
}

fn write<K: Kernel>(kernel: &K, path: &Path, content: &[u8]) -> Result<()> {
    let fd = kernel.open(path, OpenHow::or_create(Access::ReadWrite))?;
    let mut done = 0;
    let mut result = Ok(());
    while done < content.len() && result.is_ok() {
        result = kernel
            .pwrite(&fd, &content[done..], done as u64)
            .map(|count| done += count);
    }
    kernel.close(fd);
    result
}

/// One file a line, with its length and the beginning of its text.
impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(files) = &self.0 else {
            return f.write_str("no directory");
        };
        let mut map = f.debug_map();
        for (name, content) in files {
            let text = String::from_utf8_lossy(content);
            let beginning: String = text.trim().chars().take(200).collect();
            map.entry(name, &(content.len(), beginning));
        }
        map.finish()
    }
}
