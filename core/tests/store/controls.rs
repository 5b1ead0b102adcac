//! The checkers on trial: strategies that are wrong on purpose must not pass.

use crate::damage::{histories, next_changes, nothing_is_lost_in_silence};
use crate::directory::corpses;
use crate::ledger::Change;
use crate::machine::Full;
use crate::overtaken::meetings;
use crate::properties::try_many;
use crate::remove::{SMALL, handed_out_at_least_once, nothing_falls_between};
use crate::sweep::{Case, Demand, Swept, Violation};
use hookstate::kernel::{Access, Errno, Kernel, OpenHow};
use hookstate::strategy::{ALL, AnyStrategy, Site, Strategy};
use hookstate::{Outcome, Result, State};
use std::convert::Infallible;
use std::path::{Path, PathBuf};

/// The mistake that a wrong strategy makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mistake {
    /// Truncates the file before it writes it (pattern 5 of lost updates).
    TruncatesFirst,
    /// Writes the whole file with one write and does not look at how much was written.
    TrustsOneWrite,
    /// Reports success whatever the system said.
    ClaimsSuccess,
    /// Reports a failure that came after the change as if it had come before.
    ClaimsFailure,
    /// Makes calls while its process is being killed.
    CallsInDrop,
    /// Writes nothing if the new state is shorter than the old.
    NeverShrinks,
    /// Writes what the closure did although it refused.
    IgnoresRefusal,
    /// Makes a delta twice.
    AppliesTwice,
    /// Reads in one window and writes in another (pattern 2).
    ReadsBeforeItLocks,
    /// Reads without a lock what is rewritten in place, and takes what it cannot read for the
    /// default state (patterns 22 and 6).
    ReadsWithoutLock,
    /// Takes what it cannot read for the default state, and says nothing (pattern 6).
    StartsAnewInSilence,
    /// Does what is right about damage, but for saying so.
    HidesRecoveries,
    /// Removes the damaged content that it said it kept.
    KeepsNothing,
    /// Reads, hands out and removes, each by itself (pattern 14).
    RemovesInThreeSteps,
    /// Hands the state out when it is gone already.
    RemovesBeforeHandingOut,
    /// Hands the state out and leaves it there.
    RemovesNothing,
}

/// A strategy with one mistake put into it.
#[derive(Clone, Copy)]
struct Wrong<S>(S, Mistake);

impl<S: Strategy> Wrong<S> {
    fn truncates_first<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<R, E>>> {
        self.0.modify(site, |state: &mut T| {
            let result = change(state);
            truncate(site, &self.0.data_file(site));
            result
        })
    }

    fn claims_success<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<R, E>>> {
        let mut said = None;
        let outcome = self.0.modify(site, |state: &mut T| {
            said = Some(change(state));
            Ok::<(), ()>(())
        });
        match said {
            Some(said) => Ok(Outcome::clean(said)),
            None => outcome.map(|_| unreachable!("it succeeded, so the closure ran")),
        }
    }

    fn never_shrinks<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<R, E>>> {
        self.0.modify(site, |state: &mut T| {
            let old = serde_json::to_vec(state).expect("a state that can be written");
            let result = change(state);
            let new = serde_json::to_vec(state).expect("a state that can be written");
            if new.len() < old.len() {
                *state = serde_json::from_slice(&old).expect("and read back");
            }
            result
        })
    }

    fn reads_before_it_locks<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<R, E>>> {
        let mut state = self.0.read::<T, K>(site)?.value;
        let result = change(&mut state);
        self.0.modify(site, |now: &mut T| {
            *now = state;
            result
        })
    }

    fn removes_in_three_steps<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        last: impl FnOnce(T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<Option<R>, E>>> {
        let state = self.0.read::<T, K>(site)?.value;
        let value = last(state);
        if value.is_ok() {
            let _ = site.kernel.unlink(&self.0.data_file(site));
        }
        Ok(Outcome::clean(value.map(Some)))
    }

    fn ignores_refusal<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<R, E>>> {
        let outcome = self
            .0
            .modify(site, |state: &mut T| Ok::<_, Infallible>(change(state)))?;
        Ok(outcome.map(|said| said.unwrap_or_else(|never| match never {})))
    }
}

fn truncate<K: Kernel>(site: &Site<'_, K>, path: &Path) {
    let how = OpenHow {
        truncate: true,
        ..OpenHow::existing(Access::ReadWrite)
    };
    if let Ok(fd) = site.kernel.open(path, how) {
        site.kernel.close(fd);
    }
}

/// Writes a file again with what it holds, but for white space at its end, in one write.
fn write_again<K: Kernel>(site: &Site<'_, K>, path: &Path) {
    let Ok(content) = std::fs::read(path) else {
        return;
    };
    truncate(site, path);
    if let Ok(fd) = site.kernel.open(path, OpenHow::existing(Access::ReadWrite)) {
        let _ = site.kernel.pwrite(&fd, content.trim_ascii_end(), 0);
        site.kernel.close(fd);
    }
}

fn read_in_halves<T: State, K: Kernel>(kernel: &K, path: &Path) -> T {
    let Ok(fd) = kernel.open(path, OpenHow::existing(Access::Read)) else {
        return T::default();
    };
    let size = kernel.fstat(&fd).map_or(0, |stat| stat.size);
    let mut bytes = vec![0; usize::try_from(size).expect("a small file")];
    let half = bytes.len() / 2;
    let _ = kernel.pread(&fd, &mut bytes[..half], 0);
    let _ = kernel.pread(&fd, &mut bytes[half..], half as u64);
    kernel.close(fd);
    serde_json::from_slice(&bytes).unwrap_or_default()
}

/// Makes a call when it is dropped, be it by unwinding.
struct CallsInDrop<'a, K: Kernel>(&'a K, PathBuf);

impl<K: Kernel> Drop for CallsInDrop<'_, K> {
    fn drop(&mut self) {
        // There is no such file; that it is asked for is the mistake.
        let _ = self.0.unlink(&self.1);
    }
}

impl<S: Strategy> Strategy for Wrong<S> {
    /// What it pretends to be.
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn data_file<K>(&self, site: &Site<'_, K>) -> PathBuf {
        self.0.data_file(site)
    }

    fn modify<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        change: impl FnOnce(&mut T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<R, E>>> {
        match self.1 {
            Mistake::TruncatesFirst => self.truncates_first(site, change),
            Mistake::ClaimsSuccess => self.claims_success(site, change),
            Mistake::NeverShrinks => self.never_shrinks(site, change),
            Mistake::IgnoresRefusal => self.ignores_refusal(site, change),
            Mistake::TrustsOneWrite => {
                let outcome = self.0.modify(site, change)?;
                write_again(site, &self.data_file(site));
                Ok(outcome)
            }
            Mistake::ClaimsFailure => {
                let outcome = self.0.modify(site, change)?;
                self.0.read::<T, K>(site).map(|_| outcome)
            }
            Mistake::CallsInDrop => {
                let _guard = CallsInDrop(site.kernel, site.path(".none"));
                self.0.modify(site, change)
            }
            Mistake::ReadsBeforeItLocks => self.reads_before_it_locks(site, change),
            Mistake::StartsAnewInSilence => {
                if self.0.read::<T, K>(site).is_err() {
                    truncate(site, &self.data_file(site));
                    let _ = site.kernel.unlink(&self.data_file(site));
                }
                self.0.modify(site, change)
            }
            Mistake::HidesRecoveries => {
                let outcome = self.0.modify(site, change)?;
                Ok(outcome.after(None))
            }
            Mistake::KeepsNothing => {
                let outcome = self.0.modify(site, change)?;
                for kept in corpses(site.directory) {
                    let _ = site.kernel.unlink(&kept);
                }
                Ok(outcome)
            }
            Mistake::AppliesTwice
            | Mistake::ReadsWithoutLock
            | Mistake::RemovesInThreeSteps
            | Mistake::RemovesBeforeHandingOut
            | Mistake::RemovesNothing => self.0.modify(site, change),
        }
    }

    fn remove<T: State, K: Kernel, R, E>(
        &self,
        site: &Site<'_, K>,
        last: impl FnOnce(T) -> std::result::Result<R, E>,
    ) -> Result<Outcome<std::result::Result<Option<R>, E>>> {
        match self.1 {
            Mistake::RemovesInThreeSteps => self.removes_in_three_steps(site, last),
            Mistake::RemovesBeforeHandingOut => {
                let removed = self.0.remove(site, Ok::<T, Infallible>)?;
                Ok(removed.map(|state| match state {
                    Ok(state) => state.map(last).transpose(),
                    Err(never) => match never {},
                }))
            }
            Mistake::RemovesNothing => {
                let refused = self
                    .0
                    .remove(site, |state| Err::<Infallible, _>(last(state)))?;
                Ok(refused.map(|said| said.map_or_else(|said| said.map(Some), |_| Ok(None))))
            }
            _ => self.0.remove(site, last),
        }
    }

    fn apply<T: State, K: Kernel>(
        &self,
        site: &Site<'_, K>,
        delta: &T::Delta,
    ) -> Result<Outcome<()>> {
        let outcome = self.0.apply::<T, K>(site, delta)?;
        match self.1 {
            Mistake::AppliesTwice => self.0.apply::<T, K>(site, delta),
            _ => Ok(outcome),
        }
    }

    fn read<T: State, K: Kernel>(&self, site: &Site<'_, K>) -> Result<Outcome<T>> {
        match self.1 {
            Mistake::ReadsWithoutLock => Ok(Outcome::clean(read_in_halves(
                site.kernel,
                &self.data_file(site),
            ))),
            _ => self.0.read(site),
        }
    }
}

/// The mistake in a change that grows over a page, in each strategy.
fn cases(mistake: Mistake) -> [Case<Wrong<AnyStrategy>>; 3] {
    ALL.map(|strategy| {
        let small = [Change::Put { key: 1, bytes: 100 }];
        let large = Change::Put {
            key: 2,
            bytes: 9_000,
        };
        Case::new("control", Wrong(strategy, mistake), &small, large)
    })
}

/// The sweep must reject every one of the cases.
fn must_be_caught(
    mistake: Mistake,
    sweep: impl Fn(&Case<Wrong<AnyStrategy>>) -> std::result::Result<Swept, Violation>,
) {
    for (case, right) in cases(mistake).iter().zip(ALL) {
        match sweep(case) {
            Ok(swept) => panic!("{right:?}, {mistake:?}: {swept:?} and not caught"),
            Err(violation) => println!("{right:?}, {mistake:?}: caught: {violation:?}"),
        }
    }
}

/// The property must find a sequence of changes that shows the mistake.
fn must_be_found(mistake: Mistake) {
    for strategy in ALL {
        let found = try_many(Wrong(strategy, mistake), 300).expect_err("a wrong strategy passed");
        println!("{strategy:?}, {mistake:?}: found: {found}");
    }
}

#[test]
fn death_catches_a_truncation_before_the_write() {
    must_be_caught(Mistake::TruncatesFirst, Case::die_at_each);
}

#[test]
fn an_error_catches_a_truncation_before_the_write() {
    must_be_caught(Mistake::TruncatesFirst, |case| {
        case.fail_each(Errno::IO, Demand::OldOrNew)
    });
}

#[test]
fn a_full_disk_catches_a_truncation_before_the_write() {
    for full in [Full::GrowthFails, Full::EveryWriteFails] {
        must_be_caught(Mistake::TruncatesFirst, |case| case.fill_the_disk(full));
    }
}

#[test]
fn a_second_death_catches_a_truncation_before_the_write() {
    let second = Change::Put { key: 9, bytes: 9 };
    must_be_caught(Mistake::TruncatesFirst, |case| case.die_twice(&second));
}

#[test]
fn a_short_transfer_catches_trust_in_one_write() {
    must_be_caught(Mistake::TrustsOneWrite, |case| {
        case.shorten_each(7, Demand::New)
    });
    must_be_caught(Mistake::TrustsOneWrite, Case::shorten_each_by_one);
}

#[test]
fn death_inside_a_write_catches_trust_in_one_write() {
    must_be_caught(Mistake::TrustsOneWrite, Case::die_inside_each_write);
}

#[test]
fn an_error_catches_a_success_that_is_only_claimed() {
    must_be_caught(Mistake::ClaimsSuccess, |case| {
        case.fail_each(Errno::NOSPC, Demand::Certain)
    });
}

#[test]
fn an_error_catches_a_failure_that_is_only_claimed() {
    must_be_caught(Mistake::ClaimsFailure, |case| {
        case.fail_each(Errno::NOSPC, Demand::Certain)
    });
}

#[test]
fn death_catches_calls_made_after_it() {
    must_be_caught(Mistake::CallsInDrop, Case::die_at_each);
}

#[test]
fn the_property_finds_a_state_that_never_shrinks() {
    must_be_found(Mistake::NeverShrinks);
}

#[test]
fn the_property_finds_a_removal_that_removes_nothing() {
    must_be_found(Mistake::RemovesNothing);
}

#[test]
fn a_meeting_catches_a_removal_in_three_steps() {
    for strategy in ALL {
        let wrong = Wrong(strategy, Mistake::RemovesInThreeSteps);
        let caught = nothing_falls_between(wrong).expect_err("a wrong strategy passed");
        println!("{strategy:?}: caught: {caught}");
    }
}

#[test]
fn death_catches_a_removal_before_the_state_is_handed_out() {
    for strategy in ALL {
        let wrong = Wrong(strategy, Mistake::RemovesBeforeHandingOut);
        let caught = handed_out_at_least_once(wrong, SMALL).expect_err("a wrong strategy passed");
        println!("{strategy:?}: caught: {caught}");
    }
}

#[test]
fn the_property_finds_a_refusal_that_is_ignored() {
    must_be_found(Mistake::IgnoresRefusal);
}

#[test]
fn the_property_finds_a_delta_that_is_made_twice() {
    must_be_found(Mistake::AppliesTwice);
}

/// Some meeting of two processes must show the mistake.
fn must_meet(mistake: Mistake, strategies: &[AnyStrategy]) {
    for strategy in strategies {
        let caught = meetings()
            .iter()
            .find_map(|meeting| meeting.at_each_call(Wrong(*strategy, mistake)).err());
        let caught = caught.expect("a wrong strategy passed");
        println!("{strategy:?}, {mistake:?}: caught: {caught}");
    }
}

#[test]
fn a_meeting_catches_two_windows_instead_of_one() {
    must_meet(Mistake::ReadsBeforeItLocks, &ALL);
}

#[test]
fn a_meeting_catches_a_read_without_lock() {
    let flock = AnyStrategy::named("flock").expect("a strategy");
    must_meet(Mistake::ReadsWithoutLock, &[flock]);
}

#[test]
fn damage_catches_a_strategy_that_hides_it() {
    for mistake in [
        Mistake::StartsAnewInSilence,
        Mistake::HidesRecoveries,
        Mistake::KeepsNothing,
    ] {
        for strategy in ALL {
            let wrong = Wrong(strategy, mistake);
            let history = &histories()[0];
            let checked = nothing_is_lost_in_silence(wrong, history, b"damage", &next_changes()[0]);
            let caught = checked.expect_err("a wrong strategy passed");
            println!("{strategy:?}, {mistake:?}: caught: {caught}");
        }
    }
}

#[test]
fn an_error_catches_a_read_that_takes_it_for_the_default_state() {
    let flock = AnyStrategy::named("flock").expect("a strategy");
    let history = [Change::Put { key: 1, bytes: 100 }];
    let change = Change::Remove { key: 1 };
    let wrong = Wrong(flock, Mistake::ReadsWithoutLock);
    let caught = Case::new("control", wrong, &history, change)
        .fail_each_of_a_read(Errno::IO, Demand::OldOrNew)
        .expect_err("a wrong strategy passed");
    println!("caught: {caught:?}");
}
