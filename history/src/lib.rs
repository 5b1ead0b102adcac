//! Histories of operations on shared state, and the judges that say what was lost and to whom.
//!
//! A history is a file of JSON lines, one for each operation, with its invocation and its response
//! (`docs/history-json.md` describes it); a file may have several, one after the other. [`check_file`] judges one and comes to a [`Verdict`]: exact,
//! violated, with the operations at fault, or inconclusive, with the reason.
//!
//! In reading order: [`operation`](Operation) has what a history is made of, `format` reads and writes
//! it, [`Verdict`] and [`Evidence`] are what comes out, and `judge` has the two judges. That of
//! counters and sets goes by versions, in linear time; that of registers searches for an order.
//!
//! ```
//! use hookstate_history::{Evidence, Limits, Verdict, judge};
//!
//! let history = r#"{"history":1,"model":"counter"}
//! {"process":1,"op":"add","token":"1-17","invoked_ns":100,"responded_ns":190,"outcome":"ok","read":41,"wrote":42}
//! {"process":3,"op":"add","token":"3-9","invoked_ns":120,"responded_ns":200,"outcome":"ok","read":41,"wrote":42}
//! "#;
//! let verdict = judge(std::io::Cursor::new(history), &Limits::default())?;
//! let Verdict::Violated { evidence } = verdict else { panic!("{verdict}") };
//! assert!(matches!(evidence[0], Evidence::Overwritten { version: 41, .. }));
//! # Ok::<(), hookstate_history::Error>(())
//! ```
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the rule is for core; this reads files and has a time limit"
)]

mod operation;

mod format;

mod error;
mod evidence;
mod limits;
mod verdict;

mod judge;

mod check;

pub use check::{check_file, open};
pub use error::Error;
pub use evidence::{Culprit, Evidence, Observer};
pub use format::{Line, Reader, Writer};
pub use judge::{Judgement, judge, judge_each};
pub use limits::Limits;
pub use operation::{Action, Final, Header, Model, Operation, Outcome, Token};
pub use verdict::Verdict;
