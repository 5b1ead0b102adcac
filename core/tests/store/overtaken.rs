//! Another process runs between any two calls of a change or a read. This is every interleaving of
//! two processes with one preemption, on the real kernel; the models of `hookstate-model` go
//! further, on a simulated one.

use crate::directory::Scratch;
use crate::history::until_compaction;
use crate::ledger::{Change, Ledger};
use crate::sweep::Swept;
use crate::watchers::Asks;
use hookstate::kernel::{Call, CallKind, Host, Watched, Watcher, Way};
use hookstate::strategy::{ALL, AnyStrategy, Strategy};
use hookstate::{ErrorKind, Recovery, Store};
use std::cell::{Cell, RefCell};
use std::time::Duration;

/// What is done by whom.
#[derive(Clone, Debug)]
pub struct Meeting {
    pub history: Vec<Change>,
    /// What the process does that is overtaken; a read if it is none.
    pub one: Option<Change>,
    /// What the other does just before the chosen call of the one.
    pub other: Vec<Change>,
}

impl Meeting {
    /// Lets the other process run before each call of the one in turn, and says what went wrong.
    pub fn at_each_call<S: Strategy + Copy>(&self, strategy: S) -> Result<Swept, String> {
        let before = Scratch::in_memory();
        let store = Store::<Ledger, S>::with(before.store(), "state", strategy, Host);
        for change in &self.history {
            let _clean = change.made_in(&store).map_err(|error| error.to_string())?;
        }
        for nth in 0.. {
            let scratch = before.copy();
            if !self.at_call(nth, strategy, &scratch)? {
                return Ok(Swept(nth));
            }
        }
        unreachable!("a change makes a finite number of calls")
    }

    /// `false` if the one made fewer calls.
    fn at_call<S: Strategy + Copy>(
        &self,
        nth: usize,
        strategy: S,
        scratch: &Scratch,
    ) -> Result<bool, String> {
        let other = Store::<Ledger, S>::with(scratch.store(), "state", strategy, Host)
            .lock_timeout(Duration::ZERO);
        let calls = Cell::new(0);
        let met_at = RefCell::new(None);
        let made = RefCell::new(Vec::new());
        let watcher = Asks(|call: &Call<'_>| {
            if calls.replace(calls.get() + 1) == nth {
                *met_at.borrow_mut() = Some(call.to_string());
                *made.borrow_mut() = self.made_by_the_other(&other);
            }
            Way::Through
        });
        let (seen, is) = self.by_the_one(strategy, scratch, watcher)?;
        let Some(met_at) = met_at.into_inner() else {
            return Ok(false);
        };
        let allowed = self.allowed(&made.into_inner());
        for (what, ledger) in [("saw", &seen), ("left", &is)] {
            if !allowed.contains(ledger) {
                let name = strategy.name();
                return Err(format!(
                    "{name}: {self:?}, meeting before call {nth}, {met_at}: \
                     {what} {ledger:?}, allowed was {allowed:?}"
                ));
            }
        }
        Ok(true)
    }

    /// The changes that the other process could make. It does not wait for a lock, because the
    /// holder waits for it.
    fn made_by_the_other<S: Strategy>(&self, store: &Store<Ledger, S>) -> Vec<Change> {
        let made = |change: &&Change| match change.made_in(store) {
            Ok(outcome) => {
                assert_eq!(outcome.recovery, None, "nothing was damaged");
                true
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::LockTimeout, "{error:?}");
                false
            }
        };
        self.other.iter().filter(made).cloned().collect()
    }

    /// What the one saw, and what is in the state afterwards.
    fn by_the_one<S: Strategy + Copy>(
        &self,
        strategy: S,
        scratch: &Scratch,
        watcher: impl Watcher,
    ) -> Result<(Ledger, Ledger), String> {
        let kernel = Watched::new(Host, watcher);
        let store = Store::<Ledger, S, _>::with(scratch.store(), "state", strategy, kernel)
            .lock_timeout(Duration::from_secs(5));
        let fresh = Store::<Ledger, S>::with(scratch.store(), "state", strategy, Host);
        let recovery = match &self.one {
            Some(change) => change.made_in(&store).map(|done| (None, done.recovery)),
            None => store.read().map(|done| (Some(done.value), done.recovery)),
        };
        let (seen, recovery) = recovery.map_err(|error| format!("{self:?}: {error:?}"))?;
        if recovery.is_some() {
            return Err(format!("{self:?}: nothing was damaged, yet {recovery:?}"));
        }
        let is = fresh
            .read()
            .map_err(|error| format!("{self:?}: {error:?}"))?;
        Ok((seen.unwrap_or_else(|| is.value.clone()), is.value))
    }

    /// The states that some order of the changes makes; a read is allowed to come anywhere too.
    fn allowed(&self, other: &[Change]) -> Vec<Ledger> {
        let history = Ledger::of(&self.history);
        let orders = (0..=other.len()).map(|at| match &self.one {
            Some(one) => {
                let (sooner, later) = other.split_at(at);
                let all = sooner.iter().chain([one]).chain(later);
                all.fold(history.clone(), |ledger, change| ledger.after(change))
            }
            None => other[..at]
                .iter()
                .fold(history.clone(), |ledger, change| ledger.after(change)),
        });
        orders.collect()
    }
}

/// Meetings of changes and reads over all sizes, from an empty directory and from a used one.
pub fn meetings() -> Vec<Meeting> {
    use Change::{Add, Finalize, Put, Remove};
    let small = Put { key: 1, bytes: 100 };
    let large = Put {
        key: 2,
        bytes: 9_000,
    };
    let add = Add {
        key: 3,
        key_bytes: 0,
    };
    let histories = [vec![], vec![small, small], vec![small, large, add]];
    let ones = [
        None,
        Some(Put { key: 4, bytes: 50 }),
        Some(Put {
            key: 4,
            bytes: 9_500,
        }),
        Some(Remove { key: 2 }),
        Some(Add {
            key: 4,
            key_bytes: 0,
        }),
        Some(Finalize),
    ];
    let others = [
        vec![Put { key: 5, bytes: 60 }],
        vec![small, large],
        vec![small, large, Remove { key: 2 }],
        vec![add, add],
        vec![Finalize],
        vec![large, Finalize, add],
    ];
    let mut all = Vec::new();
    for history in &histories {
        for one in &ones {
            all.extend(others.iter().map(|other| Meeting {
                history: history.clone(),
                one: *one,
                other: other.clone(),
            }));
        }
    }
    all
}

fn must_hold(meetings: &[Meeting], strategies: &[AnyStrategy]) {
    let mut runs = 0;
    for meeting in meetings {
        for strategy in strategies {
            let Swept(more) = meeting.at_each_call(*strategy).unwrap();
            assert!(more > 0, "{strategy:?}: {meeting:?}: they did not meet");
            runs += more;
        }
    }
    println!("{runs} runs in which the two met");
}

#[test]
fn no_change_is_lost_between_any_two_calls_of_another() {
    must_hold(&meetings(), &ALL);
}

#[test]
fn no_change_is_lost_around_a_compaction() {
    let log = AnyStrategy::named("append-log").expect("a strategy");
    let (history, last) = until_compaction(log).expect("the log is compacted");
    let small = Change::Add {
        key: 9,
        key_bytes: 0,
    };
    let put = Change::Put { key: 9, bytes: 10 };
    // Either of the two compacts, and the other appends, modifies, compacts too, or reads.
    let pairs = [
        (Some(last), vec![small]),
        (Some(last), vec![last, small]),
        (Some(last), vec![put]),
        (Some(small), vec![last]),
        (Some(put), vec![last]),
        (None, vec![last]),
    ];
    let meetings = pairs.map(|(one, other)| Meeting {
        history: history.clone(),
        one,
        other,
    });
    must_hold(&meetings, &[log]);
}

/// Appenders share the lock, so that another record can come between the first part of one and the
/// rest. So all of it is written again, and the part is left out.
#[test]
fn a_record_cut_short_is_not_continued_behind_that_of_another() {
    let log = AnyStrategy::named("append-log").expect("a strategy");
    let ours = Change::Add {
        key: 1,
        key_bytes: 0,
    };
    let theirs = Change::Add {
        key: 2,
        key_bytes: 0,
    };
    for bytes in [1, 2, 10, 30] {
        let scratch = Scratch::new();
        let other = Store::<Ledger, _>::with(scratch.store(), "state", log, Host);
        let appends = Cell::new(0);
        let watcher = Asks(|call: &Call<'_>| {
            if call.kind() != CallKind::Append {
                return Way::Through;
            }
            appends.set(appends.get() + 1);
            if appends.get() == 1 {
                return Way::Short(bytes);
            }
            let _clean = theirs.made_in(&other).expect("the lock is shared");
            Way::Through
        });
        let kernel = Watched::new(Host, watcher);
        let store = Store::<Ledger, _, _>::with(scratch.store(), "state", log, kernel);
        let _clean = ours.made_in(&store).expect("a change");
        assert_eq!(appends.get(), 2);
        let read = other.read().expect("a state");
        assert_eq!(read.value, Ledger::of(&[ours, theirs]), "{bytes} bytes");
        // The newline that a record begins with is an empty line.
        let skipped = (bytes > 1).then_some(Recovery::Skipped {
            records: 1,
            moved_to: None,
        });
        assert_eq!(read.recovery, skipped, "{bytes} bytes");
    }
}
