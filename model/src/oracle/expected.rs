//! What the processes may come to, however the state is kept.

use super::{
    ANONYMOUS, Account, Change, Ledger, Remains, Token, USER, Violation, exactly_once,
    is_undisturbed, rolled_back, whole,
};
use crate::process::{Ending, Exit};
use crate::sim::{Sequential, Sim};
use hookstate::ErrorKind;
use std::time::Duration;

/// What the processes may come to, however the state is kept.
#[derive(Clone, Debug)]
pub struct Expected {
    /// The tokens of the changes that were made before.
    pub before: Vec<Token>,
    /// What the data file held instead of a state, if it was damaged before.
    pub damaged: Option<&'static [u8]>,
    /// Errors that a process may get, since there is a cause.
    pub excused: &'static [ErrorKind],
    /// What may be left behind if nothing went wrong.
    pub allowed: Remains,
    /// The tokens that the processes may have added.
    pub added: Vec<Token>,
    /// How long a process waits for the lock. With no time at all a refused lock is an error.
    pub lock_timeout: Duration,
}

impl Expected {
    /// Looks at how the processes ended and at their errors.
    pub(super) fn check_said(&self, ending: &Ending<Account>) -> Result<(), Violation> {
        ending.exits.iter().try_for_each(check_exit)?;
        self.check_failures(ending)?;
        self.check_alarms(ending)
    }

    /// Looks at the last state, and at what the processes say of it and of those before.
    pub(super) fn check_state(
        &self,
        last: &Ledger,
        ending: &Ending<Account>,
    ) -> Result<(), Violation> {
        self.check_tokens(last, ending)?;
        let last_for_all = only_grows(ending).then_some(last);
        for account in &ending.accounts {
            self.check_reads(account, last_for_all)?;
        }
        if let Some(last) = last_for_all.filter(|_| !is_anything_undone(ending)) {
            let mut accounts = ending.accounts.iter();
            accounts.try_for_each(|account| check_order_of_changes(account, last))?;
        }
        Ok(())
    }

    /// Where nobody was killed and nothing failed, nothing lies about.
    pub(super) fn check_remains(
        &self,
        sim: &Sim,
        ending: &Ending<Account>,
    ) -> Result<(), Violation> {
        let process = Sequential::boot(sim, USER);
        match is_undisturbed(ending) {
            true => self.allowed.check(&Remains::of(&process)),
            false => Ok(()),
        }
    }

    /// Damage that nobody has done must not be reported.
    fn check_alarms(&self, ending: &Ending<Account>) -> Result<(), Violation> {
        let killed = ending.exits.contains(&Exit::Killed) || ending.power_cuts > 0;
        let harm = killed || self.damaged.is_some() || ending.mishaps > 0;
        let alarm = ending
            .accounts
            .iter()
            .any(|account| account.damage_reported);
        match alarm && !harm {
            true => Err(Violation::FalseAlarm),
            false => Ok(()),
        }
    }

    /// Each acknowledged change once, in the state or in one that was removed; each other at most
    /// once; and nothing else.
    fn check_tokens(&self, last: &Ledger, ending: &Ending<Account>) -> Result<(), Violation> {
        let acknowledged: Vec<&Change> = ending
            .accounts
            .iter()
            .flat_map(|account| &account.acknowledged)
            .collect();
        let all = with_removed(last, ending)?;
        for &token in &self.before {
            kept(&all, token, None, ending)?;
        }
        if self.added.contains(&ANONYMOUS) {
            check_number(last, &acknowledged, ending, self.before.len())?;
        }
        let named = |token: &Token| *token != ANONYMOUS;
        for change in acknowledged.iter().filter(|change| named(&change.token)) {
            let rival = rival(change, &acknowledged).map(|rival| rival.token);
            kept(&all, change.token, rival, ending)?;
        }
        for &token in self.added.iter().filter(|token| named(token)) {
            if all.times(token) > 1 {
                return Err(Violation::Doubled { token });
            }
        }
        check_undead(&all, ending)?;
        self.check_known(&all)
    }

    /// A process that was not hurt fails only if it had no time to wait.
    fn check_failures(&self, ending: &Ending<Account>) -> Result<(), Violation> {
        for (account, &hurt) in ending.accounts.iter().zip(&ending.hurt) {
            let Some(failure) = &account.failure else {
                continue;
            };
            let error = failure.text.clone();
            match failure.kind {
                ErrorKind::Corrupt if self.damaged.is_none() => {
                    return Err(Violation::Torn { seen: error });
                }
                _ if hurt => {}
                kind if self.excused.contains(&kind) => {}
                ErrorKind::LockTimeout if self.lock_timeout.is_zero() => {}
                ErrorKind::Corrupt => return Err(Violation::Torn { seen: error }),
                _ => return Err(Violation::Failed { error }),
            }
        }
        Ok(())
    }

    fn check_known(&self, ledger: &Ledger) -> Result<(), Violation> {
        let known = |token| self.before.contains(token) || self.added.contains(token);
        match ledger.tokens.iter().all(known) {
            true => Ok(()),
            false => Err(Violation::Torn {
                seen: super::shown(ledger),
            }),
        }
    }

    /// Whole, with all that came before, with what the reader itself had changed, and never less
    /// than the time before. What has been read has been committed, so it is there in the end. But
    /// not if there is no `last` state for all of them, since it did not only grow.
    fn check_reads(&self, account: &Account, last: Option<&Ledger>) -> Result<(), Violation> {
        for (_, read) in &account.reads {
            self.check_known(whole(read)?)?;
        }
        match last {
            Some(last) => self.check_order(account, last),
            None => Ok(()),
        }
    }

    fn check_order(&self, account: &Account, last: &Ledger) -> Result<(), Violation> {
        let mut earlier = Ledger::default();
        for &token in &self.before {
            earlier.add(token);
        }
        for (changes, read) in &account.reads {
            for change in &account.acknowledged[..*changes] {
                exactly_once(read, change.token, None)?;
            }
            rolled_back(&earlier, read)?;
            earlier = read.clone();
        }
        check_told(account)?;
        rolled_back(&earlier, last)
    }
}

/// A change that was acknowledged before the read began is in what was read.
fn check_told(account: &Account) -> Result<(), Violation> {
    let Some((before, tokens)) = account.told.as_deref() else {
        return Ok(());
    };
    let mut told = Ledger::default();
    tokens.iter().for_each(|&token| told.add(token));
    match account.reads.get(*before) {
        Some((_, read)) => rolled_back(&told, read),
        // It was killed before.
        None => Ok(()),
    }
}

/// Every state that was seen, by a reader or by a change that was acknowledged, has been the state:
/// changes are in the order in which they were made, and none is left out.
fn check_order_of_changes(account: &Account, last: &Ledger) -> Result<(), Violation> {
    let reads = account.reads.iter().map(|(_, read)| read.tokens.clone());
    let changes = account.acknowledged.iter().filter_map(|change| {
        let mut seen = change.parent.clone()?;
        seen.push(change.token);
        Some(seen)
    });
    let mut seen = reads.chain(changes);
    match seen.find(|seen| !last.tokens.starts_with(seen)) {
        Some(seen) => Err(Violation::Torn {
            seen: format!(
                "{seen:?}, which was never the state before {:?}",
                last.tokens
            ),
        }),
        None => Ok(()),
    }
}

fn is_anything_undone(ending: &Ending<Account>) -> bool {
    ending
        .accounts
        .iter()
        .any(|account| !account.undone.is_empty())
}

fn check_exit(exit: &Exit) -> Result<(), Violation> {
    match exit {
        Exit::Finished | Exit::Killed => Ok(()),
        Exit::Stuck | Exit::Runaway => Err(Violation::Stuck),
        Exit::Panicked(message) => Err(Violation::Panicked {
            message: message.clone(),
        }),
    }
}

/// Whether what has been read must still be there in the end. A state that is removed is gone for
/// its readers, and one that was read before it was synced may be gone with the power.
fn only_grows(ending: &Ending<Account>) -> bool {
    let removes = |account: &Account| !account.removed.is_empty() || account.handed.is_some();
    ending.power_cuts == 0 && !ending.accounts.iter().any(removes)
}

/// What is in the state and what was removed with one.
fn with_removed(last: &Ledger, ending: &Ending<Account>) -> Result<Ledger, Violation> {
    let mut all = last.clone();
    for removed in ending.accounts.iter().flat_map(|account| &account.removed) {
        let tokens = whole(removed)?.tokens.iter();
        tokens.for_each(|&token| all.add(token));
    }
    Ok(all)
}

/// Exactly once; or not at all, if all of the state was handed out to a process that was killed
/// while it removed it, or that cannot tell whether it did.
fn kept(
    all: &Ledger,
    token: Token,
    rival: Option<Token>,
    ending: &Ending<Account>,
) -> Result<(), Violation> {
    let has_gone = |account: &Account| {
        let handed = account.handed.as_ref();
        let failure = account.failure.as_ref();
        failure.is_none_or(|failure| failure.indeterminate)
            && handed.is_some_and(|handed| {
                let mut tokens = handed.tokens.iter();
                handed.times(token) == 1 && tokens.all(|&token| all.times(token) == 0)
            })
    };
    match ending.accounts.iter().any(has_gone) {
        true => Ok(()),
        false => exactly_once(all, token, rival),
    }
}

fn rival<'a>(change: &Change, acknowledged: &[&'a Change]) -> Option<&'a Change> {
    change.parent.as_ref()?;
    acknowledged
        .iter()
        .find(|other| !std::ptr::eq(**other, change) && other.parent == change.parent)
        .copied()
}

/// A change whose error does not say that it is indeterminate is not in the state.
fn check_undead(last: &Ledger, ending: &Ending<Account>) -> Result<(), Violation> {
    for account in &ending.accounts {
        if let Some(&token) = account.undone.iter().find(|&&token| last.times(token) > 0) {
            let error = "it was undone".to_owned();
            return Err(Violation::Undead { token, error });
        }
        if let (Some(failure), Some(token)) = (&account.failure, account.attempted)
            && !failure.indeterminate
            && last.times(token) > 0
        {
            let error = failure.text.clone();
            return Err(Violation::Undead { token, error });
        }
    }
    Ok(())
}

/// What can be said of changes that nobody can tell apart: their number is right, and no two of
/// them had the same parent.
fn check_number(
    last: &Ledger,
    acknowledged: &[&Change],
    ending: &Ending<Account>,
    before: usize,
) -> Result<(), Violation> {
    let token = ANONYMOUS;
    let rival = acknowledged
        .iter()
        .find_map(|change| rival(change, acknowledged));
    if let Some(rival) = rival {
        let rival = Some(rival.token);
        return Err(Violation::Lost { token, rival });
    }
    let killed = ending.exits.iter().filter(|exit| **exit == Exit::Killed);
    let unsure = ending.accounts.iter().filter(|account| {
        let failure = account.failure.as_ref();
        failure.is_some_and(|failure| failure.indeterminate)
    });
    let indeterminate = killed.count() + unsure.count();
    let made = last.tokens.len() - before;
    if made < acknowledged.len() {
        return Err(Violation::Lost { token, rival: None });
    }
    match made > acknowledged.len() + indeterminate {
        true => Err(Violation::Doubled { token }),
        false => Ok(()),
    }
}
