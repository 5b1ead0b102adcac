//! Read once, and save what was read.
//!
//! A right strategy, wrongly used: the state that it has read before its first change is what it
//! changes and saves from then on, whoever has changed the file meanwhile. Each save is a window of the
//! strategy's own, whole and locked.

use hookstate::kernel::Kernel;
use hookstate::strategy::{Site, Strategy};
use hookstate::{Outcome, Result, State};
use serde_json::Value;
use std::cell::RefCell;
use std::path::PathBuf;

/// A strategy that holds on to what it has read. One for each process and state.
#[derive(Debug)]
pub struct Held<S> {
    under: S,
    snapshot: RefCell<Option<Value>>,
}

impl<S: Strategy> Held<S> {
    /// Nothing is read yet.
    pub const fn of(under: S) -> Self {
        Self {
            under,
            snapshot: RefCell::new(None),
        }
    }

    fn held<T: State, K: Kernel>(&self, site: &Site<'_, K>) -> Result<T> {
        if let Some(held) = &*self.snapshot.borrow() {
            return Ok(serde_json::from_value(held.clone()).expect("it was such a state"));
        }
        let read = self.under.read(site)?.value;
        self.hold(&read);
        Ok(read)
    }

    fn hold<T: State>(&self, state: &T) {
        let value = serde_json::to_value(state).expect("such states are JSON");
        self.snapshot.replace(Some(value));
    }
}

impl<S: Strategy> Strategy for Held<S> {
    fn name(&self) -> &'static str {
        self.under.name()
    }

    fn data_file<K>(&self, site: &Site<'_, K>) -> PathBuf {
        self.under.data_file(site)
    }

    fn modify<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<R, E>>> {
        let mut state = self.held(site)?;
        let changed = match change(&mut state) {
            Ok(changed) => changed,
            Err(refused) => return Ok(Outcome::clean(Err(refused))),
        };
        self.under.modify(site, |current: &mut T| {
            self.hold(&state);
            *current = state;
            Ok(changed)
        })
    }

    fn read<T: State, K: Kernel>(&self, site: &Site<'_, K>) -> Result<Outcome<T>> {
        self.held(site).map(Outcome::clean)
    }
}
