//! JSON as it stands, in the form in which Python's `json` module writes it.
//!
//! The statistics file belongs to others too. What they wrote and we do not change has to come out
//! as it went in: `1.0` and not `1`, `NaN`, an integer of thirty digits, a string with half of a
//! surrogate pair, the order of the keys. `serde_json` reads none of the last four unless features
//! are turned on that every program which builds with this crate would get as well. So there is a
//! value type of our own: [`Value`], made of [`Number`], [`Text`], [`List`] and [`Object`], with [`parse`] and
//! [`write`].

mod chars;
mod list;
mod number;
mod object;
mod parse;
mod serde;
mod text;
mod write;

pub(crate) use list::List;
pub(crate) use number::Number;
pub(crate) use object::Object;
pub(crate) use parse::parse;
pub(crate) use text::Text;
pub(crate) use write::{write, write_object};

/// One JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, with the characters that it was written with.
    Number(Number),
    /// A string.
    Text(Text),
    /// A list.
    List(List),
    /// An object.
    Object(Object),
}

impl Value {
    /// The count that this is, as far as it is one: see [`Number::count`]. Anything else counts as
    /// zero.
    pub(crate) fn count(&self) -> u64 {
        match self {
            Self::Number(number) => number.count(),
            _ => 0,
        }
    }

    /// The finite number that this is, if it is one.
    pub(crate) fn finite(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(number.value()).filter(|value| value.is_finite()),
            _ => None,
        }
    }

    /// The list that this is, if it is one.
    pub(crate) fn as_list(&self) -> Option<&List> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }

    /// The object that this is, if it is one.
    pub(crate) fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }
}

impl From<u64> for Value {
    fn from(count: u64) -> Self {
        Self::Number(Number::from_count(count))
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Number(Number::from_f64(value))
    }
}

impl From<List> for Value {
    fn from(list: List) -> Self {
        Self::List(list)
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(object)
    }
}
