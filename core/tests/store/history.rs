//! Histories: which changes a case or a property makes, and after which others.

use crate::directory::Scratch;
use crate::ledger::{Change, Ledger};
use crate::sweep::Case;
use hookstate::Store;
use hookstate::kernel::{CallKind, Host, Traced, Watched};
use hookstate::strategy::{ALL, AnyStrategy, Strategy};

/// The changes whose every call the sweeps break: each way through each protocol at least once.
pub fn cases<S: Strategy + Copy>(strategy: S) -> Vec<Case<S>> {
    use Change::{Add, Put, Remove};
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
        case("first use", &[], small.clone()),
        case("first use, large", &[], page.clone()),
        case("first use by apply", &[], add.clone()),
        case("small", &[small.clone()], Put { key: 4, bytes: 50 }),
        case("small, shrinking", &[small.clone()], Remove { key: 1 }),
        case("growing over a page", &[small.clone()], page.clone()),
        case("large, growing", &[page.clone()], pages.clone()),
        case(
            "large, same size",
            &[pages.clone()],
            Put {
                key: 3,
                bytes: 20_000,
            },
        ),
        case(
            "large, shrinking",
            &[pages.clone(), page.clone()],
            Remove { key: 3 },
        ),
        case(
            "shrinking below a page",
            &[small.clone(), pages.clone()],
            Remove { key: 3 },
        ),
        case("apply", &[small.clone(), add.clone()], add.clone()),
        case("apply after large", &[pages.clone()], add.clone()),
        case("apply, large", &[small.clone()], long.clone()),
    ]
}

/// The longest wait for a compaction, in changes.
const CHANGES_MAX: usize = 400;

/// The change by `apply` that makes this strategy rewrite its file, if it ever does.
pub fn compaction(strategy: AnyStrategy) -> Option<Case<AnyStrategy>> {
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
            return Some(Case::new("apply, compacting", strategy, &history, add));
        }
        history.push(add);
    }
    None
}

/// All cases of all strategies.
pub fn all_cases() -> Vec<Case<AnyStrategy>> {
    let log = AnyStrategy::named("append-log").expect("a strategy");
    let mut all: Vec<_> = ALL.into_iter().flat_map(cases).collect();
    all.push(compaction(log).expect("the log is compacted after some changes"));
    all
}
