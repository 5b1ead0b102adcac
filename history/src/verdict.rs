//! What a judgement comes to. Never a boolean: "nothing is wrong" and "nothing can be said" differ.

use crate::evidence::Evidence;
use serde::Serialize;
use std::fmt;

/// The judgement on a history.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// There is an order of the operations, each between its invocation and its response, that
    /// explains everything that was seen.
    Exact,
    /// There is none.
    Violated {
        /// What shows it, the most telling first, one of each kind.
        evidence: Vec<Evidence>,
    },
    /// It cannot be said.
    Inconclusive {
        /// Why not.
        why: String,
    },
}

impl Verdict {
    /// A violation stands, whatever else was judged.
    pub(crate) const fn is_worse_than(&self, other: &Self) -> bool {
        self.rank() > other.rank()
    }

    const fn rank(&self) -> u8 {
        match self {
            Self::Exact => 0,
            Self::Inconclusive { .. } => 1,
            Self::Violated { .. } => 2,
        }
    }
}

impl fmt::Display for Verdict {
    /// One line; more of them if there is more evidence.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact => write!(f, "exact"),
            Self::Inconclusive { why } => write!(f, "inconclusive: {why}"),
            Self::Violated { evidence } => {
                write!(f, "violated")?;
                let mut separator = ": ";
                evidence.iter().try_for_each(|one| {
                    write!(f, "{separator}{one}")?;
                    separator = "\n  also: ";
                    Ok(())
                })
            }
        }
    }
}
