//! What is put under stress: a strategy of the store, or a control that must be caught.

use hookstate::kernel::Kernel;
use hookstate::strategy::{self, AnyStrategy, Site, Strategy};
use hookstate::{Outcome, Result, State};
use hookstate_model::control::{self, AnyControl};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A strategy or a control, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub(crate) enum Subject {
    /// Must be exact.
    Strategy(AnyStrategy),
    /// Must be caught.
    Control(AnyControl),
}

/// What is expected of a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// That it is exact.
    Strategy,
    /// That it is caught.
    Control,
}

impl Subject {
    /// The strategy or control with this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let strategy = AnyStrategy::named(name).map(Self::Strategy);
        strategy.or_else(|| AnyControl::named(name).map(Self::Control))
    }

    /// All strategies, in the order of their list.
    pub(crate) fn strategies() -> Vec<Self> {
        strategy::ALL.map(Self::Strategy).to_vec()
    }

    /// All controls, in the order of their list.
    pub(crate) fn controls() -> Vec<Self> {
        control::ALL.map(Self::Control).to_vec()
    }

    /// The controls that lose updates only if somebody is killed.
    pub(crate) fn controls_under_kill() -> Vec<Self> {
        control::UNDER_KILL.map(Self::Control).to_vec()
    }

    /// All strategies, then all controls.
    pub(crate) fn all() -> Vec<Self> {
        let controls = [Self::controls(), Self::controls_under_kill()].concat();
        [Self::strategies(), controls].concat()
    }

    pub(crate) const fn role(self) -> Role {
        match self {
            Self::Strategy(_) => Role::Strategy,
            Self::Control(_) => Role::Control,
        }
    }

    /// Whether only the first use of an empty directory can show what is wrong with it.
    pub(crate) const fn loses_at_first_use_only(self) -> bool {
        match self {
            Self::Strategy(_) => false,
            Self::Control(control) => control.loses_at_first_use_only(),
        }
    }
}

impl From<Subject> for &'static str {
    fn from(subject: Subject) -> Self {
        subject.name()
    }
}

impl TryFrom<String> for Subject {
    type Error = String;

    fn try_from(name: String) -> std::result::Result<Self, String> {
        Self::named(&name).ok_or_else(|| format!("no strategy or control is called {name}"))
    }
}

macro_rules! each {
    ($any:expr, $one:ident => $body:expr) => {
        match $any {
            Subject::Strategy($one) => $body,
            Subject::Control($one) => $body,
        }
    };
}

impl Strategy for Subject {
    fn name(&self) -> &'static str {
        each!(self, one => one.name())
    }

    fn data_file<K>(&self, site: &Site<'_, K>) -> PathBuf {
        each!(self, one => one.data_file(site))
    }

    fn modify<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<R, E>>> {
        each!(self, one => one.modify(site, change))
    }

    fn apply<T: State, K: Kernel>(
        &self,
        site: &Site<'_, K>,
        delta: &T::Delta,
    ) -> Result<Outcome<()>> {
        each!(self, one => one.apply::<T, K>(site, delta))
    }

    fn remove<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        last: impl FnOnce(T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<Option<R>, E>>> {
        each!(self, one => one.remove(site, last))
    }

    fn read<T: State, K: Kernel>(&self, site: &Site<'_, K>) -> Result<Outcome<T>> {
        each!(self, one => one.read(site))
    }
}
