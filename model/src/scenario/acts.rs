//! What a process does with the store, and what it has to say of that.

use super::{peer, word};
use crate::oracle::{
    Account, Change, Delta, Failure, Ledger, SPOILED, Token, store, tells_of_damage,
};
use crate::sim::{AnyDoor, SimProcess};
use hookstate::kernel::Kernel;
use hookstate::strategy::Strategy;
use hookstate::{Durability, Error, Outcome, Recovery, Store};
use std::sync::Arc;
use std::time::Duration;

/// One thing that a process does with the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// `locked_modify`.
    Modify,
    /// `locked_modify` that makes the state this many bytes larger.
    Grow(usize),
    /// `locked_modify` that makes the state small again.
    Shrink,
    /// `apply`.
    Apply,
    /// `read`.
    Read,
    /// Tells the others of its change before, by another way than the store.
    Tell,
    /// Looks what the others have told, and then `read`, which has to show that.
    ReadTold,
    /// `remove`.
    Remove,
    /// `locked_modify` that makes a state which does not read back, and is to be refused.
    Spoil,
    /// `locked_modify`, after which a program as with `Peer` puts back what was there before.
    Undone,
    /// What a program does that knows nothing of this project: it takes flock on the data file,
    /// reads it, empties it, writes it and closes it. It cannot be killed, since what it loses then
    /// is its own doing.
    Peer,
}

/// Under which terms the stores work.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) durability: Durability,
    pub(super) lock_timeout: Duration,
}

/// Does the acts, each with its token, under the terms.
pub(super) type Perform =
    Arc<dyn Fn(SimProcess<AnyDoor>, &[(Act, Token)], Terms, &mut Account) + Send + Sync>;

pub(super) fn performed_over<S, K>(
    strategy: S,
    around: impl Fn(SimProcess<AnyDoor>) -> K + Send + Sync + 'static,
) -> Perform
where
    S: Strategy + Clone + Send + Sync + 'static,
    K: Kernel,
{
    Arc::new(move |process, acts, terms, account| {
        // A peer has nothing around its kernel: what is there belongs to the strategy.
        let peer = process.clone();
        let store = store(strategy.clone(), around(process))
            .durability(terms.durability)
            .lock_timeout(terms.lock_timeout);
        perform(acts, &store, &peer, account);
    })
}

fn perform<S: Strategy, K: Kernel>(
    acts: &[(Act, Token)],
    store: &Store<Ledger, S, K>,
    peer: &SimProcess<AnyDoor>,
    account: &mut Account,
) {
    for &(act, token) in acts {
        account.attempted = Some(token);
        if let Err(error) = account.attempt(act, token, store, peer) {
            account.failure = Some(Failure::of(&error));
            return;
        }
        account.attempted = None;
    }
}

impl Account {
    fn attempt<S: Strategy, K: Kernel>(
        &mut self,
        act: Act,
        token: Token,
        store: &Store<Ledger, S, K>,
        peer: &SimProcess<AnyDoor>,
    ) -> Result<(), Error> {
        match act {
            Act::Modify | Act::Grow(_) | Act::Shrink | Act::Spoil => self.modify(act, token, store),
            Act::Apply => {
                let outcome = store.apply(&Delta::from(token))?;
                self.acknowledge(token, outcome.map(|()| None));
                Ok(())
            }
            Act::Read => self.read(store),
            Act::Tell => {
                let change = self.acknowledged.last().expect("it has made a change");
                word::spread(peer, change.token);
                Ok(())
            }
            Act::ReadTold => {
                self.told = Some(Box::new((self.reads.len(), word::heard(peer))));
                self.read(store)
            }
            Act::Remove => self.remove(store),
            Act::Peer => {
                let parent = peer::change(peer, &store.path(), token);
                let parent = Some(parent);
                self.acknowledged.push(Change { token, parent });
                Ok(())
            }
            Act::Undone => {
                let before = peer::content(peer, &store.path());
                let _ = store.locked_modify(|ledger| ledger.add(token))?;
                peer::put_back(peer, &store.path(), &before);
                self.undone.push(token);
                Ok(())
            }
        }
    }

    fn read<S: Strategy, K: Kernel>(&mut self, store: &Store<Ledger, S, K>) -> Result<(), Error> {
        let read = store.read()?.value;
        self.reads.push((self.acknowledged.len(), read));
        Ok(())
    }

    fn modify<S: Strategy, K: Kernel>(
        &mut self,
        act: Act,
        token: Token,
        store: &Store<Ledger, S, K>,
    ) -> Result<(), Error> {
        let inside = &mut self.inside;
        let modified = store.locked_modify(|ledger| {
            *inside = true;
            let parent = ledger.tokens.clone();
            ledger.add(token);
            resize(ledger, act);
            Some(parent)
        });
        self.inside = false;
        self.acknowledge(token, modified?);
        Ok(())
    }

    fn remove<S: Strategy, K: Kernel>(&mut self, store: &Store<Ledger, S, K>) -> Result<(), Error> {
        let handed = &mut self.handed;
        let outcome = store.remove(|ledger| *handed = Some(ledger))?;
        self.note(outcome.recovery.as_ref());
        self.removed.extend(self.handed.take());
        Ok(())
    }

    fn acknowledge(&mut self, token: Token, outcome: Outcome<Option<Vec<Token>>>) {
        self.note(outcome.recovery.as_ref());
        let parent = outcome.value;
        self.acknowledged.push(Change { token, parent });
    }

    fn note(&mut self, recovery: Option<&Recovery>) {
        self.damage_reported |= tells_of_damage(recovery);
        self.completed_another |= matches!(recovery, Some(Recovery::Completed));
    }
}

fn resize(ledger: &mut Ledger, act: Act) {
    match act {
        Act::Grow(bytes) => ledger.ballast.push_str(&"y".repeat(bytes)),
        Act::Shrink => ledger.ballast.clear(),
        Act::Spoil => SPOILED.clone_into(&mut ledger.ballast),
        _ => {}
    }
}
