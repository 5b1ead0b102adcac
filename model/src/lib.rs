//! The proof that [`hookstate`] keeps its promise: its own code, not a copy, on a simulated kernel.
//!
//! In reading order: [`sim`] is the kernel, and its header says what may go wrong on it. [`process`]
//! is who runs on it. Two engines look for what can happen: [`search`] finds every state that the
//! processes can bring the kernel into, and [`explore`] runs them in every order that loom finds.
//! Both say how far they got, and [`trace`] shows what happened. [`oracle`] says what must hold in
//! the end, [`scenario`] puts strategy, processes and oracle together, and [`catalogue`] has the
//! scenarios by name. [`twin`] leaves single steps out of the shipping strategies and [`control`] has
//! whole programs that lose updates: the model must reject all of them. [`stores`] has what stands on
//! the strategies, with controls of its own. [`replay`] has real processes
//! do on the kernel of this machine what the model says.
//!
//! ```
//! use hookstate::strategy::Flock;
//! use hookstate_model::scenario::{Act, Before, Scenario};
//! use hookstate_model::search::Budget;
//!
//! let modify: &[Act] = &[Act::Modify];
//! let scenario = Scenario::new(Flock, Before::Changes(1), &[modify, modify]);
//! let report = scenario.search(Budget::kills(1));
//! assert!(report.is_complete(), "{report}");
//! assert!(scenario.check().is_complete()); // loom, without kills
//! ```

pub mod sim;

pub mod process;

mod erased;

pub mod explore;
pub mod search;
pub mod trace;

pub mod oracle;
pub mod scenario;
pub mod story;

pub mod catalogue;
pub mod twin;

pub mod control;

pub mod stores;

pub mod replay;
