//! What a process finds in its windows, and what it leaves there.

use super::footing::Footing;
use hookstate::kernel::Kernel;
use hookstate::strategy::{Site, Strategy};
use hookstate::{Outcome, Result, State};
use serde_json::Value;
use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

/// A strategy that shows what its last window found and left. The numbers in a state tell a judge
/// which of two windows came first, which the processes themselves are not told.
#[derive(Clone)]
pub(super) struct Witness {
    footing: Footing,
    last: Rc<RefCell<Window>>,
    misreading: Rc<RefCell<Option<Misreading>>>,
}

/// A state before and after a window.
#[derive(Clone, Default)]
pub(super) struct Window {
    pub(super) before: Value,
    pub(super) after: Value,
}

type Misreading = Box<dyn Fn(&mut Value)>;

impl Witness {
    pub(super) fn of(footing: Footing) -> Self {
        Self {
            footing,
            last: Rc::default(),
            misreading: Rc::default(),
        }
    }

    /// The last window of this process.
    pub(super) fn last(&self) -> Window {
        self.last.borrow().clone()
    }

    /// From now on the code is shown the state with this done to it, so that what it compares is
    /// equal, say.
    pub(super) fn misread(&self, how: impl Fn(&mut Value) + 'static) {
        self.misreading.replace(Some(Box::new(how)));
    }

    fn show<T: State>(&self, state: &mut T) {
        if let Some(how) = &*self.misreading.borrow() {
            let mut value = as_json(state);
            how(&mut value);
            *state = serde_json::from_value(value).expect("it is still such a state");
        }
    }
}

impl Strategy for Witness {
    fn name(&self) -> &'static str {
        self.footing.name()
    }

    fn data_file<K>(&self, site: &Site<'_, K>) -> PathBuf {
        self.footing.data_file(site)
    }

    fn modify<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<R, E>>> {
        self.footing.modify(site, |state: &mut T| {
            let before = as_json(state);
            self.show(state);
            let result = change(state);
            let after = as_json(state);
            self.last.replace(Window { before, after });
            result
        })
    }

    fn read<T: State, K: Kernel>(&self, site: &Site<'_, K>) -> Result<Outcome<T>> {
        self.footing.read(site)
    }
}

fn as_json<T: State>(state: &T) -> Value {
    serde_json::to_value(state).expect("what is kept in the models is JSON")
}
