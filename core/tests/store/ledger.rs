//! The state of the tests: a plain map, so that what a store should hold is easy to know.

use hookstate::kernel::Kernel;
use hookstate::strategy::Strategy;
use hookstate::{Outcome, Result, State, Store};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Texts that are put and removed, and totals that only grow.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    pub texts: BTreeMap<String, String>,
    pub totals: BTreeMap<String, u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Add {
    pub key: String,
    pub amount: u64,
}

impl State for Ledger {
    type Delta = Add;

    fn apply(&mut self, add: &Add) {
        *self.totals.entry(add.key.clone()).or_default() += add.amount;
    }
}

/// A change as a value: it can be made on a store and on a plain ledger.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// Puts a text of this many bytes.
    Put { key: u8, bytes: usize },
    /// Removes a text.
    Remove { key: u8 },
    /// Adds to a total by `apply`; the key is as long as this and begins with the number.
    Add { key: u8, key_bytes: usize },
    /// Removes the state as a whole, with its files.
    Finalize,
}

impl Change {
    /// Makes the change on a plain ledger.
    pub fn on(&self, ledger: &mut Ledger) {
        match *self {
            Self::Put { key, bytes } => {
                let again = ledger.texts.len() + ledger.totals.len();
                ledger.texts.insert(name(key, 0), text(key, again, bytes));
            }
            Self::Remove { key } => {
                ledger.texts.remove(&name(key, 0));
            }
            Self::Add { .. } => ledger.apply(&self.delta()),
            Self::Finalize => *ledger = Ledger::default(),
        }
    }

    /// Makes the change on a store: an `Add` by `apply`, a `Finalize` by `remove`, the others by
    /// `locked_modify`.
    pub fn made_in<S: Strategy, K: Kernel>(
        &self,
        store: &Store<Ledger, S, K>,
    ) -> Result<Outcome<()>> {
        match self {
            Self::Add { .. } => store.apply(&self.delta()),
            Self::Finalize => Ok(store.remove(drop)?.map(|_| ())),
            _ => store.locked_modify(|ledger| self.on(ledger)),
        }
    }

    fn delta(&self) -> Add {
        match *self {
            Self::Add { key, key_bytes } => Add {
                key: name(key, key_bytes),
                amount: 1 + u64::from(key),
            },
            _ => unreachable!("only an addition is a delta"),
        }
    }
}

impl Ledger {
    /// The ledger after one more change.
    #[must_use]
    pub fn after(&self, change: &Change) -> Self {
        let mut ledger = self.clone();
        change.on(&mut ledger);
        ledger
    }

    /// The ledger after these changes, from the beginning.
    pub fn of(changes: &[Change]) -> Self {
        changes
            .iter()
            .fold(Self::default(), |ledger, change| ledger.after(change))
    }
}

/// Sizes instead of texts: a message with 20 KB in it helps nobody.
impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let short = |text: &str| -> String { text.chars().take(8).collect() };
        let texts = self.texts.iter().map(|(key, text)| {
            let sum: u64 = text.bytes().map(u64::from).sum();
            (short(key), format!("{} bytes, sum {sum}", text.len()))
        });
        let totals = self
            .totals
            .iter()
            .map(|(key, n)| (short(key), n.to_string()));
        f.debug_map().entries(texts).entries(totals).finish()
    }
}

fn name(key: u8, bytes: usize) -> String {
    let mut name = key.to_string();
    // The width of a format would do, but for names of 64 KiB and more.
    let dots = bytes.saturating_sub(name.len());
    name.extend(std::iter::repeat_n('.', dots));
    name
}

/// A text of exactly so many bytes that differs with every argument, and holds what a format can
/// trip over: quotes, escapes, newlines, NULs, long characters, spaces at its end.
fn text(key: u8, again: usize, bytes: usize) -> String {
    const PIECES: [&str; 10] = ["a", "\"", "\\", "\n", "\0", "é", "🦀", "}", " ", "7"];
    let mut text = String::with_capacity(bytes + 4);
    let mut seed = u64::from(key) << 32 | again as u64;
    while text.len() < bytes {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let piece = PIECES[(seed >> 33) as usize % PIECES.len()];
        text.push_str(if text.len() + piece.len() <= bytes {
            piece
        } else {
            " "
        });
    }
    text
}
