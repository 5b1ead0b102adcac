//! The lines of a history: JSON that anybody may write, and the form in which we write it.
//!
//! In reading order: [`words`] has the keys that a line may have, [`meaning`] what they come to,
//! [`scan`] the shortcut for lines in our own form, and on them stand the [`Reader`] and the
//! [`Writer`].

mod words;

mod meaning;

mod scan;

mod reader;
mod writer;

pub use meaning::Line;
pub(crate) use reader::Place;
pub use reader::Reader;
pub use writer::Writer;

#[cfg(test)]
mod tests;
