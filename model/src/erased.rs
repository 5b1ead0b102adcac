//! Programs, accounts and violations without their types, so that the engines are compiled once and not
//! once for each sort of them.

use crate::process::{Ending, Program};
use crate::sim::{AnyDoor, SimProcess};
use std::any::Any;
use std::hash::{Hash, Hasher};
use std::mem::discriminant;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

/// A [`Program`], whatever it has to say.
pub(crate) trait AnyProgram: Send + Sync {
    /// What it has to say before it has done anything.
    fn blank(&self) -> Arc<dyn AnyAccount>;

    /// Runs it. How it came back, and what it has to say then.
    fn play(&self, process: SimProcess<AnyDoor>) -> (thread::Result<()>, Arc<dyn AnyAccount>);
}

impl<A> AnyProgram for Program<A>
where
    A: Clone + Default + Eq + Hash + Send + Sync + 'static,
{
    fn blank(&self) -> Arc<dyn AnyAccount> {
        Arc::new(A::default())
    }

    fn play(&self, process: SimProcess<AnyDoor>) -> (thread::Result<()>, Arc<dyn AnyAccount>) {
        let mut account = A::default();
        let ran = catch_unwind(AssertUnwindSafe(|| self(process, &mut account)));
        (ran, Arc::new(account))
    }
}

/// What a process has to say, whatever that is.
pub(crate) trait AnyAccount: Any + Send + Sync {
    /// Whether it is of the same sort and says the same.
    fn is_same(&self, other: &dyn AnyAccount) -> bool;

    /// As [`Hash::hash`].
    fn hash_into(&self, hasher: &mut dyn Hasher);
}

// `Default` keeps this from being true of the `Arc` with an account in it.
impl<A> AnyAccount for A
where
    A: Clone + Default + Eq + Hash + Send + Sync + 'static,
{
    fn is_same(&self, other: &dyn AnyAccount) -> bool {
        (other as &dyn Any).downcast_ref() == Some(self)
    }

    fn hash_into(&self, mut hasher: &mut dyn Hasher) {
        self.hash(&mut hasher);
    }
}

impl PartialEq for dyn AnyAccount {
    fn eq(&self, other: &Self) -> bool {
        self.is_same(other)
    }
}

impl Eq for dyn AnyAccount {}

impl Hash for dyn AnyAccount {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.hash_into(hasher);
    }
}

/// The account again.
///
/// # Panics
///
/// If it is one of another sort.
pub(crate) fn account<A: 'static>(any: &dyn AnyAccount) -> &A {
    let account = (any as &dyn Any).downcast_ref();
    account.expect("the account is one that the program gave")
}

/// What processes came to, whatever they have to say.
pub(crate) type AnyEnding = Ending<Arc<dyn AnyAccount>>;

impl AnyEnding {
    /// The ending again. Panics as [`account`].
    pub(crate) fn restored<A: Clone + 'static>(self) -> Ending<A> {
        let accounts = self.accounts.iter();
        Ending {
            accounts: accounts.map(|any| account::<A>(&**any).clone()).collect(),
            sim: self.sim,
            exits: self.exits,
            hurt: self.hurt,
            mishaps: self.mishaps,
            power_cuts: self.power_cuts,
        }
    }
}

/// What is wrong, whatever the judge says it with.
pub(crate) trait AnyViolation: Any + Send + Sync {
    /// Whether the other is wrong in the same way, and perhaps not in the same words.
    fn is_like(&self, other: &dyn AnyViolation) -> bool;
}

// `Clone` keeps this from being true of the `Box` with a violation in it.
impl<V: Clone + Send + Sync + 'static> AnyViolation for V {
    fn is_like(&self, other: &dyn AnyViolation) -> bool {
        let other = (other as &dyn Any).downcast_ref::<Self>();
        other.is_some_and(|other| discriminant(other) == discriminant(self))
    }
}

/// The violation again.
///
/// # Panics
///
/// If it is one of another sort.
pub(crate) fn violation<V: 'static>(any: Box<dyn AnyViolation>) -> V {
    let violation = (any as Box<dyn Any>).downcast();
    *violation.unwrap_or_else(|_| unreachable!("the violation is one that the judge gave"))
}

#[cfg(test)]
mod tests {
    use super::{AnyAccount, AnyViolation, account, violation};
    use crate::oracle::Violation;
    use crate::sim::digest_of;
    use std::sync::Arc;

    fn said(what: &str) -> Arc<dyn AnyAccount> {
        Arc::new(what.to_owned())
    }

    #[test]
    fn an_account_is_the_same_as_its_like_and_as_nothing_else() {
        assert!(*said("one") == *said("one"));
        assert!(*said("one") != *said("another"));
        assert!(*said("one") != *(Arc::new(1) as Arc<dyn AnyAccount>));
        assert_eq!(account::<String>(&*said("one")), "one");
    }

    #[test]
    fn an_account_has_the_digest_of_what_it_says() {
        assert_eq!(digest_of(&&*said("one")), digest_of(&"one".to_owned()));
        assert_ne!(digest_of(&&*said("one")), digest_of(&"another".to_owned()));
    }

    #[test]
    fn violations_are_alike_that_are_of_one_sort() {
        let lost = |token| -> Box<dyn AnyViolation> {
            let rival = None;
            Box::new(Violation::Lost { token, rival })
        };
        let stuck: Box<dyn AnyViolation> = Box::new(Violation::Stuck);
        assert!(lost(1).is_like(&*lost(2)));
        assert!(!lost(1).is_like(&*stuck));
        assert!(!lost(1).is_like(&"lost"));
        assert_eq!(violation::<Violation>(stuck), Violation::Stuck);
    }
}
