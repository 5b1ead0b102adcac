//! What stands on the strategies: statistics, tasks and guards.
//!
//! That a strategy loses no change says nothing yet of the code that decides what to change: it can
//! look in one window and write in another, count what it never sees again, or leave with something
//! undone. So each of these stores is a [`Subject`] of its own: processes that use the shipping code
//! on the simulated kernel, what must hold of what they were told, what has to come about, and
//! [`Control`]s that make one mistake and must be rejected: on the shortest strategy that is right, and
//! on the one that ships.
//!
//! The clocks of the simulated kernel stand still. Times are zero where something is to be over at
//! once, long where it is to last for ever, and a process whose clock is ahead ([`Later`]) comes when
//! the time is up, in whatever order the search lets it come.

mod subject;

mod any_search;
mod later;
mod scene;

mod footing;
mod plain;
mod witness;

mod guards;
mod statistics;
mod tasks;

mod step;

pub use any_search::AnySearch;
pub use footing::Sound;
pub use later::Later;
pub use step::Step;
pub use subject::{Control, Ground, Kind, Setting, Subject};

/// The subjects, in the order in which tools list them.
pub const ALL: [Subject; 36] = [
    statistics::finalize::FINALIZE,
    statistics::finalize::TWICE,
    statistics::finalize::FIRST_USE,
    statistics::finalize::HAND_ON,
    statistics::finalize::TWO_PAGES,
    statistics::finalize::PEER,
    statistics::removal::REMOVE,
    statistics::removal::REMOVE_TWICE,
    statistics::cleanup::CLEANUP,
    statistics::failing::RETRY,
    statistics::failing::IN_PAGES,
    tasks::claims::CLAIMS,
    tasks::claims::FAILURES,
    tasks::claims::RETRIES,
    tasks::claims::PASSING,
    tasks::clock::WAITING,
    tasks::clock::EXPIRY,
    tasks::removal::REMOVAL,
    tasks::removal::SESSION,
    tasks::additions::ADDITIONS,
    tasks::additions::RESET,
    tasks::at_once::RESET_TWICE,
    tasks::at_once::ADDED_AND_REMOVED,
    tasks::import::IMPORT,
    guards::slots::SLOTS,
    guards::slots::ONE_SLOT,
    guards::debounce::DEBOUNCE,
    guards::debounce::TAKE_OVER,
    guards::debounce::LEADING,
    guards::breaker::BREAKER,
    guards::failures::FAILURES,
    guards::rate_limit::RATE_LIMIT,
    guards::once::ONCE,
    guards::once_late::LATE,
    guards::pending::PENDING,
    guards::confirmed::CONFIRMED,
];

/// The subject with this name.
#[must_use]
pub fn named(name: &str) -> Option<Subject> {
    ALL.into_iter().find(|subject| subject.name == name)
}

/// Every control with its subject, in the order of the subjects.
pub fn controls() -> impl Iterator<Item = (Subject, &'static Control)> {
    let of = |subject: Subject| {
        let controls = subject.controls.iter();
        controls.map(move |control| (subject, control))
    };
    ALL.into_iter().flat_map(of)
}
