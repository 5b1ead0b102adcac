//! The shortest strategy that is right on the simulated kernel, where no write fails or stops short: one
//! file, which is read and written in one locked window of five calls.
//!
//! It needs neither a journal nor a look whether the file still has its name: what is written is one page,
//! which a kill does not tear there, and nobody replaces the file or removes it. A page is never shorter
//! than what it replaces, so readers see one state or the next and need no lock. On Linux a reader can see
//! a page half written; no strategy that ships relies on it.

use super::footing::encoded;
use crate::control::file::{OpenFile, locked};
use hookstate::kernel::{Access, FlockOperation, Kernel, OpenHow};
use hookstate::strategy::{Site, Strategy};
use hookstate::{Outcome, Result, State};
use std::path::PathBuf;

const PAGE: usize = 4096;

#[derive(Clone, Copy, Debug)]
pub(super) struct Plain;

impl Strategy for Plain {
    fn name(&self) -> &'static str {
        "plain"
    }

    fn data_file<K>(&self, site: &Site<'_, K>) -> PathBuf {
        site.path(".json")
    }

    fn modify<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<R, E>>> {
        let path = self.data_file(site);
        let file = locked(site.kernel, &path, FlockOperation::Exclusive)?;
        let mut state: T = state_in(&file)?;
        let changed = change(&mut state);
        if changed.is_ok() {
            file.write_bytes(&page_of(encoded(&state)))?;
        }
        Ok(Outcome::clean(changed))
    }

    fn read<T: State, K: Kernel>(&self, site: &Site<'_, K>) -> Result<Outcome<T>> {
        let path = self.data_file(site);
        let file = OpenFile::open(site.kernel, &path, OpenHow::existing(Access::Read))?;
        let state = file.map_or(Ok(T::default()), |file| state_in(&file))?;
        Ok(Outcome::clean(state))
    }
}

/// The default state if nobody has written one yet.
fn state_in<T: State, K: Kernel>(file: &OpenFile<'_, K>) -> Result<T> {
    let content = file.content()?;
    match content.is_empty() {
        true => Ok(T::default()),
        false => Ok(serde_json::from_slice(&content).expect("it was written in one piece")),
    }
}

fn page_of(mut json: Vec<u8>) -> Vec<u8> {
    assert!(json.len() <= PAGE, "more than a page can be torn");
    json.resize(PAGE, b' ');
    json
}
