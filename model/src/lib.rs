//! The proof that [`hookstate`] keeps its promise: its own code, not a copy, on a simulated kernel.
//!
//! In reading order: [`sim`] is the kernel, and its header says what may go wrong on it.
//! [`explore`] runs processes there in every order of their calls that loom finds, and says how far
//! it got; [`trace`] shows what happened. [`oracle`] says what must hold in the end, and
//! [`scenario`] puts strategy, processes, kills and oracle together. [`twin`] leaves single steps
//! out of the shipping strategies and [`control`] has whole programs that lose updates: the model
//! must reject all of them. [`replay`] has real processes do on the kernel of this machine what the
//! model says.
//!
//! ```
//! use hookstate::strategy::Flock;
//! use hookstate_model::scenario::{Act, Before, Scenario};
//!
//! let modify: &[Act] = &[Act::Modify];
//! let report = Scenario::new(Flock, Before::Changes(1), &[modify, modify]).check();
//! assert!(report.is_complete(), "{report}");
//! ```

pub mod sim;

pub mod process;

pub mod explore;
pub mod search;
pub mod trace;

pub mod oracle;
pub mod scenario;

pub mod catalogue;
pub mod twin;

pub mod control;

pub mod replay;
