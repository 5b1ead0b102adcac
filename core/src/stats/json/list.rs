//! Lists, of which those of numbers stay in one piece.
//!
//! A file has lists of hundreds of numbers, of which a change touches the first and the last. So the
//! characters of all of them are kept as they stand in the file, and a number is looked at when
//! somebody asks for it.

use super::write::{SEPARATOR, push_values};
use super::{Number, Value};
use std::borrow::Cow;

/// A list, in the order in which it was written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct List(Form);

#[derive(Clone, Debug, PartialEq)]
enum Form {
    Numbers(Numbers),
    // Invariant: one of them is no number.
    Mixed(Vec<Value>),
}

/// Numbers and nothing else.
#[derive(Clone, Debug, Default, PartialEq)]
struct Numbers {
    // Invariant: so many numbers, with a separator between each two.
    characters: String,
    count: usize,
}

impl List {
    /// The list of so many numbers that was written with these characters, of which the parser knows
    /// that they are nothing else.
    pub(super) fn verbatim(characters: &str, count: usize) -> Self {
        Self(Form::Numbers(Numbers {
            characters: characters.to_owned(),
            count,
        }))
    }

    /// How many values there are.
    pub(crate) fn len(&self) -> usize {
        match &self.0 {
            Form::Numbers(numbers) => numbers.count,
            Form::Mixed(values) => values.len(),
        }
    }

    /// The values behind the first `count`.
    pub(crate) fn behind(&self, count: usize) -> Box<dyn Iterator<Item = Cow<'_, Value>> + '_> {
        match &self.0 {
            Form::Numbers(numbers) => {
                let numbers = numbers.behind(count).map(Number::verbatim);
                Box::new(numbers.map(Value::Number).map(Cow::Owned))
            }
            Form::Mixed(values) => Box::new(values.iter().skip(count).map(Cow::Borrowed)),
        }
    }

    /// The values.
    pub(crate) fn iter(&self) -> Box<dyn Iterator<Item = Cow<'_, Value>> + '_> {
        self.behind(0)
    }

    /// The characters of each number, of a list that has nothing else.
    pub(crate) fn numbers(&self) -> Option<impl Iterator<Item = &str>> {
        match &self.0 {
            Form::Numbers(numbers) => Some(numbers.behind(0)),
            Form::Mixed(_) => None,
        }
    }

    /// As the first `count` values stand in the file, without brackets.
    pub(crate) fn characters(&self, count: usize) -> Cow<'_, [u8]> {
        match &self.0 {
            Form::Numbers(numbers) => Cow::Borrowed(numbers.first(count).as_bytes()),
            Form::Mixed(values) => {
                let mut bytes = Vec::new();
                push_values(&mut bytes, &values[..count.min(values.len())]);
                Cow::Owned(bytes)
            }
        }
    }

    /// As [`characters`](Self::characters) of all values.
    pub(super) fn push_to(&self, bytes: &mut Vec<u8>) {
        match &self.0 {
            Form::Numbers(numbers) => bytes.extend_from_slice(numbers.characters.as_bytes()),
            Form::Mixed(values) => push_values(bytes, values),
        }
    }

    /// Appends a value.
    pub(crate) fn push(&mut self, value: impl Into<Value>) {
        match (&mut self.0, value.into()) {
            (Form::Numbers(numbers), Value::Number(number)) => numbers.push(number.as_str()),
            (Form::Mixed(values), value) => values.push(value),
            (Form::Numbers(_), value) => {
                let numbers = self.iter().map(Cow::into_owned);
                let values = numbers.chain([value]).collect();
                self.0 = Form::Mixed(values);
            }
        }
    }

    /// Appends an integer.
    pub(crate) fn push_integer(&mut self, integer: impl itoa::Integer) {
        let mut buffer = itoa::Buffer::new();
        let characters = buffer.format(integer);
        match &mut self.0 {
            Form::Numbers(numbers) => numbers.push(characters),
            Form::Mixed(values) => values.push(Value::Number(Number::verbatim(characters))),
        }
    }

    /// Takes the first `count` values out.
    pub(crate) fn drop_first(&mut self, count: usize) {
        match &mut self.0 {
            Form::Numbers(numbers) => numbers.drop_first(count),
            Form::Mixed(values) => *self = values.drain(count.min(values.len())..).collect(),
        }
    }
}

impl Default for List {
    fn default() -> Self {
        Self(Form::Numbers(Numbers::default()))
    }
}

impl FromIterator<Value> for List {
    fn from_iter<I: IntoIterator<Item = Value>>(values: I) -> Self {
        let mut list = Self::default();
        for value in values {
            list.push(value);
        }
        list
    }
}

impl Numbers {
    fn behind(&self, count: usize) -> impl Iterator<Item = &str> {
        let mut rest = match count < self.count {
            true => &self.characters[self.end_of(count)..],
            false => "",
        };
        std::iter::from_fn(move || {
            // A few bytes, for which it does not pay to search for the whole separator.
            let end = rest
                .bytes()
                .position(|byte| byte == SEPARATOR.as_bytes()[0]);
            let number = &rest[..end.unwrap_or(rest.len())];
            rest = end.map_or("", |end| &rest[end + SEPARATOR.len()..]);
            (!number.is_empty()).then_some(number)
        })
    }

    fn first(&self, count: usize) -> &str {
        match count < self.count {
            true => self.characters[..self.end_of(count)].trim_end_matches(SEPARATOR),
            false => &self.characters,
        }
    }

    fn push(&mut self, number: &str) {
        if self.count > 0 {
            self.characters.push_str(SEPARATOR);
        }
        self.characters.push_str(number);
        self.count += 1;
    }

    fn drop_first(&mut self, count: usize) {
        if count < self.count {
            self.characters.drain(..self.end_of(count));
            self.count -= count;
        } else {
            *self = Self::default();
        }
    }

    /// Where the first `count` of more end, with the separator behind them. From that end of the list
    /// which is nearer.
    fn end_of(&self, count: usize) -> usize {
        let behind = self.count - count;
        let place = match (count, behind) {
            (0, _) => return 0,
            _ if count <= behind => self.characters.match_indices(SEPARATOR).nth(count - 1),
            _ => self.characters.rmatch_indices(SEPARATOR).nth(behind - 1),
        };
        place.map_or(self.characters.len(), |(at, _)| at + SEPARATOR.len())
    }
}

#[cfg(test)]
mod tests {
    use super::{Form, List};
    use crate::stats::json::{Text, Value, parse, write};
    use proptest::prelude::*;

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            9 => any::<f64>().prop_map(Value::from),
            9 => any::<u64>().prop_map(Value::from),
            1 => ", ?\"?".prop_map(|text| Value::Text(Text::new(&text))),
            1 => Just(Value::Null),
        ]
    }

    fn told(list: &List) -> Vec<Value> {
        list.iter().map(|value| value.into_owned()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// The list of values that is changed value by value is the oracle.
        #[test]
        fn it_is_the_list_of_its_values_whatever_is_done_to_it(
            mut values in prop::collection::vec(value(), 0..20),
            more in prop::collection::vec(value(), 0..4),
            out in 0_usize..25,
            place in 0_usize..25,
        ) {
            let mut list: List = values.iter().cloned().collect();
            values.extend(more.iter().cloned());
            more.into_iter().for_each(|value| list.push(value));
            let out = out.min(values.len());
            values.drain(..out);
            list.drop_first(out);
            prop_assert_eq!(list.len(), values.len());
            prop_assert_eq!(told(&list), values.clone());
            let behind: Vec<Value> = list.behind(place).map(|value| value.into_owned()).collect();
            prop_assert_eq!(&behind[..], values.get(place..).unwrap_or_default());
            let first: List = values.iter().take(place).cloned().collect();
            let characters = [b"[", &*list.characters(place), b"]"].concat();
            prop_assert_eq!(characters, write(&Value::List(first)));
            let again = parse(&write(&Value::List(list.clone())));
            prop_assert_eq!(again, Ok(Value::List(list)));
        }
    }

    #[test]
    fn numbers_are_kept_in_one_piece_and_again_once_what_was_none_is_gone() {
        let parsed = |text: &str| match parse(text.as_bytes()) {
            Ok(Value::List(list)) => list,
            other => panic!("{other:?}"),
        };
        let is_in_one_piece = |list: &List| matches!(list.0, Form::Numbers(_));
        assert!(is_in_one_piece(&parsed("[ 1,2.5 ,NaN]")));
        assert!(is_in_one_piece(&parsed("[]")));
        let mut mixed = parsed("[1, null, 2]");
        assert!(!is_in_one_piece(&mixed));
        mixed.drop_first(2);
        assert!(is_in_one_piece(&mixed));
    }
}
