//! A search whose processes have accounts of whatever sort.

use crate::oracle::Violation;
use crate::search::{Report, Search};
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

/// A [`Search`] of which it does not matter what its processes have to say.
pub trait AnySearch {
    /// As [`Search::states_max`].
    fn states_max(self: Box<Self>, most: usize) -> Box<dyn AnySearch>;

    /// As [`Search::progress`].
    fn progress(self: Box<Self>, states: Arc<AtomicUsize>) -> Box<dyn AnySearch>;

    /// As [`Search::run`].
    fn run(&self) -> Report<Violation>;
}

impl<A> AnySearch for Search<A, Violation>
where
    A: Clone + Default + Eq + Hash + Send + Sync + 'static,
{
    fn states_max(self: Box<Self>, most: usize) -> Box<dyn AnySearch> {
        Box::new(Self::states_max(*self, most))
    }

    fn progress(self: Box<Self>, states: Arc<AtomicUsize>) -> Box<dyn AnySearch> {
        Box::new(Self::progress(*self, states))
    }

    fn run(&self) -> Report<Violation> {
        Self::run(self)
    }
}
