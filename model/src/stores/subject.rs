//! A store that stands on the strategies, what must hold of it, and the mistakes that must be
//! rejected.

use super::{AnySearch, Sound};
use crate::oracle::ViolationKind;
use crate::search::Budget;
use hookstate::strategy::{AnyStrategy, Strategy};

/// Something that stands on the strategies.
#[derive(Clone, Copy, Debug)]
pub struct Subject {
    /// What it is called on the command line and in reports.
    pub name: &'static str,
    /// What it is a part of.
    pub kind: Kind,
    /// What must hold of it, in one sentence.
    pub holds: &'static str,
    /// What it stands on, and the search there.
    pub ground: Ground,
    /// In what the proof searches it.
    pub settings: &'static [Setting],
    /// What must be rejected, or the search has shown nothing.
    pub controls: &'static [Control],
}

/// What a subject is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `hookstate::guard`.
    Guards,
    /// `hookstate::stats`.
    Statistics,
    /// `hookstate::tasks`.
    Tasks,
}

/// What a subject stands on. The search is that of so many processes with so much going wrong; if
/// there are more processes than parts, they begin with the first part again.
#[derive(Clone, Copy, Debug)]
pub enum Ground {
    /// A store, with one of these strategies.
    Store(
        &'static [AnyStrategy],
        fn(Sound, Setting) -> Box<dyn AnySearch>,
    ),
    /// Locks of its own.
    Locks(fn(Setting) -> Box<dyn AnySearch>),
}

/// Among how many processes something is searched, and how much goes wrong there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// How many processes.
    pub processes: usize,
    /// How much goes wrong in all of them together.
    pub budget: Budget,
}

/// In what most are searched.
pub(super) const SETTINGS: &[Setting] = &[
    Setting::kills(3, 1),
    Setting::kills(2, 2),
    Setting::failing(2),
];

/// The code of a subject, or a program in its place, with one mistake in it. It runs among the
/// processes of the subject and is judged like it.
#[derive(Clone, Copy, Debug)]
pub struct Control {
    /// Its one name.
    pub name: &'static str,
    /// What it does differently, in one sentence.
    pub leaves_out: &'static str,
    /// The verdicts with which it is rejected: one of them, whichever the search finds first.
    pub verdicts: &'static [ViolationKind],
    /// What is enough to show it.
    pub setting: Setting,
    /// The search that must reject it, on a strategy that is right. What brings its own, such as
    /// statistics, goes by that.
    pub search: fn(Sound, Setting) -> Box<dyn AnySearch>,
}

impl Subject {
    /// The strategies on which it is searched; `None` once, if it stands on none.
    pub fn grounds(&self) -> impl Iterator<Item = Option<AnyStrategy>> + use<> {
        let (strategies, locks): (&[AnyStrategy], _) = match self.ground {
            Ground::Store(strategies, _) => (strategies, None),
            Ground::Locks(_) => (&[], Some(None)),
        };
        strategies.iter().copied().map(Some).chain(locks)
    }

    /// The search of the shipping code, with all that must hold and all that must come about.
    ///
    /// # Panics
    ///
    /// If it stands on strategies and there is none.
    #[must_use]
    pub fn search(&self, strategy: Option<AnyStrategy>, setting: Setting) -> Box<dyn AnySearch> {
        match self.ground {
            Ground::Store(_, search) => {
                let strategy = strategy.expect("it is one of its own");
                search(Sound::Shipping(strategy), setting)
            }
            Ground::Locks(search) => search(setting),
        }
    }

    /// The same search on what its controls are on. Statistics are on `flock` all the same.
    #[must_use]
    pub fn search_like_controls(&self, setting: Setting) -> Box<dyn AnySearch> {
        match self.ground {
            Ground::Store(_, search) => search(Sound::Plain, setting),
            Ground::Locks(search) => search(setting),
        }
    }

    /// What it is searched on where one ground is enough.
    #[must_use]
    pub fn first_ground(&self) -> Option<AnyStrategy> {
        self.grounds().next().flatten()
    }
}

impl Control {
    /// The search that must reject it, with the shortest story.
    #[must_use]
    pub fn search(&self) -> Box<dyn AnySearch> {
        (self.search)(Sound::Plain, self.setting)
    }
}

impl Kind {
    /// What a report calls those on this ground.
    #[must_use]
    pub fn heading(self, strategy: Option<AnyStrategy>) -> String {
        match strategy {
            Some(strategy) => format!("{} on {}", self.name(), strategy.name()),
            None => self.name().to_owned(),
        }
    }

    /// What all of them are called together.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Guards => "guards",
            Self::Statistics => "statistics",
            Self::Tasks => "tasks",
        }
    }

    /// What a report calls their controls.
    #[must_use]
    pub const fn controls(self) -> &'static str {
        match self {
            Self::Guards => "guards with a mistake",
            Self::Statistics => "statistics with a mistake",
            Self::Tasks => "tasks with a mistake",
        }
    }
}

impl Setting {
    /// So many processes, of which so many may be killed.
    #[must_use]
    pub const fn kills(processes: usize, kills: u8) -> Self {
        Self {
            processes,
            budget: Budget::kills(kills),
        }
    }

    /// So many processes, of whose calls one may fail.
    #[must_use]
    pub const fn failing(processes: usize) -> Self {
        Self::failures(processes, 1)
    }

    /// So many processes, of whose calls so many may fail.
    #[must_use]
    pub const fn failures(processes: usize, failures: u8) -> Self {
        Self {
            processes,
            budget: Budget {
                failures,
                ..Budget::NOTHING
            },
        }
    }
}
