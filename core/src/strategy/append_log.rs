//! stub
use super::{Site, Strategy};
use crate::kernel::Kernel;
use crate::{Outcome, Result, State};
use std::path::PathBuf;

/// stub
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AppendLog;

impl Strategy for AppendLog {
    fn name(&self) -> &'static str {
        "append-log"
    }
    fn data_file<K>(&self, site: &Site<'_, K>) -> PathBuf {
        site.path(".json")
    }
    fn modify<T: State, K: Kernel, R, E>(
        &self,
        _site: &Site<'_, K>,
        _change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<R, E>>> {
        todo!()
    }
    fn read<T: State, K: Kernel>(&self, _site: &Site<'_, K>) -> Result<Outcome<T>> {
        todo!()
    }
}
