//! Values that many states have in common: copied when one of them changes, hashed once.

use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::{Arc, OnceLock};
use xxhash_rust::xxh3::Xxh3Default;

/// A value that costs next to nothing to clone, to compare with a clone of itself, and to hash
/// again.
#[derive(Clone, Debug, Default)]
pub(super) struct Shared<T>(Arc<Digested<T>>);

#[derive(Clone, Debug, Default)]
struct Digested<T> {
    value: T,
    /// Invariant: if it is there, it is the digest of the value.
    digest: OnceLock<u128>,
}

impl<T> Shared<T> {
    pub(super) fn new(value: T) -> Self {
        let digest = OnceLock::new();
        Self(Arc::new(Digested { value, digest }))
    }
}

impl<T: Clone> Shared<T> {
    /// The value, for changing it. Those who share it keep it as it was.
    pub(super) fn to_mut(&mut self) -> &mut T {
        let own = Arc::make_mut(&mut self.0);
        own.digest.take();
        &mut own.value
    }
}

impl<T: Hash> Shared<T> {
    fn digest(&self) -> u128 {
        *self.0.digest.get_or_init(|| digest_of(&self.0.value))
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.value
    }
}

impl<T: PartialEq> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.value == other.0.value
    }
}

impl<T: Eq> Eq for Shared<T> {}

impl<T: Hash> Hash for Shared<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u128(self.digest());
    }
}

/// 128 bits of XXH3 over what the value feeds to a hasher: the same for equal values.
pub(crate) fn digest_of<T: Hash + ?Sized>(value: &T) -> u128 {
    let mut hasher = Xxh3Default::new();
    value.hash(&mut hasher);
    hasher.digest128()
}

#[cfg(test)]
mod tests {
    use super::{Shared, digest_of};

    #[test]
    fn a_change_is_seen_by_its_owner_alone_and_by_every_digest_after_it() {
        let before = Shared::new(vec![1, 2]);
        let mut after = before.clone();
        assert_eq!(digest_of(&before), digest_of(&after));
        after.to_mut().push(3);
        assert_eq!((&*before, &*after), (&vec![1, 2], &vec![1, 2, 3]));
        assert_ne!(digest_of(&before), digest_of(&after));
        assert_eq!(digest_of(&after), digest_of(&Shared::new(vec![1, 2, 3])));
    }
}
