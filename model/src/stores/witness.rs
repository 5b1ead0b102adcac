//! What a process finds in its windows, and what it leaves there.

use super::footing::Footing;
use hookstate::kernel::Kernel;
use hookstate::strategy::{Site, Strategy};
use hookstate::{Outcome, Result, State};
use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;

/// A strategy that shows what its last window found and left. The numbers in a state tell a judge
/// which of two windows came first, which the processes themselves are not told.
#[derive(Clone)]
pub(super) struct Witness {
    footing: Footing,
    last: Rc<RefCell<Window>>,
    misreading: Rc<RefCell<Option<Misreading>>>,
    amendment: Rc<Cell<Option<Amendment>>>,
    forgets: Rc<Cell<bool>>,
}

/// A state in a window.
#[derive(Clone, Default)]
pub(super) struct Window {
    /// As it was.
    pub(super) before: Value,
    /// As it was left.
    pub(super) after: Value,
    /// Whether the code has changed what it was shown.
    pub(super) changed: bool,
}

type Misreading = Box<dyn Fn(&mut Value)>;

/// What becomes of a state that was as the first and is left as the second.
pub(super) type Amendment = fn(&Value, &mut Value);

impl Witness {
    pub(super) fn of(footing: Footing) -> Self {
        Self {
            footing,
            last: Rc::default(),
            misreading: Rc::default(),
            amendment: Rc::default(),
            forgets: Rc::default(),
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

    /// From now on this is done to what the code leaves, if it changes anything.
    pub(super) fn amend(&self, how: Option<Amendment>) {
        self.amendment.set(how);
    }

    /// From now on what the code decides is told to its caller and not written.
    pub(super) fn forget_decisions(&self) {
        self.forgets.set(true);
    }

    /// What the state is, and what the code is shown.
    fn enter<T: State>(&self, state: &mut T) -> (Value, Value) {
        let before = as_json(state);
        self.show(state);
        (before, as_json(state))
    }

    fn leave<T: State>(&self, state: &mut T, before: Value, shown: &Value) {
        let changed = !self.forgets.get() && as_json(state) != *shown;
        if !changed {
            // What was only shown is not written.
            *state = state_of(before.clone());
        } else if let Some(amend) = self.amendment.get() {
            let mut after = as_json(state);
            amend(&before, &mut after);
            *state = state_of(after);
        }
        self.last.replace(Window {
            before,
            after: as_json(state),
            changed,
        });
    }

    fn show<T: State>(&self, state: &mut T) {
        if let Some(how) = &*self.misreading.borrow() {
            let mut value = as_json(state);
            how(&mut value);
            *state = state_of(value);
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
        let (mut change, mut result) = (Some(change), None);
        let mut window = |state: &mut T| {
            let change = change.take().expect("a window is entered once");
            let (before, shown) = self.enter(state);
            let changed = change(state);
            self.leave(state, before, &shown);
            let verdict = changed.is_ok().then_some(()).ok_or(());
            result = Some(changed);
            verdict
        };
        // The strategies are compiled once for each sort of state then, and not once for each change.
        let window: &mut dyn FnMut(&mut T) -> std::result::Result<(), ()> = &mut window;
        let outcome = self.footing.modify(site, window)?;
        Ok(outcome.map(|_| result.expect("the window was entered")))
    }

    fn read<T: State, K: Kernel>(&self, site: &Site<'_, K>) -> Result<Outcome<T>> {
        self.footing.read(site)
    }
}

fn as_json<T: State>(state: &T) -> Value {
    serde_json::to_value(state).expect("what is kept in the models is JSON")
}

fn state_of<T: State>(value: Value) -> T {
    serde_json::from_value(value).expect("it is still such a state")
}
