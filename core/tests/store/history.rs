//! Histories: which changes a case or a property makes, and after which others.

use crate::directory::Scratch;
use crate::ledger::{Change, Ledger};
use crate::sweep::Case;
use hookstate::Store;
use hookstate::kernel::{CallKind, Host, Traced, Watched};
use hookstate::strategy::{ALL, AnyStrategy, Strategy};

/// The changes whose every call the sweeps break: each way through each protocol at least once.
pub fn cases<S: Strategy + Copy>(strategy: S) -> Vec<Case<S>> {
    use Change::{Add, Finalize, Put, Remove};
    let case = |title: &str, history: &[Change], change: Change| {
        Case::new(title, strategy, history, change)
    };
    let small = Put { key: 1, bytes: 100 };
    let page = Put {
        key: 2,
        bytes: 5_000,
    };
    let pages = Put {
        key: 3,
        bytes: 20_000,
    };
    let add = Add {
        key: 1,
        key_bytes: 0,
    };
    let long = Add {
        key: 1,
        key_bytes: 6_000,
    };
    vec![
        case("first use", &[], small),
        case("first use, large", &[], page),
        case("first use by apply", &[], add),
        case("small", &[small], Put { key: 4, bytes: 50 }),
        case("small, shrinking", &[small], Remove { key: 1 }),
        case("growing over a page", &[small], page),
        case("large, growing", &[page], pages),
        case(
            "large, same size",
            &[pages],
            Put {
                key: 3,
                bytes: 20_000,
            },
        ),
        case("large, shrinking", &[pages, page], Remove { key: 3 }),
        case("shrinking below a page", &[small, pages], Remove { key: 3 }),
        case("apply", &[small, add], add),
        case("apply after large", &[pages], add),
        case("apply, large", &[small], long),
        case("finalize", &[small, add], Finalize),
        case("finalize, large", &[small, pages], Finalize),
    ]
}

/// The longest wait for a compaction, in changes.
const CHANGES_MAX: usize = 400;

/// The changes that this strategy takes before it rewrites its file, and the change by `apply` at
/// which it does, if it ever does.
pub fn until_compaction(strategy: AnyStrategy) -> Option<(Vec<Change>, Change)> {
    let scratch = Scratch::new();
    let calls = Traced::new();
    let kernel = Watched::new(Host, calls.clone());
    let store = Store::<Ledger, _, _>::with(scratch.store(), "state", strategy, kernel);
    let mut history = Vec::new();
    while history.len() < CHANGES_MAX {
        let key = u8::try_from(history.len() % 100).expect("below 100");
        let add = Change::Add {
            key,
            key_bytes: 1_000,
        };
        calls.clear();
        let outcome = add.made_in(&store).expect("nothing is wrong");
        assert!(outcome.deferred.is_none(), "{outcome:?}");
        let kinds = calls.kinds();
        if kinds.contains(&CallKind::Rename) || kinds.contains(&CallKind::Exchange) {
            return Some((history, add));
        }
        history.push(add);
    }
    None
}

/// The change at which the log is compacted.
pub fn compaction() -> Case<AnyStrategy> {
    let log = AnyStrategy::named("append-log").expect("a strategy");
    let (history, change) = until_compaction(log).expect("the log is compacted after some changes");
    Case::new("apply, compacting", log, &history, change)
}

/// All cases of all strategies.
pub fn all_cases() -> Vec<Case<AnyStrategy>> {
    let mut all: Vec<_> = ALL.into_iter().flat_map(cases).collect();
    all.push(compaction());
    all
}
