//! What is in the directory of the store in the end, besides the state.

use super::{DIRECTORY, Violation};
use crate::sim::{Door, SimProcess};
use hookstate::kernel::{Access, Kernel, OpenHow};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

/// The files in the directory and how long they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remains(BTreeMap<OsString, u64>);

impl Remains {
    /// What is there now.
    ///
    /// # Panics
    ///
    /// If somebody removes a file meanwhile.
    pub fn of<D: Door>(process: &SimProcess<D>) -> Self {
        let names = process.list(Path::new(DIRECTORY)).unwrap_or_default();
        let sized = names.into_iter().map(|name| {
            let stat = process.stat(&Path::new(DIRECTORY).join(&name));
            (name, stat.expect("it was just listed").size)
        });
        Self(sized.collect())
    }

    /// What is in either. How long it is depends on who came first, so it may be of any length.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self.0.values_mut().for_each(|size| *size = u64::MAX);
        self
    }

    /// Whether no more is left behind than here.
    pub(super) fn check(&self, left: &Self) -> Result<(), Violation> {
        let litter = left
            .0
            .iter()
            .find(|(name, size)| self.0.get(*name).is_none_or(|most| *size > most));
        match litter {
            None => Ok(()),
            Some((name, size)) => Err(Violation::Litter {
                name: name.to_string_lossy().into_owned(),
                size: *size,
            }),
        }
    }
}

/// Whether one of the files that damaged content is copied to has this content.
pub(super) fn is_kept<D: Door>(process: &SimProcess<D>, content: &[u8]) -> bool {
    let names = process.list(Path::new(DIRECTORY)).unwrap_or_default();
    names
        .iter()
        .filter(|name| name.to_string_lossy().contains(".corrupt-"))
        .any(|name| begins_with(process, &Path::new(DIRECTORY).join(name), content))
}

fn begins_with<D: Door>(process: &SimProcess<D>, path: &Path, content: &[u8]) -> bool {
    let how = OpenHow::existing(Access::Read);
    let file = process.open(path, how).expect("it was just listed");
    let mut bytes = vec![0; content.len()];
    let count = process.pread(&file, &mut bytes, 0);
    process.close(file);
    count == Ok(content.len()) && bytes == content
}
