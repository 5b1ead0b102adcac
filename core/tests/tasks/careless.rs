//! The control of all tests: a store that reads, changes and writes back what it read, with no lock,
//! and that truncates the file before it writes. Such was the program before.

use crate::child;
use hookstate::kernel::{Access, CallKind, Create, Kernel, OpenHow};
use hookstate::strategy::{Site, Strategy};
use hookstate::{Error, Outcome, Result, State};
use std::path::{Path, PathBuf};

/// A strategy that keeps nobody apart.
#[derive(Clone, Copy)]
pub struct Careless {
    /// What it does between reading and writing. Any time may pass there.
    pub between: fn(),
}

impl Careless {
    /// One that writes at once.
    pub fn hasty() -> Self {
        Self { between: || () }
    }

    /// One that says that it has read, and waits until it is let go on. For children.
    pub fn slow() -> Self {
        Self {
            between: || {
                child::say("ready");
                child::wait();
            },
        }
    }
}

impl Strategy for Careless {
    fn name(&self) -> &'static str {
        "careless"
    }

    fn data_file<K>(&self, site: &Site<'_, K>) -> PathBuf {
        site.path(".careless.json")
    }

    fn modify<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<R, E>>> {
        let path = self.data_file(site);
        let mut state: T = load(site.kernel, &path);
        (self.between)();
        let result = change(&mut state);
        if result.is_ok() {
            let json = state.to_json().expect("a state of tasks is JSON");
            save(site, &path, &json)?;
        }
        Ok(Outcome::clean(result))
    }

    fn read<T: State, K: Kernel>(&self, site: &Site<'_, K>) -> Result<Outcome<T>> {
        Ok(Outcome::clean(load(site.kernel, &self.data_file(site))))
    }
}

/// What cannot be read counts as nothing.
fn load<T: State, K: Kernel>(kernel: &K, path: &Path) -> T {
    let Ok(fd) = kernel.open(path, OpenHow::existing(Access::Read)) else {
        return T::default();
    };
    let size = kernel.fstat(&fd).map_or(0, |stat| stat.size);
    let mut bytes = vec![0; usize::try_from(size).expect("a small file")];
    let read = kernel.pread(&fd, &mut bytes, 0).unwrap_or(0);
    kernel.close(fd);
    T::from_json(&bytes[..read]).unwrap_or_default()
}

fn save<K: Kernel>(site: &Site<'_, K>, path: &Path, json: &[u8]) -> Result<()> {
    // It is there from the second time on.
    let _ = site.kernel.mkdir(site.directory, 0o700);
    let how = OpenHow {
        access: Access::ReadWrite,
        create: Create::IfMissing,
        truncate: true,
    };
    let failed = |call| move |errno| Error::from_call("write", path, call, errno);
    let fd = site
        .kernel
        .open(path, how)
        .map_err(failed(CallKind::Open))?;
    let written = site.kernel.pwrite(&fd, json, 0);
    site.kernel.close(fd);
    written.map(drop).map_err(failed(CallKind::Pwrite))
}
