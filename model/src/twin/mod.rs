//! The shipping strategies without one of their steps: what the model must reject.
//!
//! A twin is the very code that ships, over a kernel with something in between that leaves the step
//! out. Where leaving out or replacing a call is enough, that is a
//! [`Watcher`](hookstate::kernel::Watcher), which works over the real kernel too; where an answer
//! must be invented, it is a [`Door`](crate::sim::Door) to the simulated one.
//!
//! A [`Control`] is a twin together with the processes among which it must be rejected, and the
//! verdict. The numbered steps of all protocols are read out of the comments of the sources while
//! this crate is built, and make the enumeration [`Step`]; [`Step::controls`] has to name a control
//! for each of them, or it does not compile.

mod step;

mod control;
mod through;

mod append_log;
mod damage;
mod flock;
mod journal;
mod lock;
mod power;
mod refusal;
mod removal;
mod rename;

pub use append_log::{
    CompactsInPlace, ContinuesShortWrites, IgnoresShortWrites, LeavesTheOldLog, NeverCompacts,
    PublishesUnlocked, WithoutLeadingNewline,
};
pub use control::{Control, Loom, all, named};
pub use damage::KeepsNoCopy;
pub use flock::{
    FileSizeLimit, KeepsTheJournal, TruncatesFirst, WithoutLengthening, WithoutPadding,
    WritesInPieces,
};
pub use journal::{
    NeverCutsOff, NeverMakesTheJournal, NeverPlaces, TakesPeersForDamage, Unwritten,
    WithoutRecovery,
};
pub use lock::{
    ChecksThenCreates, GivesUpAtOnce, KeepsTheLock, ReliesOnClose, SharesTheLock,
    TrustsAnyFileSystem, WaitsForEver, WithoutLock, WithoutRecheck,
};
pub use power::{NeverWritesAgain, WithoutSync};
pub use refusal::RefusesNothing;
pub use removal::{LeavesFiles, RemovesBeforeHandingOut, RemovesTheLockFirst};
pub use rename::{IgnoresTheSpare, NeverExchanges, RemovesThenRenames, WritesIntoTheSpare};
pub use step::{Source, Step};
pub use through::Through;
