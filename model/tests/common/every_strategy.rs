//! A test on each of the strategies that ship.

/// Makes a test on each strategy of every function that is given by name. The function gets the
/// strategy.
macro_rules! on_every_strategy {
    ($($test:ident)+) => {
        mod flock {
            use hookstate::strategy::{AnyStrategy, Flock};
            $(#[test] fn $test() { super::$test(AnyStrategy::Flock(Flock)) })+
        }
        mod append_log {
            use hookstate::strategy::{AnyStrategy, AppendLog};
            $(#[test] fn $test() { super::$test(AnyStrategy::AppendLog(AppendLog)) })+
        }
        mod rename {
            use hookstate::strategy::{AnyStrategy, Rename};
            $(#[test] fn $test() { super::$test(AnyStrategy::Rename(Rename)) })+
        }
    };
}

pub(crate) use on_every_strategy;
